#include <tusk/embedded/detail/golden.hpp>

#include <cerrno>
#include <cstdlib>
#include <optional>

#include <sys/stat.h>
#include <unistd.h>

#include <tusk/embedded/detail/places.hpp>
#include <tusk/embedded/detail/posix.hpp>
#include <tusk/embedded/detail/process.hpp>
#include <tusk/embedded/detail/scratch.hpp>
#include <tusk/embedded/detail/text.hpp>
#include <tusk/embedded/detail/tree.hpp>

namespace tusk::embedded::detail {

namespace fs = std::filesystem;

namespace {

constexpr auto initdb_timeout = std::chrono::minutes{2};

/// An entry of the cache is a directory with the data in `data` and its size in `size`. Cleaners of temporary
/// directories remove single files, and a power failure empties those that were not on disk yet: an entry
/// that has lost something must not be served.
fs::path data_of(const fs::path& entry) { return entry / "data"; }

std::string to_text(const tree_size& size) {
    return std::to_string(size.files) + " " + std::to_string(size.bytes);
}

/// What the entry should hold; nothing when there is no entry that we made.
std::optional<std::string> recorded_size(const fs::path& entry) {
    struct stat info{};
    if (::lstat(entry.c_str(), &info) != 0 || info.st_uid != ::geteuid()) return std::nullopt;
    return read_file(entry / "size");
}

void remove_unfinished(const fs::path& cache, const std::string& key) {
    std::error_code ignored;
    for (const auto& found : fs::directory_iterator{cache, ignored})
        if (found.path().filename().string().starts_with(key + ".tmp-")) remove_tree(found.path());
}

} // namespace

golden::golden(const binaries& programs, const identity& who, fs::path scratch_base,
               std::vector<std::string> initdb_arguments)
    : programs_{programs}, who_{who}, scratch_base_{std::move(scratch_base)} {
    // Trust: the socket's directory is the fence. -N: the copy decides about fsync. Small segments: 28 MB,
    // not 39.
    arguments_ = {"-A", "trust", "-E", "UTF8", "-N", "--wal-segsize=1", "-U", "postgres"};
    for (auto& argument : initdb_arguments) arguments_.push_back(std::move(argument));
}

std::string golden::key() const {
    std::string content = programs_.bin_dir.string();
    for (const auto& argument : arguments_) content += "\n" + argument;
    return programs_.version + "-u" + std::to_string(::geteuid()) + "-" + short_hash(content);
}

failure golden::run_initdb(const fs::path& data_dir) const {
    std::vector<std::string> line{programs_.initdb().string(), "-D", data_dir.string()};
    line.insert(line.end(), arguments_.begin(), arguments_.end());
    const auto done = run_command(exec_image{std::move(line)}, who_, deadline::in(initdb_timeout));
    if (!done) return done.error();
    if (done->succeeded()) return {};
    return failure{errc::environment,
                   "initdb of PostgreSQL " + programs_.version + " failed:\n" + done->text};
}

failure golden::build(const fs::path& cache) const {
    // initdb runs where its account may write; the cache need not be such a place.
    auto workshop = scratch::make(scratch_base_, who_);
    if (!workshop) return workshop.error();
    if (auto problem = run_initdb(workshop->path() / "data")) return problem;

    remove_unfinished(cache, key());
    std::string unfinished = (cache / (key() + ".tmp-XXXXXX")).string();
    if (::mkdtemp(unfinished.data()) == nullptr) return system_failure("cannot create " + unfinished, errno);
    const auto copied = copy_tree(workshop->path() / "data", data_of(unfinished), own_identity());
    failure problem = copied ? write_file(fs::path{unfinished} / "size", to_text(*copied)) : copied.error();
    if (!problem) {
        const auto entry = cache / key();
        remove_tree(entry);
        if (::rename(unfinished.c_str(), entry.c_str()) != 0)
            problem = system_failure("cannot rename " + unfinished, errno);
    }
    if (problem) remove_tree(unfinished.c_str());
    return problem;
}

failure golden::build_if_damaged(const fs::path& cache) const {
    const auto lock = lock_file(cache / (key() + ".lock"));
    if (!lock) return lock.error();
    const auto entry = cache / key();
    const auto wanted = recorded_size(entry);
    if (wanted) {
        const auto found = measure_tree(data_of(entry));
        if (found && to_text(*found) == *wanted) return {}; // somebody else was quicker
    }
    return build(cache);
}

failure golden::install(const fs::path& target) const {
    const auto cache = cache_dir();
    if (!cache) return cache.error();
    const auto entry = *cache / key();
    failure problem;
    for (int attempt = 0; attempt < 2; ++attempt) {
        if (const auto wanted = recorded_size(entry)) {
            const auto copied = copy_tree(data_of(entry), target, who_);
            if (copied && to_text(*copied) == *wanted) return {};
            problem = copied ? failure{errc::environment,
                                       "the cached data directory " + entry.string() + " changed"}
                             : copied.error();
            clear_directory(target.c_str());
        }
        if (attempt == 0)
            if (auto failed = build_if_damaged(*cache)) return failed;
    }
    if (problem) return problem;
    return failure{errc::environment,
                   "the cache directory " + cache->string() + " does not keep what is written to it"};
}

} // namespace tusk::embedded::detail
