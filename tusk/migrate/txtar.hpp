#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tusk::migrate {

/// A file inside an archive of text files: `-- name --` on a line of its own, and what follows it.
/// Source: golang.org/x/tools/txtar.
struct archived_file {
    std::string name;
    std::string_view content; ///< A part of the archive's text.
    std::size_t offset = 0;   ///< Of the content in the archive, in bytes.
};

std::vector<archived_file> archived_files(std::string_view archive);

} // namespace tusk::migrate
