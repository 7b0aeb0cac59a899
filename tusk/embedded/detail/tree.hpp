#pragma once

#include <cstdint>
#include <filesystem>

#include <tusk/core/error.hpp>
#include <tusk/embedded/detail/identity.hpp>

namespace tusk::embedded::detail {

/// What a directory tree holds.
struct tree_size {
    std::uint64_t files = 0; ///< Files and directories, without the root.
    std::uint64_t bytes = 0; ///< Of the files.
    friend bool operator==(const tree_size&, const tree_size&) noexcept = default;
};

/// Counts a tree.
result<tree_size> measure_tree(const std::filesystem::path& root);

/// Copies the content of `from` into `to`, which is created or has to be empty; modes are kept, the copy
/// belongs to `owner`. A file named PG_VERSION in the root comes last: a copy that was interrupted is no data
/// directory.
result<tree_size> copy_tree(const std::filesystem::path& from, const std::filesystem::path& to,
                            const identity& owner);

/// Removes the tree without following symbolic links. Async-signal-safe, so that a forked child may call it.
/// Returns an errno, 0 also when there was nothing.
int remove_tree(const char* path) noexcept;
inline int remove_tree(const std::filesystem::path& path) noexcept { return remove_tree(path.c_str()); }

/// Removes what is in the directory and keeps the directory.
int clear_directory(const char* path) noexcept;

} // namespace tusk::embedded::detail
