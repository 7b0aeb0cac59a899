#include <cli/psql.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <system_error>

#include <unistd.h>

#include <cli/problem.hpp>
#include <tusk/embedded/binaries.hpp>

namespace tusk::cli {

namespace fs = std::filesystem;

namespace {

bool is_program(const fs::path& file) {
    std::error_code ignored;
    return fs::is_regular_file(file, ignored) && ::access(file.c_str(), X_OK) == 0;
}

fs::path programs_of(const embedded::detached_server& server) {
    const auto found =
        embedded::find_binaries(embedded::find_options{}.version(std::atoi(server.version.c_str())));
    return found ? found->bin_dir : fs::path{};
}

problem no_psql(const embedded::detached_server& server) {
    return {failure{errc::environment, "there is no psql, neither beside the server's programs nor in PATH"},
            "`apt-get install postgresql-client`, or connect another client to " + server.url};
}

} // namespace

std::optional<fs::path> find_program(const std::string& name, const fs::path& first,
                                     const environment& variables) {
    if (!first.empty() && is_program(first / name)) return first / name;
    const auto list = variables.variable("PATH").value_or("");
    for (std::size_t at = 0; at < list.size();) {
        const auto end = std::min(list.find(':', at), list.size());
        const auto file = fs::path{list.substr(at, end - at)} / name;
        if (end > at && is_program(file)) return file;
        at = end + 1;
    }
    return std::nullopt;
}

void become_psql(const embedded::detached_server& server, const std::vector<std::string>& arguments,
                 output& to, const environment& variables) {
    const auto program = find_program("psql", programs_of(server), variables);
    if (!program) throw no_psql(server);
    std::vector<std::string> line{"psql", "--dbname=" + server.url};
    line.insert(line.end(), arguments.begin(), arguments.end());
    std::vector<char*> pointers;
    for (auto& word : line) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    // A URL without a port means PGPORT, which may be set for another server.
    ::setenv("PGPORT", std::to_string(server.port).c_str(), 1);
    to.finish();
    ::execv(program->c_str(), pointers.data());
    const auto reason = std::error_code{errno, std::generic_category()}.message();
    throw problem{failure{errc::environment, "cannot run " + program->string() + ": " + reason},
                  "see whether that file is a program of this machine"};
}

} // namespace tusk::cli
