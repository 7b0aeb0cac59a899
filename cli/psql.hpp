#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <cli/output.hpp>
#include <tusk/embedded/detached.hpp>
#include <tusk/net/conninfo_environment.hpp>

namespace tusk::cli {

/// An executable `name` in `first`, else in the directories of $PATH.
std::optional<std::filesystem::path> find_program(const std::string& name, const std::filesystem::path& first,
                                                  const environment& variables);

/// Becomes psql, connected to the server: that of the server's programs, else that of $PATH. Throws `problem`
/// when there is none.
[[noreturn]] void become_psql(const embedded::detached_server& server,
                              const std::vector<std::string>& arguments, output& to,
                              const environment& variables);

} // namespace tusk::cli
