#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

/// The C++ that documentation pages show, and where it is compiled.
namespace docs_test {

/// A text's lines without indentation, blanks doubled and empty lines: what is left is compared.
std::vector<std::string> lines_of(std::string_view text);

/// One ```cpp block of a page.
struct snippet {
    std::size_t line = 0; ///< Of its first fence, from 1.
    std::vector<std::string> includes;
    std::vector<std::string> lines; ///< What follows the includes.
};
/// Throws `std::runtime_error` when a block does not end.
std::vector<snippet> snippets_of(std::string_view page);

/// The lines of a source hold the snippet's as they follow each other, and its includes anywhere.
bool shows(const std::vector<std::string>& source, const snippet& what);

/// All files below a directory with one of the extensions (".cpp"), sorted.
std::vector<std::filesystem::path> files_below(const std::filesystem::path& directory,
                                               const std::vector<std::string>& extensions);
/// Throws `std::runtime_error` when it cannot be read.
std::string contents(const std::filesystem::path& file);

} // namespace docs_test
