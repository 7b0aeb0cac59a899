#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

namespace e2e {

/// A program started by a test and ended with it; its output goes into a file.
class child {
public:
    child(std::vector<std::string> command, std::filesystem::path output);
    child(const child&) = delete;
    child& operator=(const child&) = delete;
    ~child();

    bool is_running();
    /// Sends SIGTERM and waits; the exit status, or -1 when it had to be killed.
    int terminate(std::chrono::seconds limit = std::chrono::seconds{35});
    std::string output() const;
    /// Waits until the output has `text`; false when the program ended or the time passed.
    bool wait_for_output(const std::string& text, std::chrono::seconds limit = std::chrono::seconds{30});

private:
    std::filesystem::path output_;
    pid_t pid_ = -1;
    int status_ = -1;
};

/// An answer of an HTTP server; status 0 when there was none.
struct answer {
    int status = 0;
    std::string head;
    std::string body;
};

/// One request on a connection of its own, to 127.0.0.1.
answer request(std::uint16_t port, const std::string& method, const std::string& target,
               const std::string& body = "");

/// A free port of 127.0.0.1, for programs that cannot pick one themselves.
std::uint16_t free_port();

} // namespace e2e
