#include "scene.hpp"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.hpp"

namespace bench_services {

namespace fs = std::filesystem;

namespace {

tusk::embedded::server start_postgres(const fs::path& scratch) {
    tusk::embedded::server_options wanted;
    wanted.durable(false);
    if (!scratch.empty()) wanted.scratch_dir(scratch);
    wanted.setting("shared_buffers", "256MB").setting("max_wal_size", "4GB");
    wanted.setting("maintenance_work_mem", "512MB").setting("autovacuum", "on");
    auto out = tusk::embedded::server::start(wanted);
    if (!out) throw tusk::error{out.error()};
    return std::move(*out);
}

/// User and system time of a process, in seconds; 0 when it is gone. Source: proc(5), fields 14 and 15.
double processor_seconds(const std::string& pid, const std::string& parent = {}) {
    std::ifstream file{"/proc/" + pid + "/stat"};
    std::string text;
    if (!std::getline(file, text)) return 0;
    std::istringstream fields{text.substr(text.rfind(')') + 2)};
    std::string skipped, state, its_parent;
    fields >> state >> its_parent;
    if (!parent.empty() && its_parent != parent) return 0;
    for (int i = 0; i < 9; ++i) fields >> skipped;
    double user = 0, system = 0;
    fields >> user >> system;
    return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

} // namespace

scene::scene(const fs::path& program, const fs::path& scratch) : postgres_{start_postgres(scratch)} {
    std::string name = (fs::temp_directory_path() / "bench-services-XXXXXX").string();
    const int file = ::mkstemp(name.data());
    if (file < 0) throw std::runtime_error{"no temporary file"};
    ::close(file);
    settings_ = name;
    std::ofstream{settings_} << "log: {level: error}\nserver: {threads: 2}\n";
    launch(program);
    await_ready();
}

scene::~scene() {
    if (alerthist_ > 0) {
        ::kill(alerthist_, SIGTERM);
        ::waitpid(alerthist_, nullptr, 0);
    }
    if (output_ >= 0) ::close(output_);
    fs::remove(settings_);
}

void scene::launch(const fs::path& program) {
    std::vector<std::string> words{program.string(), "--config",       settings_.string(), "--listen",
                                   "127.0.0.1:0",    "--database-url", postgres_.url()};
    std::vector<char*> argv;
    for (auto& one : words) argv.push_back(one.data());
    argv.push_back(nullptr);
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error{"pipe"};
    alerthist_ = ::fork();
    if (alerthist_ == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::dup2(ends[1], STDOUT_FILENO);
        ::execv(argv[0], argv.data());
        ::_exit(127);
    }
    ::close(ends[1]);
    output_ = ends[0];
    std::string text;
    const std::string before = "listening on 127.0.0.1:";
    while (text.find("\n\n") == std::string::npos) {
        char bytes[4096];
        pollfd one{output_, POLLIN, 0};
        const auto size = ::poll(&one, 1, 60'000) > 0 ? ::read(output_, bytes, sizeof bytes) : 0;
        if (size <= 0) throw std::runtime_error{program.string() + " does not start"};
        text.append(bytes, static_cast<std::size_t>(size));
    }
    port_ = static_cast<std::uint16_t>(std::atoi(text.c_str() + text.find(before) + before.size()));
}

void scene::await_ready() const {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{60};
    client asks{port_};
    while (asks.get("/readyz").status != 200) {
        if (std::chrono::steady_clock::now() > until) throw std::runtime_error{"alerthist is not ready"};
        std::this_thread::sleep_for(std::chrono::milliseconds{50});
    }
}

tusk::blocking::connection scene::sql() const { return tusk::blocking::connection::open(postgres_.url()); }

double scene::alerthist_seconds() const { return processor_seconds(std::to_string(alerthist_)); }

double scene::postgres_seconds() const {
    const auto postmaster = std::to_string(postgres_.pid());
    double out = processor_seconds(postmaster);
    for (const auto& one : fs::directory_iterator{"/proc"}) {
        const auto name = one.path().filename().string();
        if (name.find_first_not_of("0123456789") == std::string::npos)
            out += processor_seconds(name, postmaster);
    }
    return out;
}

double scene::peak_memory() const {
    std::ifstream file{"/proc/" + std::to_string(alerthist_) + "/status"};
    for (std::string line; std::getline(file, line);)
        if (line.starts_with("VmHWM:")) return std::atof(line.c_str() + 6) / 1024;
    throw std::runtime_error{"alerthist has died"};
}

} // namespace bench_services
