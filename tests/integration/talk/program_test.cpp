#include <csignal>
#include <filesystem>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.hpp"

namespace program_test {

using namespace talk_test;
namespace fs = std::filesystem;

/// The program as a child process; what it writes is collected.
class program {
public:
    explicit program(std::vector<std::string> arguments) {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error{"pipe"};
        arguments.insert(arguments.begin(), TALK_PROGRAM);
        std::vector<char*> argv;
        for (auto& one : arguments) argv.push_back(one.data());
        argv.push_back(nullptr);
        pid_ = ::fork();
        if (pid_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL); // a test that is killed leaves nothing behind
            ::dup2(ends[1], STDOUT_FILENO);
            ::dup2(ends[1], STDERR_FILENO);
            ::execv(argv[0], argv.data());
            ::_exit(127);
        }
        ::close(ends[1]);
        output_ = ends[0];
    }
    ~program() {
        if (!ended_) {
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);
        }
        ::close(output_);
    }
    program(const program&) = delete;
    program& operator=(const program&) = delete;

    void signal(int number) const { ::kill(pid_, number); }

    /// Reads until `what` was written; false when the output ends or a minute passes before.
    bool writes(const std::string& what) {
        while (text.find(what) == std::string::npos)
            if (!read_more()) return false;
        return true;
    }
    /// The exit status; -1 for a signal.
    int wait() {
        while (read_more()) {
        }
        int status = 0;
        ::waitpid(pid_, &status, 0);
        ended_ = true;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }
    std::string text;

private:
    bool read_more() {
        pollfd entry{output_, POLLIN, 0};
        if (::poll(&entry, 1, 60'000) != 1) return false;
        char buffer[4096];
        const auto size = ::read(output_, buffer, sizeof buffer);
        if (size > 0) text.append(buffer, static_cast<std::size_t>(size));
        return size > 0;
    }
    pid_t pid_;
    int output_;
    bool ended_ = false;
};

/// A directory that goes with the object.
class home_folder {
public:
    home_folder() {
        std::string name = (fs::temp_directory_path() / "talk-XXXXXX").string();
        if (!::mkdtemp(name.data())) throw std::runtime_error{"mkdtemp"};
        path = name;
        fs::permissions(path, fs::perms{0711}); // root's server runs under another account
    }
    ~home_folder() { fs::remove_all(path); }
    home_folder(const home_folder&) = delete;
    home_folder& operator=(const home_folder&) = delete;
    fs::path path;
};

unsigned status_of(const std::string& method, const std::string& url, const std::string& body = {}) {
    asio::io_context context;
    const tusk::http::client client{context.get_executor()};
    tusk::http::client_request ask{method, url};
    if (!body.empty()) ask.body(body, "application/json");
    auto done = asio::co_spawn(context, client.send(ask), asio::use_future);
    context.run();
    return done.get().status();
}

TEST(program, runs_on_a_database_of_its_own_and_keeps_it) {
    const home_folder home;
    for (const unsigned expected : {404u, 200u}) {
        program talk{
            {"--listen", "127.0.0.1:0", "--database-url", "embedded://" + (home.path / "data").string()}};
        ASSERT_TRUE(talk.writes("/users\n")) << talk.text;
        const auto start = talk.text.find("listening on ") + 13;
        const auto url = "http://" + talk.text.substr(start, talk.text.find('\n', start) - start);
        ASSERT_TRUE(eventually([&] { return status_of("GET", url + "/readyz") == 200; })) << talk.text;
        EXPECT_EQ(status_of("GET", url + "/users/1"), expected);
        if (expected == 404) {
            EXPECT_EQ(status_of("POST", url + "/users", R"({"email":"ann@example.org","name":"Ann"})"), 201u);
        }
        talk.signal(SIGTERM);
        EXPECT_EQ(talk.wait(), 0) << talk.text;
        EXPECT_NE(talk.text.find("msg=stopped"), std::string::npos) << talk.text;
    }
}

TEST(program, checks_its_settings) {
    program shown{{"--check-config", "--database-url", "postgres://ann:secret@db/x"}};
    EXPECT_EQ(shown.wait(), 0);
    EXPECT_NE(shown.text.find("server.listen: 127.0.0.1:8000\n"), std::string::npos) << shown.text;
    EXPECT_EQ(shown.text.find("secret"), std::string::npos);
    program wrong{{"--listen", "nowhere"}};
    EXPECT_EQ(wrong.wait(), 2);
    EXPECT_NE(wrong.text.find("--listen: \"nowhere\""), std::string::npos) << wrong.text;
    program unknown{{"--lisen", ":1"}};
    EXPECT_EQ(unknown.wait(), 2);
}

} // namespace program_test
