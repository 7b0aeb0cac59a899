#include <tusk/net/conninfo_environment.hpp>

#include <cerrno>
#include <cstdlib>
#include <vector>

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tusk {
namespace {

class descriptor {
public:
    explicit descriptor(int fd) noexcept : fd_{fd} {}
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;
    ~descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    int get() const noexcept { return fd_; }

private:
    int fd_;
};

struct account {
    std::string name;
    std::string home;
};

std::optional<account> effective_account() {
    std::vector<char> buffer(1024);
    for (;;) {
        passwd entry{};
        passwd* found = nullptr;
        const int code = ::getpwuid_r(::geteuid(), &entry, buffer.data(), buffer.size(), &found);
        if (code == ERANGE && buffer.size() < (1u << 20)) {
            buffer.resize(buffer.size() * 2);
            continue;
        }
        if (code != 0 || found == nullptr) return std::nullopt;
        return account{found->pw_name, found->pw_dir};
    }
}

/// Reads to the end or the size limit; false on an error.
bool read_all(int fd, environment::file& out) {
    char block[8192];
    for (;;) {
        const ssize_t got = ::read(fd, block, sizeof block);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return false;
        if (got == 0) return true;
        out.text.append(block, static_cast<std::size_t>(got));
        if (out.text.size() <= environment::max_file_size) continue;
        out.text.resize(environment::max_file_size);
        out.truncated = true;
        return true;
    }
}

std::optional<environment::file> read_real_file(const std::string& path, bool regular_only) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) return std::nullopt;
    environment::file out{{}, status.st_mode & 07777u, S_ISREG(status.st_mode)};
    if (regular_only && !out.regular) return out;
    // The path may be exchanged in between: do not wait for the writer of a pipe, and ask again what was
    // opened.
    const descriptor fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC | (regular_only ? O_NONBLOCK : 0))};
    if (fd.get() < 0 || ::fstat(fd.get(), &status) != 0) return std::nullopt;
    out.mode = status.st_mode & 07777u;
    out.regular = S_ISREG(status.st_mode);
    if (regular_only && !out.regular) return out;
    if (!read_all(fd.get(), out)) return std::nullopt;
    return out;
}

} // namespace

environment environment::process() {
    environment env;
    env.process_ = true;
    return env;
}

environment& environment::set(std::string name, std::string value) {
    variables_.insert_or_assign(std::move(name), std::move(value));
    return *this;
}

environment& environment::set_home_directory(std::string path) {
    home_ = std::move(path);
    return *this;
}

environment& environment::set_os_user(std::string name) {
    os_user_ = std::move(name);
    return *this;
}

environment& environment::add_file(std::string path, std::string text, unsigned mode) {
    return add_file(std::move(path), file{std::move(text), mode});
}

environment& environment::add_file(std::string path, file content) {
    files_.insert_or_assign(std::move(path), std::move(content));
    return *this;
}

environment& environment::add_directory(std::string path) {
    directories_.insert(std::move(path));
    return *this;
}

std::optional<std::string> environment::variable(const std::string& name) const {
    if (process_) {
        const char* value = std::getenv(name.c_str());
        if (value == nullptr || *value == '\0') return std::nullopt;
        return value;
    }
    const auto at = variables_.find(name);
    if (at == variables_.end() || at->second.empty()) return std::nullopt;
    return at->second;
}

std::optional<std::string> environment::home_directory() const {
    if (!process_) return home_;
    if (auto home = variable("HOME")) return home;
    auto account = effective_account();
    if (!account || account->home.empty()) return std::nullopt;
    return std::move(account->home);
}

std::optional<std::string> environment::os_user() const {
    if (!process_) return os_user_;
    auto account = effective_account();
    if (!account || account->name.empty()) return std::nullopt;
    return std::move(account->name);
}

bool environment::exists(const std::string& path) const {
    if (!process_) return files_.contains(path) || directories_.contains(path);
    struct stat status{};
    return ::stat(path.c_str(), &status) == 0;
}

std::optional<environment::file> environment::read_file(const std::string& path, bool regular_only) const {
    if (process_) return read_real_file(path, regular_only);
    if (directories_.contains(path))
        return regular_only ? std::optional{file{{}, 0755, false}} : std::nullopt; // read() of one fails
    const auto at = files_.find(path);
    if (at == files_.end()) return std::nullopt;
    return at->second;
}

} // namespace tusk
