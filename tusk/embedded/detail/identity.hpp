#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include <tusk/core/error.hpp>

namespace tusk::embedded::detail {

/// The account a server program runs under. PostgreSQL refuses to run as root, so a process of root hands its
/// children to another account; everybody else keeps their own.
struct identity {
    uid_t uid = 0;
    gid_t gid = 0;
    std::vector<gid_t> groups; ///< Supplementary groups; used only when `switches`.
    std::string name;          ///< "postgres", or "uid 1000" when the account has no name.
    bool switches = false;     ///< The children have to change to it.
};

/// The account of this process.
identity own_identity();

/// The account for a server: our own, or for root the owner of `data_dir` when that exists and is not root's,
/// else `postgres`, else `nobody`.
result<identity> server_identity(const std::filesystem::path& data_dir = {});

/// Changes this process to `who`. For the child between fork and exec: async-signal-safe. Returns an errno or
/// 0.
int assume_identity(const identity& who) noexcept;

/// The first directory on the way to `path` that `who` may not pass through; nothing when all are open.
std::optional<std::filesystem::path> first_closed_parent(const std::filesystem::path& path,
                                                         const identity& who);

/// Gives the file to `who` when the children switch to that account.
failure give_to(const std::filesystem::path& path, const identity& who);

} // namespace tusk::embedded::detail
