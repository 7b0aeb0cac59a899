#include <tusk/embedded/detail/scratch.hpp>

#include <cerrno>
#include <string_view>

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tusk/embedded/detail/tree.hpp>

namespace tusk::embedded::detail {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view prefix = "tusk-";
constexpr std::string_view kept_prefix =
    "tusk-db-"; // of detached servers: the registry knows when to remove them
constexpr std::size_t random_letters = 6;
constexpr const char* lock_name = "lock";

bool is_scratch_name(std::string_view name) {
    if (!name.starts_with(prefix) || name.size() != prefix.size() + random_letters) return false;
    return name.find('-', prefix.size()) == std::string_view::npos;
}

/// The file gets its name after its lock, so that nobody finds it without.
result<unique_fd> make_lock(const fs::path& dir) {
    const auto unnamed = dir / "lock.new";
    auto fd = above_streams(unique_fd{::open(unnamed.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)});
    if (!fd || ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0 ||
        ::rename(unnamed.c_str(), (dir / lock_name).c_str()) != 0)
        return system_failure("cannot lock " + dir.string(), errno);
    return fd;
}

bool is_abandoned(const fs::path& dir, const identity& who) {
    struct stat info{};
    if (::lstat(dir.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) return false;
    if (info.st_uid != ::geteuid() && info.st_uid != who.uid) return false;
    const unique_fd fd{::open((dir / lock_name).c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
    return fd && ::flock(fd.get(), LOCK_EX | LOCK_NB) == 0;
}

} // namespace

scratch::scratch(scratch&& other) noexcept : path_{std::move(other.path_)}, lock_{std::move(other.lock_)} {
    other.path_.clear();
}

scratch& scratch::operator=(scratch&& other) noexcept {
    if (this != &other) {
        remove();
        path_ = std::move(other.path_);
        lock_ = std::move(other.lock_);
        other.path_.clear();
    }
    return *this;
}

result<scratch> scratch::make(const fs::path& base, const identity& who, bool keep_after_exit) {
    std::string name = (base / (keep_after_exit ? kept_prefix : prefix)).string() + "XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) return system_failure("cannot create " + name, errno);
    scratch made;
    made.path_ = name;
    if (!keep_after_exit) {
        auto lock = make_lock(made.path_);
        if (!lock) return lock.error();
        made.lock_ = std::move(*lock);
    }
    if (auto problem = give_to(made.path_, who)) return problem;
    return made;
}

void scratch::remove() noexcept {
    if (!path_.empty()) remove_tree(path_);
    path_.clear();
    lock_.reset();
}

void sweep(const fs::path& base, const identity& who) {
    DIR* stream = ::opendir(base.c_str());
    if (stream == nullptr) return;
    std::vector<fs::path> candidates;
    while (const dirent* next = ::readdir(stream))
        if (is_scratch_name(next->d_name)) candidates.push_back(base / next->d_name);
    ::closedir(stream);
    for (const auto& dir : candidates)
        if (is_abandoned(dir, who)) remove_tree(dir);
}

} // namespace tusk::embedded::detail
