#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <tusk/core/error.hpp>

namespace tusk::embedded::detail {

/// Owns a file descriptor.
class unique_fd {
public:
    unique_fd() noexcept = default;
    explicit unique_fd(int fd) noexcept : fd_{fd} {}
    unique_fd(unique_fd&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
    unique_fd& operator=(unique_fd&& other) noexcept {
        if (this != &other) reset(std::exchange(other.fd_, -1));
        return *this;
    }
    ~unique_fd() { reset(); }

    explicit operator bool() const noexcept { return fd_ >= 0; }
    int get() const noexcept { return fd_; }
    void reset(int fd = -1) noexcept;

private:
    int fd_ = -1;
};

/// A descriptor that a child will need must not be 0, 1 or 2, which a program without standard streams hands
/// out first. Empty when it cannot be moved, with errno set.
unique_fd above_streams(unique_fd fd) noexcept;

/// `errc::environment`: "<what>: <text of error>".
failure system_failure(std::string_view what, int error);

/// The variable's value; nothing when it is unset or empty.
std::optional<std::string> environment(const char* name);

/// The whole file, at most `limit` bytes of it; nothing when it cannot be read.
std::optional<std::string> read_file(const std::filesystem::path& path,
                                     std::size_t limit = std::size_t{1} << 16);

/// Writes beside the file and renames, so that a reader sees the old or the new content.
failure write_file(const std::filesystem::path& path, std::string_view content);

/// The last `lines` lines of a file, out of its last 64 KiB.
std::string tail_of_file(const std::filesystem::path& path, std::size_t lines);

/// Opens (and creates) the file and waits for its exclusive lock, which lives as long as the descriptor.
result<unique_fd> lock_file(const std::filesystem::path& path);

/// The same without waiting: an empty descriptor when somebody else holds the lock.
unique_fd try_lock_file(const std::filesystem::path& path);
/// Locks a directory itself.
result<unique_fd> lock_directory(const std::filesystem::path& path);

} // namespace tusk::embedded::detail
