#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tests/temporary_directory.hpp>

#include "support.hpp"

namespace program_test {

using namespace alerthist_test;
namespace fs = std::filesystem;

/// The program as a child process; what it writes to both of its outputs is collected.
class program {
public:
    explicit program(std::vector<std::string> arguments) {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error{"pipe"};
        arguments.insert(arguments.begin(), ALERTHIST_PROGRAM);
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

    const std::string& output() const { return text_; }
    void signal(int number) const { ::kill(pid_, number); }

    /// Reads until `what` was written; false when the output ends or thirty seconds pass before.
    bool writes(const std::string& what) {
        while (text_.find(what) == std::string::npos)
            if (!read_more()) return false;
        return true;
    }
    /// The port of "listening on 127.0.0.1:PORT"; 0 when it does not come.
    std::uint16_t port() {
        const std::string before = "listening on 127.0.0.1:";
        if (!writes("/webhook -d")) return 0;
        return static_cast<std::uint16_t>(std::atoi(text_.c_str() + text_.find(before) + before.size()));
    }
    /// The exit status; 128 + its number after a signal.
    int ends() {
        while (read_more()) {
        }
        int status = 0;
        ::waitpid(pid_, &status, 0);
        ended_ = true;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }

private:
    bool read_more() {
        pollfd one{output_, POLLIN, 0};
        char buffer[4096];
        if (::poll(&one, 1, 30'000) <= 0) return false;
        const auto n = ::read(output_, buffer, sizeof buffer);
        if (n > 0) text_.append(buffer, static_cast<std::size_t>(n));
        return n > 0;
    }

    pid_t pid_ = 0;
    int output_ = -1;
    std::string text_;
    bool ended_ = false;
};

std::vector<std::string> serving(const std::string& url) {
    return {"--listen", "127.0.0.1:0", "--database-url", url};
}

bool becomes_ready(std::uint16_t port) {
    return eventually([&] { return get(port, "/readyz").status == 200; });
}

/// In memory where possible: a durable server flushes a lot.
class temporary_directory : public tests::temporary_directory {
public:
    temporary_directory()
        : tests::temporary_directory{fs::exists("/dev/shm") ? fs::path{"/dev/shm"}
                                                            : fs::temp_directory_path()} {}
};

TEST(alerthist_program, explains_itself) {
    program help{{"--help"}};
    EXPECT_EQ(help.ends(), 0);
    for (const std::string flag :
         {"--config", "--listen", "--database-url", "--check-config", "--version", "embedded://"})
        EXPECT_NE(help.output().find(flag), std::string::npos) << flag;
    program version{{"--version"}};
    EXPECT_EQ(version.ends(), 0);
    EXPECT_EQ(version.output().substr(0, 10), "alerthist ");
    program wrong{{"--lisen", "x"}};
    EXPECT_EQ(wrong.ends(), 2);
    program extra{{"serve"}};
    EXPECT_EQ(extra.ends(), 2);
}

TEST(alerthist_program, checks_its_configuration) {
    const temporary_directory dir;
    const auto file = (dir / "c.yaml").string();
    std::ofstream{file} << "log: {level: debug}\ndatabase: {password: hunter2}\n";
    program good{{"--check-config", "--config", file}};
    EXPECT_EQ(good.ends(), 0);
    EXPECT_NE(good.output().find("log.level: debug\n"), std::string::npos) << good.output();
    EXPECT_EQ(good.output().find("hunter2"), std::string::npos);
    std::ofstream{file} << "log: {levle: debug}\nserver: {listen: x}\n";
    program bad{{"--config", file}};
    EXPECT_EQ(bad.ends(), 2);
    EXPECT_NE(bad.output().find(":1: log.levle: unknown key; did you mean \"level\"?\n"), std::string::npos)
        << bad.output();
    EXPECT_NE(bad.output().find(":2: server.listen: \"x\": "), std::string::npos) << bad.output();
    program missing{{"--config", (dir / "none.yaml").string()}};
    EXPECT_EQ(missing.ends(), 2);
}

TEST(alerthist_program, tells_why_it_cannot_listen) {
    program first{serving(new_database())};
    const auto port = first.port();
    ASSERT_NE(port, 0) << first.output();
    program second{{"--listen", "127.0.0.1:" + std::to_string(port), "--database-url", new_database()}};
    EXPECT_EQ(second.ends(), 1);
    EXPECT_NE(second.output().find("alerthist: cannot listen on 127.0.0.1:" + std::to_string(port)),
              std::string::npos)
        << second.output();
    first.signal(SIGTERM);
    EXPECT_EQ(first.ends(), 0);
}

TEST(alerthist_program, prints_commands_that_work) {
    program it{serving(new_database())};
    const auto port = it.port();
    ASSERT_TRUE(port != 0 && becomes_ready(port));
    const auto& text = it.output();
    EXPECT_NE(text.find("http://127.0.0.1:" + std::to_string(port) + "/\n"), std::string::npos) << text;
    const auto start = text.find("-d '") + 4;
    const auto out = post(port, text.substr(start, text.find('\'', start) - start));
    EXPECT_EQ(out.status, 200) << out.body;
    EXPECT_EQ(get(port, "/api/v1/alerts?severity=critical").object().at("alerts").as_array().size(), 1U);
    it.signal(SIGINT);
    EXPECT_EQ(it.ends(), 0) << it.output();
}

TEST(alerthist_program, answers_what_is_under_way_before_it_ends) {
    const auto url = new_database();
    program it{serving(url)};
    const auto port = it.port();
    ASSERT_TRUE(port != 0 && becomes_ready(port));
    const auto text = request_text("POST", "/webhook", real_body());
    http_connection slow{port};
    slow.send(text.substr(0, text.size() / 2));
    http_connection idle{port};
    it.signal(SIGTERM);
    ASSERT_TRUE(it.writes("shutting down")) << it.output();
    EXPECT_TRUE(eventually([&] {
        try {
            http_connection refused{port};
            return false;
        } catch (const std::runtime_error&) {
            return true;
        }
    })) << "still accepting";
    slow.send(text.substr(text.size() / 2));
    const auto out = slow.receive();
    EXPECT_EQ(out.status, 200) << out.body;
    EXPECT_EQ(it.ends(), 0) << it.output();
    EXPECT_EQ(value(url, "select count(*)::text from alert_events"), "3");
}

TEST(alerthist_program, is_not_ready_while_it_still_serves_during_the_delay) {
    const temporary_directory dir;
    const auto file = (dir / "c.yaml").string();
    std::ofstream{file} << "server: {shutdown_delay: 3s}\n";
    auto arguments = serving(new_database());
    arguments.insert(arguments.end(), {"--config", file});
    program it{arguments};
    const auto port = it.port();
    ASSERT_TRUE(port != 0 && becomes_ready(port));
    it.signal(SIGTERM);
    ASSERT_TRUE(it.writes("shutting down"));
    EXPECT_TRUE(eventually([&] {
        const auto out = get(port, "/readyz");
        return out.status == 503 && out.body.find("[-]shutdown failed") != std::string::npos;
    }));
    EXPECT_EQ(post(port, real_body()).status, 200) << "whoever has not noticed yet is still served";
    EXPECT_EQ(it.ends(), 0) << it.output();
}

TEST(alerthist_program, a_second_signal_ends_it_at_once) {
    const temporary_directory dir;
    const auto file = (dir / "c.yaml").string();
    std::ofstream{file} << "server: {shutdown_delay: 1h}\n";
    auto arguments = serving(new_database());
    arguments.insert(arguments.end(), {"--config", file});
    program it{arguments};
    ASSERT_NE(it.port(), 0);
    it.signal(SIGTERM);
    ASSERT_TRUE(it.writes("shutting down"));
    it.signal(SIGINT);
    EXPECT_EQ(it.ends(), 128 + SIGINT) << it.output();
}

TEST(alerthist_program, keeps_its_own_database_over_a_restart) {
    const temporary_directory dir;
    const auto url = "embedded://" + (dir / "data").string();
    {
        program it{serving(url)};
        const auto port = it.port();
        ASSERT_TRUE(port != 0 && becomes_ready(port)) << it.output();
        ASSERT_EQ(post(port, real_body()).status, 200);
        it.signal(SIGTERM);
        ASSERT_EQ(it.ends(), 0) << it.output();
        EXPECT_FALSE(fs::exists(dir / "data/postmaster.pid")) << "the embedded server was stopped in order";
    }
    program again{serving(url)};
    const auto port = again.port();
    ASSERT_TRUE(port != 0 && becomes_ready(port)) << again.output();
    EXPECT_EQ(get(port, "/api/v1/alerts").object().at("alerts").as_array().size(), 3U);
    again.signal(SIGTERM);
    EXPECT_EQ(again.ends(), 0);
}

TEST(alerthist_program, logs_requests_in_the_chosen_format) {
    const temporary_directory dir;
    const auto file = (dir / "c.yaml").string();
    std::ofstream{file} << "log: {format: json}\n";
    auto arguments = serving(new_database());
    arguments.insert(arguments.end(), {"--config", file});
    program it{arguments};
    const auto port = it.port();
    ASSERT_TRUE(port != 0 && becomes_ready(port));
    ASSERT_EQ(get(port, "/api/v1/alerts?limit=3").status, 200);
    ASSERT_TRUE(it.writes("\"target\":\"/api/v1/alerts?limit=3\""));
    it.signal(SIGTERM);
    EXPECT_EQ(it.ends(), 0);
    std::istringstream lines{it.output()};
    bool found = false;
    for (std::string line; std::getline(lines, line);) {
        if (line.find("\"msg\":\"request\"") == std::string::npos) continue;
        const auto object = json::parse(line).as_object();
        found = object.at("status") == 200 && object.at("method") == "GET" && object.contains("duration_ms");
    }
    EXPECT_TRUE(found) << it.output();
}

} // namespace program_test
