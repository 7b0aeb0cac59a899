#include <tusk/embedded/detail/posix.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tusk::embedded::detail {

namespace {

constexpr std::size_t tail_window = std::size_t{64} << 10;

/// Reads from `offset` until `limit` bytes or the end of the file.
std::optional<std::string> read_from(int fd, off_t offset, std::size_t limit) {
    std::string content(limit, '\0');
    std::size_t size = 0;
    while (size < limit) {
        const ssize_t n = ::pread(fd, content.data() + size, limit - size, offset + static_cast<off_t>(size));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return std::nullopt;
        if (n == 0) break;
        size += static_cast<std::size_t>(n);
    }
    content.resize(size);
    return content;
}

bool write_all(int fd, std::string_view content) {
    while (!content.empty()) {
        const ssize_t n = ::write(fd, content.data(), content.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return false;
        content.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

constexpr int lock_file_flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC;

result<unique_fd> locked(unique_fd fd, const std::filesystem::path& path) {
    if (!fd) return system_failure("cannot open " + path.string() + " to lock it", errno);
    while (::flock(fd.get(), LOCK_EX) != 0)
        if (errno != EINTR) return system_failure("cannot lock " + path.string(), errno);
    return fd;
}

} // namespace

void unique_fd::reset(int fd) noexcept {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
}

unique_fd above_streams(unique_fd fd) noexcept {
    if (!fd || fd.get() > STDERR_FILENO) return fd;
    return unique_fd{::fcntl(fd.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1)};
}

failure system_failure(std::string_view what, int error) {
    std::string text = std::string{what} + ": " + std::generic_category().message(error);
    if (error == ENOSPC || error == EDQUOT)
        text += "\nremedy: free space there, or put throwaway data elsewhere with TMPDIR or scratch_dir";
    if (error == EACCES || error == EPERM || error == EROFS)
        text +=
            "\nremedy: let this account write there, or choose other places with TMPDIR, TUSK_CACHE_DIR and "
            "TUSK_STATE_DIR";
    return failure{errc::environment, std::move(text)};
}

std::optional<std::string> environment(const char* name) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') return std::nullopt;
    return std::string{value};
}

std::optional<std::string> read_file(const std::filesystem::path& path, std::size_t limit) {
    const unique_fd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!fd) return std::nullopt;
    return read_from(fd.get(), 0, limit);
}

failure write_file(const std::filesystem::path& path, std::string_view content) {
    const std::string temporary = path.string() + "." + std::to_string(::getpid());
    const unique_fd fd{
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600)};
    if (!fd) return system_failure("cannot write " + temporary, errno);
    if (write_all(fd.get(), content) && ::rename(temporary.c_str(), path.c_str()) == 0) return {};
    const int error = errno;
    ::unlink(temporary.c_str());
    return system_failure("cannot write " + path.string(), error);
}

std::string tail_of_file(const std::filesystem::path& path, std::size_t lines) {
    const unique_fd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    struct stat info{};
    if (!fd || ::fstat(fd.get(), &info) != 0 || lines == 0) return {};
    const auto window = std::min(info.st_size, static_cast<off_t>(tail_window));
    auto text = read_from(fd.get(), info.st_size - window, tail_window).value_or("");
    while (!text.empty() && text.back() == '\n') text.pop_back();
    std::size_t start = text.size();
    for (std::size_t found = 0; found < lines; ++found) {
        const auto newline = start == 0 ? std::string::npos : text.rfind('\n', start - 1);
        if (newline == std::string::npos) return text;
        start = newline;
    }
    return text.substr(start + 1);
}

result<unique_fd> lock_file(const std::filesystem::path& path) {
    return locked(unique_fd{::open(path.c_str(), lock_file_flags, 0600)}, path);
}

unique_fd try_lock_file(const std::filesystem::path& path) {
    unique_fd fd{::open(path.c_str(), lock_file_flags, 0600)};
    if (fd && ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) fd.reset();
    return fd;
}

result<unique_fd> lock_directory(const std::filesystem::path& path) {
    return locked(unique_fd{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)}, path);
}

} // namespace tusk::embedded::detail
