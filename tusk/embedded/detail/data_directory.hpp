#pragma once

#include <filesystem>
#include <optional>

#include <sys/types.h>

#include <tusk/core/error.hpp>
#include <tusk/embedded/binaries.hpp>
#include <tusk/embedded/detail/golden.hpp>
#include <tusk/embedded/detail/identity.hpp>

namespace tusk::embedded::detail {

/// The major version that made the data directory (its PG_VERSION); nothing when it is none.
std::optional<int> major_of(const std::filesystem::path& data_dir);

/// The pid in postmaster.pid when a server with that pid is running.
std::optional<pid_t> running_postmaster(const std::filesystem::path& data_dir);

/// The programs for a persistent directory: its own major version unless another one is `wanted`, which is
/// refused.
result<binaries> programs_for(const std::filesystem::path& data_dir, const find_options& wanted);

/// Makes a persistent directory ready for a server: a copy of the golden one when it is absent or empty;
/// refused when it holds something else, when `who` cannot reach it, or when a server runs on it. With
/// `durable` a new directory is on disk at the return.
failure prepare_persistent(const std::filesystem::path& data_dir, const identity& who, const golden& source,
                           bool durable);

} // namespace tusk::embedded::detail
