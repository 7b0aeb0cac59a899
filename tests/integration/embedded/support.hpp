#pragma once

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tests/temporary_directory.hpp>
#include <tusk/embedded/detail/admin_session.hpp>
#include <tusk/embedded/detail/places.hpp>
#include <tusk/embedded/detail/process.hpp>
#include <tusk/embedded/detail/tree.hpp>
#include <tusk/embedded/server.hpp>

namespace tusk::embedded::test {

namespace fs = std::filesystem;

inline deadline soon() { return deadline::in(std::chrono::seconds{30}); }

/// In memory, if possible: the durable servers of the tests flush a lot.
class temporary_directory : public tests::temporary_directory {
public:
    temporary_directory()
        : tests::temporary_directory{detail::scratch_base({}, detail::server_identity().value()).value()} {}
};

/// Sets an environment variable until the end of the scope.
class scoped_variable {
public:
    scoped_variable(const char* name, const std::string& value) : name_{name} {
        if (const char* before = std::getenv(name)) before_ = before;
        ::setenv(name, value.c_str(), 1);
    }
    ~scoped_variable() {
        if (before_)
            ::setenv(name_, before_->c_str(), 1);
        else
            ::unsetenv(name_);
    }
    scoped_variable(const scoped_variable&) = delete;
    scoped_variable& operator=(const scoped_variable&) = delete;

private:
    const char* name_;
    std::optional<std::string> before_;
};

/// The first value of a query, or the error as "error: …".
inline std::string ask(const fs::path& socket_dir, std::uint16_t port, const std::string& sql,
                       const std::string& user = "postgres", const std::string& database = "postgres") {
    auto session =
        detail::admin_session::open(detail::socket_file(socket_dir, port), 0, user, database, soon());
    if (!session) return "error: " + session.error().message();
    const auto rows = session->query(sql, soon());
    if (!rows) return "error: " + rows.error().message();
    return rows->empty() ? "" : rows->front();
}
inline std::string ask(const server& of, const std::string& sql) {
    return ask(of.socket_dir(), of.port(), sql);
}

/// Starts a server; the test fails with the reason when that is impossible.
inline server started(const server_options& options = server_options{}) {
    auto made = server::start(options);
    if (!made) throw std::runtime_error{made.error().message()};
    return std::move(*made);
}

/// A process by pid and start time: its pid may be used again, this never.
struct process {
    pid_t pid = 0;
    std::uint64_t start_time = 0;

    static process of(pid_t pid) { return {pid, detail::process_start_time(pid).value_or(0)}; }
    bool is_alive() const { return start_time != 0 && detail::process_start_time(pid) == start_time; }
    bool ends_soon() const { return detail::wait_until_gone(pid, start_time, soon()); }
};

/// The keeper of a server is the parent of its postmaster.
inline process keeper_of(pid_t postmaster) {
    const auto stat = detail::read_file("/proc/" + std::to_string(postmaster) + "/stat").value_or("");
    const auto after_name = stat.rfind(')');
    if (after_name == std::string::npos) return {};
    return process::of(std::atoi(stat.c_str() + after_name + 4));
}

/// The creators (pids) of the System V segments of this machine, without those that go with their last user.
inline std::vector<pid_t> segment_creators() {
    constexpr unsigned going = 01000; // SHM_DEST
    std::vector<pid_t> creators;
    std::istringstream table{detail::read_file("/proc/sysvipc/shm", std::size_t{1} << 20).value_or("")};
    for (std::string line; std::getline(table, line);) {
        std::istringstream fields{line};
        std::string key, id, size;
        unsigned mode = 0;
        pid_t creator = 0;
        if (fields >> key >> id >> std::oct >> mode >> size >> std::dec >> creator && (mode & going) == 0)
            creators.push_back(creator);
    }
    return creators;
}

} // namespace tusk::embedded::test
