#pragma once

#include <span>
#include <string_view>

namespace tusk::alerthist {

/// A file of the console, compiled in.
struct console_file {
    std::string_view path; ///< Below `/`: "index.html", "assets/console-….js".
    std::string_view content;
    std::string_view gzipped; ///< The same compressed; empty where that saves nothing.
};

/// All files of `console/dist`. They live as long as the program. `console/embed.cmake` makes the source.
std::span<const console_file> console_files() noexcept;

} // namespace tusk::alerthist
