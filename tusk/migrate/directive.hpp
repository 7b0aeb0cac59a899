#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tusk::migrate {

/// `-- atlas:name arguments`, or the same with `tusk:`.
struct directive {
    std::string name;
    std::string arguments; ///< Trimmed; empty when there are none.

    friend bool operator==(const directive&, const directive&) = default;
};

/// Those in a comment (`-- …` or `/* … */`), one a line.
std::vector<directive> directives_in(std::string_view comment);

/// Those of a whole file: in `--` lines from column 0 above the first statement, with an empty line between.
/// In a file of comments alone all count, and in the first line they count always.
std::vector<directive> file_directives(std::string_view content);

/// The arguments of the directive of that name on the first line in Atlas's spelling, which decides for the
/// sum file; null when there is none. `found` tells whether there is one.
std::string_view first_line_directive(std::string_view content, std::string_view name, bool& found);

} // namespace tusk::migrate
