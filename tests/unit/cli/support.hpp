#pragma once

#include <sstream>
#include <string>
#include <vector>

#include <cli/app.hpp>

namespace tusk::cli::test {

/// What a command line printed, and its status.
struct outcome {
    exit_code status;
    std::string out;
    std::string err;
};

/// Runs a command line in an empty environment, without terminals.
inline outcome run(const std::vector<std::string>& arguments, const environment& variables = {}) {
    std::ostringstream out;
    std::ostringstream err;
    const auto status = cli::run(arguments, {out, err}, variables);
    return {status, out.str(), err.str()};
}

inline bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

} // namespace tusk::cli::test
