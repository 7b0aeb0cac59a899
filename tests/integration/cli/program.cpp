#include "program.hpp"

#include <array>
#include <cstdlib>
#include <stdexcept>

#include <boost/json/parse.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tusk::cli::test {

namespace {

class pipe_pair {
public:
    pipe_pair() {
        if (::pipe2(ends_.data(), O_CLOEXEC) != 0) throw std::runtime_error{"pipe2"};
    }
    ~pipe_pair() {
        for (const int end : ends_)
            if (end >= 0) ::close(end);
    }
    pipe_pair(const pipe_pair&) = delete;
    pipe_pair& operator=(const pipe_pair&) = delete;

    int reader() const { return ends_[0]; }
    int writer() const { return ends_[1]; }
    void close_writer() {
        ::close(ends_[1]);
        ends_[1] = -1;
    }

private:
    std::array<int, 2> ends_{-1, -1};
};

/// Reads both until their ends.
void read_all(int first, std::string& first_text, int second, std::string& second_text) {
    std::array<pollfd, 2> waits{pollfd{first, POLLIN, 0}, pollfd{second, POLLIN, 0}};
    while (waits[0].fd >= 0 || waits[1].fd >= 0) {
        if (::poll(waits.data(), waits.size(), -1) < 0) continue;
        for (std::size_t i = 0; i < waits.size(); ++i) {
            if (waits[i].fd < 0 || waits[i].revents == 0) continue;
            std::array<char, 4096> buffer;
            const auto n = ::read(waits[i].fd, buffer.data(), buffer.size());
            if (n <= 0)
                waits[i].fd = -1;
            else
                (i == 0 ? first_text : second_text).append(buffer.data(), static_cast<std::size_t>(n));
        }
    }
}

} // namespace

outcome run_program(const std::vector<std::string>& line,
                    const std::map<std::string, std::string>& variables) {
    pipe_pair out;
    pipe_pair err;
    const pid_t child = ::fork();
    if (child == 0) {
        ::dup2(out.writer(), STDOUT_FILENO);
        ::dup2(err.writer(), STDERR_FILENO);
        for (const auto& [name, value] : variables) ::setenv(name.c_str(), value.c_str(), 1);
        std::vector<char*> pointers;
        for (const auto& word : line) pointers.push_back(const_cast<char*>(word.c_str()));
        pointers.push_back(nullptr);
        ::execv(pointers.front(), pointers.data());
        ::_exit(127);
    }
    out.close_writer();
    err.close_writer();
    outcome done;
    read_all(out.reader(), done.out, err.reader(), done.err);
    int status = 0;
    if (::waitpid(child, &status, 0) != child) throw std::runtime_error{"waitpid"};
    done.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return done;
}

boost::json::object object_in(const std::string& text) {
    if (text.find('\n') != text.size() - 1) throw std::runtime_error{"not one line: " + text};
    return boost::json::parse(text).as_object();
}

} // namespace tusk::cli::test
