#pragma once

#include <tusk/core/error.hpp>

namespace tusk::cli {

/// What the program's status tells a script.
enum class exit_code : int {
    ok = 0,
    failure = 1,
    usage = 2,      ///< The command line makes no sense.
    found = 3,      ///< A check found what it looked for: drift, pending migrations.
    connection = 4, ///< The server cannot be reached, or does not let us in.
    interrupted = 130,
};

/// The status for an error that ends the program.
exit_code exit_code_of(const failure& cause) noexcept;

} // namespace tusk::cli
