#pragma once

#include <string>
#include <vector>

#include <cli/exit_code.hpp>
#include <cli/output.hpp>
#include <tusk/net/conninfo_environment.hpp>

namespace tusk::cli {

/// The whole program but for its process: reads the arguments (without the program's name), does what they
/// say, and returns the status. Never throws.
exit_code run(const std::vector<std::string>& arguments, const streams& to,
              const environment& variables) noexcept;

} // namespace tusk::cli
