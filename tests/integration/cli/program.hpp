#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <boost/json/value.hpp>

#include <tests/temporary_directory.hpp>

namespace tusk::cli::test {

namespace fs = std::filesystem;

/// How a program ended and what it printed.
struct outcome {
    int status = -1; ///< As a shell says it: 128 and the number of the signal that ended it.
    std::string out;
    std::string err;
};

/// Runs a program and waits until it has ended and nobody writes to its output any more, as `$(…)` of a shell
/// does. `variables` are set over those of this process.
outcome run_program(const std::vector<std::string>& line,
                    const std::map<std::string, std::string>& variables);

/// The one JSON object in one line that was printed.
boost::json::object object_in(const std::string& text);

using tests::temporary_directory;

} // namespace tusk::cli::test
