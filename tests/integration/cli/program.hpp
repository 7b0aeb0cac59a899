#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <boost/json/value.hpp>

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

/// A directory that every account can enter, removed at the end.
class temporary_directory {
public:
    temporary_directory();
    ~temporary_directory();
    temporary_directory(const temporary_directory&) = delete;
    temporary_directory& operator=(const temporary_directory&) = delete;

    const fs::path& path() const { return path_; }

private:
    fs::path path_;
};

} // namespace tusk::cli::test
