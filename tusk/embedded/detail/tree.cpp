#include <tusk/embedded/detail/tree.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <tusk/embedded/detail/posix.hpp>

namespace tusk::embedded::detail {

namespace {

constexpr int deepest = 32; // a data directory has five levels

bool is_dots(const char* name) noexcept {
    return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

// ---- removing

/// The head of a `linux_dirent64` record; the name follows.
struct raw_entry {
    std::uint64_t inode;
    std::int64_t offset;
    unsigned short length;
    unsigned char type;
};
constexpr std::size_t name_offset = 19;

int remove_at(int parent, const char* name, int depth) noexcept;

/// One pass over a directory; the number of entries removed goes to `removed`.
int remove_pass(int directory, int depth, int& removed) noexcept {
    alignas(8) char buffer[8192];
    int result = 0;
    for (;;) {
        const long n = ::syscall(SYS_getdents64, directory, buffer, sizeof buffer);
        if (n < 0) return errno;
        if (n == 0) return result;
        for (long at = 0; at < n;) {
            raw_entry entry;
            std::memcpy(&entry, buffer + at, sizeof entry);
            const char* name = buffer + at + name_offset;
            at += entry.length;
            if (is_dots(name)) continue;
            if (const int error = remove_at(directory, name, depth + 1); error == 0)
                ++removed;
            else if (result == 0)
                result = error;
        }
    }
}

/// Some file systems skip entries while others are being removed: passes are made until one removes nothing.
int remove_content(int directory, int depth) noexcept {
    for (;;) {
        int removed = 0;
        const int error = remove_pass(directory, depth, removed);
        if (error != 0 || removed == 0) return error;
        if (::lseek(directory, 0, SEEK_SET) < 0) return errno;
    }
}

int remove_at(int parent, const char* name, int depth) noexcept {
    if (depth > deepest) return ELOOP;
    const int directory = ::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (directory < 0) {
        if (errno == ENOENT) return 0;
        if (errno != ENOTDIR && errno != ELOOP) return errno;
        return ::unlinkat(parent, name, 0) == 0 || errno == ENOENT ? 0 : errno;
    }
    const int error = remove_content(directory, depth);
    ::close(directory);
    if (error != 0) return error;
    return ::unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT ? 0 : errno;
}

// ---- reading and copying

struct entry {
    std::string name;
    struct stat info{};
};

result<std::vector<entry>> list(int directory, const std::string& path) {
    const int copy = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR* stream = copy < 0 ? nullptr : ::fdopendir(copy);
    if (stream == nullptr) return system_failure("cannot read " + path, errno);
    std::vector<entry> entries;
    failure problem;
    while (const dirent* next = ::readdir(stream)) {
        if (is_dots(next->d_name)) continue;
        entry found{next->d_name, {}};
        if (::fstatat(directory, next->d_name, &found.info, AT_SYMLINK_NOFOLLOW) != 0)
            problem = system_failure("cannot read " + path + "/" + next->d_name, errno);
        entries.push_back(std::move(found));
    }
    ::closedir(stream);
    if (problem) return problem;
    return entries;
}

/// Copies what is left of `in` to `out` inside the kernel. Returns an errno or 0.
int copy_content(int in, int out, std::uint64_t& bytes) {
    constexpr std::size_t chunk = std::size_t{1} << 30;
    bool ranges = true; // copy_file_range shares blocks where it can, but not between all file systems
    for (;;) {
        const ssize_t n = ranges ? ::copy_file_range(in, nullptr, out, nullptr, chunk, 0)
                                 : ::sendfile(out, in, nullptr, chunk);
        if (n == 0) return 0;
        if (n > 0)
            bytes += static_cast<std::uint64_t>(n);
        else if (errno == EINTR)
            continue;
        else if (ranges && (errno == EXDEV || errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP))
            ranges = false;
        else
            return errno;
    }
}

class copier {
public:
    explicit copier(const identity& owner) : owner_{owner} {}

    failure directory(int from, int to, const std::string& path, int depth) {
        if (depth > deepest) return system_failure("cannot copy " + path, ELOOP);
        auto entries = list(from, path);
        if (!entries) return entries.error();
        if (depth == 0)
            std::partition(entries->begin(), entries->end(),
                           [](const entry& e) { return e.name != "PG_VERSION"; });
        for (const auto& item : *entries)
            if (auto problem = one(from, to, item, path + "/" + item.name, depth)) return problem;
        return {};
    }

    tree_size size;

private:
    failure one(int from, int to, const entry& item, const std::string& path, int depth) {
        ++size.files;
        const char* name = item.name.c_str();
        const mode_t mode = item.info.st_mode & 07777;
        const bool is_directory = S_ISDIR(item.info.st_mode);
        if (!is_directory && !S_ISREG(item.info.st_mode))
            return failure{errc::environment, "cannot copy " + path + ": neither a file nor a directory"};
        if (is_directory && ::mkdirat(to, name, 0700) != 0)
            return system_failure("cannot copy " + path, errno);
        const int kind = is_directory ? O_DIRECTORY | O_RDONLY : O_RDONLY;
        const int target = is_directory ? O_DIRECTORY | O_RDONLY : O_WRONLY | O_CREAT | O_EXCL;
        const unique_fd in{::openat(from, name, kind | O_NOFOLLOW | O_CLOEXEC)};
        if (!in) return system_failure("cannot read " + path, errno);
        const unique_fd out{::openat(to, name, target | O_NOFOLLOW | O_CLOEXEC, 0600)};
        if (!out) return system_failure("cannot copy " + path, errno);
        if (is_directory) {
            if (auto problem = directory(in.get(), out.get(), path, depth + 1)) return problem;
        } else if (const int error = copy_content(in.get(), out.get(), size.bytes); error != 0) {
            return system_failure("cannot copy " + path, error);
        }
        return finish(out.get(), mode, path);
    }

    failure finish(int fd, mode_t mode, const std::string& path) const {
        if (mode != 0600 && ::fchmod(fd, mode) != 0) return system_failure("cannot copy " + path, errno);
        if (owner_.switches && ::fchown(fd, owner_.uid, owner_.gid) != 0)
            return system_failure("cannot give the copy of " + path + " to " + owner_.name, errno);
        return {};
    }

    const identity& owner_;
};

failure measure(int directory, const std::string& path, int depth, tree_size& size) {
    if (depth > deepest) return system_failure("cannot read " + path, ELOOP);
    const auto entries = list(directory, path);
    if (!entries) return entries.error();
    for (const auto& item : *entries) {
        ++size.files;
        if (S_ISREG(item.info.st_mode)) size.bytes += static_cast<std::uint64_t>(item.info.st_size);
        if (!S_ISDIR(item.info.st_mode)) continue;
        const unique_fd below{
            ::openat(directory, item.name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
        if (!below) return system_failure("cannot read " + path + "/" + item.name, errno);
        if (auto problem = measure(below.get(), path + "/" + item.name, depth + 1, size)) return problem;
    }
    return {};
}

unique_fd open_directory(const std::filesystem::path& path) {
    return unique_fd{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
}

} // namespace

result<tree_size> measure_tree(const std::filesystem::path& root) {
    const auto directory = open_directory(root);
    if (!directory) return system_failure("cannot read " + root.string(), errno);
    tree_size size;
    if (auto problem = measure(directory.get(), root.string(), 0, size)) return problem;
    return size;
}

result<tree_size> copy_tree(const std::filesystem::path& from, const std::filesystem::path& to,
                            const identity& owner) {
    const auto source = open_directory(from);
    if (!source) return system_failure("cannot read " + from.string(), errno);
    if (::mkdir(to.c_str(), 0700) != 0 && errno != EEXIST)
        return system_failure("cannot create " + to.string(), errno);
    const auto target = open_directory(to);
    if (!target) return system_failure("cannot open " + to.string(), errno);
    copier work{owner};
    if (auto problem = work.directory(source.get(), target.get(), from.string(), 0)) return problem;
    if (::fchmod(target.get(), 0700) != 0)
        return system_failure("cannot change the mode of " + to.string(), errno);
    if (auto problem = give_to(to, owner)) return problem;
    return work.size;
}

int remove_tree(const char* path) noexcept { return remove_at(AT_FDCWD, path, 0); }

int clear_directory(const char* path) noexcept {
    const int directory = ::open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (directory < 0) return errno == ENOENT ? 0 : errno;
    const int error = remove_content(directory, 0);
    ::close(directory);
    return error;
}

} // namespace tusk::embedded::detail
