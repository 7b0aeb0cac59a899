#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <tusk/core/error.hpp>

namespace tusk::migrate {

/// These change a migration directory on disk and write its sum anew. `url` is a path or `file://…`. They
/// refuse a directory whose sum does not belong to its files, so that nobody's edit is signed by accident.

/// A new file with the time as its version (or the second after the latest one), and its path. Makes the
/// directory when it is not there. `name` becomes the description: what is neither a letter nor a digit
/// becomes "_". `down`, when it is not empty, is its way back.
result<std::filesystem::path> new_file(std::string_view url, std::string_view name,
                                       std::string_view content = {}, std::string_view down = {});

/// Removes the file of a version (empty: the last one) and its way back; answers its name.
result<std::string> remove_file(std::string_view url, std::string_view version);

/// Gives files new versions behind all others, in the order given, and their ways back with them; answers the
/// new names. Files are named by version or by name.
result<std::vector<std::string>> rebase_files(std::string_view url, const std::vector<std::string>& files);

} // namespace tusk::migrate
