#include <tusk/testing/docker_server.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <random>
#include <thread>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tusk/client/blocking.hpp>

extern char** environ;

namespace tusk::testing {

namespace {

constexpr auto look_again = std::chrono::milliseconds{50};
constexpr std::size_t longest_log = std::size_t{1} << 20;

/// Ends the server when the standard input ends: that is, when the process that started it does.
constexpr const char* guarded_server = "docker-entrypoint.sh \"$@\" & server=$!\n"
                                       "(cat >/dev/null; kill -INT $server) <&3 &\n"
                                       "wait $server";

std::string random_name() {
    std::random_device random;
    return "tusk-" + std::to_string(::getpid()) + "-" + std::to_string(random());
}

/// A program with its input from `in` and its output to `out`.
result<pid_t> spawn(const std::vector<std::string>& line, int in, int out) {
    std::vector<std::string> words{line};
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out, STDERR_FILENO);
    pid_t pid = 0;
    const int problem = ::posix_spawnp(&pid, arguments[0], &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (problem == 0) return pid;
    return failure{errc::environment, "cannot run `" + line[0] +
                                          "`: " + std::generic_category().message(problem) +
                                          "\nremedy: install Docker, or unset TUSK_TEST_SERVER to use local "
                                          "binaries"};
}

std::string read_all(const std::string& file) {
    const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    std::string out(longest_log, '\0');
    const ssize_t n = fd < 0 ? 0 : ::read(fd, out.data(), out.size());
    if (fd >= 0) ::close(fd);
    out.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return out;
}

} // namespace

class docker_server::impl {
public:
    explicit impl(const docker_options& o) : options{o}, name{random_name()} {
        const char* base = std::getenv("TMPDIR");
        log_file = std::string{base == nullptr ? "/tmp" : base} + "/" + name + ".log";
    }
    ~impl() { end(); }
    impl(const impl&) = delete;
    impl& operator=(const impl&) = delete;

    failure launch() {
        int pipe[2];
        if (::pipe2(pipe, O_CLOEXEC) != 0)
            return failure{errc::environment,
                           "cannot make a pipe: " + std::generic_category().message(errno)};
        const int out = ::open(log_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (out < 0) {
            ::close(pipe[0]);
            ::close(pipe[1]);
            return failure{errc::environment,
                           "cannot write " + log_file + ": " + std::generic_category().message(errno)};
        }
        auto started = spawn(run_line(), pipe[0], out);
        ::close(pipe[0]);
        ::close(out);
        lifeline = pipe[1];
        if (!started) return started.error();
        child = *started;
        return {};
    }

    /// The port of this machine that leads to the server; nothing as long as the container is not there.
    result<std::string> port() {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) return failure{errc::environment, "cannot make a pipe"};
        const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
        auto asked = spawn({options.program(), "port", name, "5432/tcp"}, null, ends[1]);
        ::close(ends[1]);
        ::close(null);
        std::string text;
        char buffer[256];
        ssize_t n = 0;
        while (asked && (n = ::read(ends[0], buffer, sizeof buffer)) > 0)
            text.append(buffer, static_cast<std::size_t>(n));
        ::close(ends[0]);
        if (!asked) return asked.error();
        int status = 0;
        ::waitpid(*asked, &status, 0);
        const auto colon = text.find("127.0.0.1:");
        if (status != 0 || colon == std::string::npos) return std::string{};
        const auto digits = text.substr(colon + 10);
        return digits.substr(0, digits.find_first_not_of("0123456789"));
    }

    failure wait_until_ready() {
        const auto until = deadline::in(options.startup_timeout());
        std::string found;
        for (;;) {
            int status = 0;
            if (::waitpid(child, &status, WNOHANG) == child) {
                child = 0;
                return failure{errc::environment, "the container of " + options.image() +
                                                      " did not start:\n" + read_all(log_file) +
                                                      "\nremedy: see that the Docker daemon runs and that "
                                                      "the image can be had, or unset TUSK_TEST_SERVER to "
                                                      "use local binaries"};
            }
            if (found.empty()) {
                auto asked = port();
                if (!asked) return asked.error();
                found = *asked;
                if (!found.empty())
                    url = "postgres://postgres:tusk@127.0.0.1:" + found + "/postgres?sslmode=disable";
            }
            // A real start-up of a session, whatever the log says: the image starts a server twice.
            if (!found.empty()) {
                auto config = parse_connect_config(url).value();
                auto db = blocking::connection::try_open(config, connection_settings{}, until);
                if (db && db->try_one<int>("select 1")) return {};
            }
            if (until.expired())
                return failure{errc::timeout,
                               "PostgreSQL in the container did not answer in time:\n" + read_all(log_file)};
            std::this_thread::sleep_for(look_again);
        }
    }

    /// Asks for the end by closing the pipe, and then removes the container.
    void end() {
        if (lifeline >= 0) ::close(lifeline);
        lifeline = -1;
        if (child > 0) {
            const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
            if (auto removal = spawn({options.program(), "rm", "--force", "--volumes", name}, null, null))
                ::waitpid(*removal, nullptr, 0);
            ::close(null);
            ::waitpid(child, nullptr, 0);
        }
        ::unlink(log_file.c_str());
    }

    docker_options options;
    std::string name;
    std::string log_file;
    std::string url;
    int lifeline = -1;
    pid_t child = 0;

private:
    std::vector<std::string> run_line() const {
        std::vector<std::string> line{options.program(),
                                      "run",
                                      "--rm",
                                      "--interactive",
                                      "--name",
                                      name,
                                      "--label",
                                      "tusk.test=1",
                                      "--publish",
                                      "127.0.0.1::5432",
                                      "--tmpfs",
                                      "/var/lib/postgresql/data",
                                      "--env",
                                      "POSTGRES_PASSWORD=tusk",
                                      "--shm-size",
                                      "256m",
                                      "--entrypoint",
                                      "sh",
                                      options.image(),
                                      "-c",
                                      std::string{"exec 3<&0; "} + guarded_server,
                                      "sh",
                                      "postgres"};
        std::vector<std::pair<std::string, std::string>> settings{
            {"fsync", "off"},      {"synchronous_commit", "off"}, {"full_page_writes", "off"},
            {"autovacuum", "off"}, {"max_connections", "200"},    {"checkpoint_timeout", "1h"}};
        settings.insert(settings.end(), options.settings().begin(), options.settings().end());
        for (const auto& [setting, value] : settings) {
            line.emplace_back("-c");
            line.push_back(setting + "=" + value);
        }
        return line;
    }
};

docker_server::docker_server(std::unique_ptr<impl> running) noexcept : impl_{std::move(running)} {}
docker_server::docker_server(docker_server&&) noexcept = default;
docker_server& docker_server::operator=(docker_server&&) noexcept = default;
docker_server::~docker_server() = default;

result<docker_server> docker_server::start(const docker_options& options) {
    auto made = std::make_unique<impl>(options);
    if (auto problem = made->launch()) return problem;
    if (auto problem = made->wait_until_ready()) return problem;
    return docker_server{std::move(made)};
}

const std::string& docker_server::url() const noexcept { return impl_->url; }
const std::string& docker_server::name() const noexcept { return impl_->name; }
std::string docker_server::log() const { return read_all(impl_->log_file); }

} // namespace tusk::testing
