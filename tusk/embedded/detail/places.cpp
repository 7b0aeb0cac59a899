#include <tusk/embedded/detail/places.hpp>

#include <cerrno>
#include <cstddef>
#include <optional>
#include <string>

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <unistd.h>

#include <tusk/embedded/detail/posix.hpp>

namespace tusk::embedded::detail {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t memory_wanted = std::uint64_t{1} << 30; // a data directory and what tests put into it

/// Base directories of the XDG specification have to be absolute, others are ignored.
std::optional<fs::path> absolute_environment(const char* name) {
    const auto value = environment(name);
    if (!value || value->front() != '/') return std::nullopt;
    return fs::path{*value};
}

bool create(const fs::path& dir) {
    std::error_code problem;
    fs::create_directories(dir, problem);
    return !problem && ::access(dir.c_str(), W_OK | X_OK) == 0;
}

/// A directory with a name that anybody could have taken must be ours.
bool create_private(const fs::path& dir) {
    if (::mkdir(dir.c_str(), 0700) != 0 && errno != EEXIST) return false;
    struct stat info{};
    return ::lstat(dir.c_str(), &info) == 0 && S_ISDIR(info.st_mode) && info.st_uid == ::geteuid() &&
           (info.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

struct directory_kind {
    const char* variable;
    const char* of_root;
    const char* xdg_variable;
    const char* in_home;
    const char* leaf;
    const char* last;
};

result<fs::path> directory_of(const directory_kind& kind) {
    if (const auto wanted = environment(kind.variable)) {
        if (create(*wanted)) return fs::path{*wanted};
        return failure{errc::environment,
                       "cannot write to the directory " + *wanted + " of " + kind.variable};
    }
    std::vector<fs::path> candidates;
    if (::geteuid() == 0) {
        candidates.emplace_back(kind.of_root);
    } else {
        if (const auto xdg = absolute_environment(kind.xdg_variable)) candidates.push_back(*xdg / kind.leaf);
        if (const auto home = absolute_environment("HOME"))
            candidates.push_back(*home / kind.in_home / kind.leaf);
    }
    for (const auto& candidate : candidates)
        if (create(candidate)) return candidate;
    const fs::path last = std::string{kind.last} + std::to_string(::geteuid());
    if (create_private(last)) return last;
    return failure{errc::environment, "cannot create a private directory " + last.string() + "; set " +
                                          kind.variable + " to a directory that can be written to"};
}

bool is_usable(const fs::path& dir, const identity& who) {
    struct stat info{};
    return ::stat(dir.c_str(), &info) == 0 && S_ISDIR(info.st_mode) &&
           ::access(dir.c_str(), W_OK | X_OK) == 0 && !first_closed_parent(dir / "x", who);
}

std::uint64_t free_bytes(const fs::path& dir) {
    struct statvfs info{};
    if (::statvfs(dir.c_str(), &info) != 0) return 0;
    return std::uint64_t{info.f_bavail} * info.f_frsize;
}

} // namespace

result<fs::path> cache_dir() {
    return directory_of(
        {"TUSK_CACHE_DIR", "/var/cache/tusk", "XDG_CACHE_HOME", ".cache", "tusk", "/tmp/tusk-cache-"});
}

result<fs::path> state_dir() {
    return directory_of({"TUSK_STATE_DIR", "/var/lib/tusk/servers", "XDG_STATE_HOME", ".local/state",
                         "tusk/servers", "/tmp/tusk-state-"});
}

result<fs::path> scratch_base(const fs::path& wanted, const identity& who) {
    if (!wanted.empty()) {
        if (is_usable(wanted, who)) return fs::absolute(wanted);
        return failure{errc::environment, "the scratch directory " + wanted.string() +
                                              " cannot be written to, or the account " + who.name +
                                              " cannot reach it"};
    }
    const fs::path memory = "/dev/shm";
    if (is_usable(memory, who) && free_bytes(memory) >= memory_wanted) return memory;
    if (const auto temporary = absolute_environment("TMPDIR"); temporary && is_usable(*temporary, who))
        return *temporary;
    if (is_usable("/tmp", who)) return fs::path{"/tmp"};
    return failure{errc::environment,
                   "no directory for the data of a server: neither /dev/shm, TMPDIR nor /tmp can be "
                   "written to and reached by the account " +
                       who.name};
}

std::vector<fs::path> socket_bases(const identity& who) {
    std::vector<fs::path> bases;
    if (const auto runtime = absolute_environment("XDG_RUNTIME_DIR"); runtime && is_usable(*runtime, who))
        bases.push_back(*runtime);
    bases.emplace_back("/tmp");
    return bases;
}

bool is_in_memory(const fs::path& path) {
    struct statfs info{};
    return ::statfs(path.c_str(), &info) == 0 && info.f_type == TMPFS_MAGIC;
}

fs::path socket_file(const fs::path& dir, std::uint16_t port) {
    return dir / (".s.PGSQL." + std::to_string(port));
}

failure check_socket_path(const fs::path& dir, std::uint16_t port) {
    constexpr std::size_t limit = sizeof(sockaddr_un::sun_path) - 1;
    const auto file = socket_file(dir, port).string();
    if (file.size() <= limit) return {};
    return failure{errc::environment, "the path of the unix socket, " + file + ", has " +
                                          std::to_string(file.size()) + " bytes, and the system allows " +
                                          std::to_string(limit) + "; choose a shorter socket directory"};
}

} // namespace tusk::embedded::detail
