#include <tusk/embedded/detail/data_directory.hpp>

#include <cerrno>
#include <charconv>
#include <string>

#include <unistd.h>

#include <tusk/embedded/detail/posix.hpp>
#include <tusk/embedded/detail/process.hpp>

namespace tusk::embedded::detail {

namespace fs = std::filesystem;

namespace {

std::optional<int> leading_number(const std::optional<std::string>& text) {
    int value = 0;
    if (!text || std::from_chars(text->data(), text->data() + text->size(), value).ec != std::errc{} ||
        value <= 0)
        return std::nullopt;
    return value;
}

failure unsuitable(const fs::path& data_dir, const std::string& why) {
    return failure{errc::environment, "data directory " + data_dir.string() + ": " + why};
}

} // namespace

std::optional<int> major_of(const fs::path& data_dir) {
    return leading_number(read_file(data_dir / "PG_VERSION"));
}

std::optional<pid_t> running_postmaster(const fs::path& data_dir) {
    const auto pid = leading_number(read_file(data_dir / "postmaster.pid"));
    if (!pid || !process_start_time(*pid)) return std::nullopt;
    const auto name = process_name(*pid); // after a crash the pid may belong to another program
    if (!name.starts_with("postgres") && !name.starts_with("postmaster")) return std::nullopt;
    return *pid;
}

result<binaries> programs_for(const fs::path& data_dir, const find_options& wanted) {
    const auto major = data_dir.empty() ? std::nullopt : major_of(data_dir);
    if (!major) return find_binaries(wanted);
    const auto made_by = "was made by PostgreSQL " + std::to_string(*major);
    if (wanted.version() != 0 && wanted.version() != *major)
        return unsuitable(data_dir, made_by + ", and version " + std::to_string(wanted.version()) +
                                        " cannot run it; ask for version " + std::to_string(*major) +
                                        ", choose another directory, or convert it with pg_upgrade");
    auto found = find_binaries(find_options{wanted}.version(*major));
    if (!found)
        return failure{found.error()}.add_context("data directory " + data_dir.string() + " " + made_by);
    if (found->major != *major)
        return unsuitable(data_dir,
                          made_by + ", and " + found->bin_dir.string() + " has version " + found->version);
    return found;
}

failure prepare_persistent(const fs::path& data_dir, const identity& who, const golden& source,
                           bool durable) {
    std::error_code problem;
    const bool created = fs::create_directories(data_dir, problem);
    if (problem) return unsuitable(data_dir, "cannot create it: " + problem.message());
    if (created) fs::permissions(data_dir, fs::perms::owner_all, problem);
    if (const auto closed = first_closed_parent(data_dir, who))
        return unsuitable(data_dir,
                          "the account " + who.name + ", under which the server has to run, cannot pass " +
                              closed->string() + "; choose a directory elsewhere, or open that one");
    const auto lock = lock_directory(data_dir);
    if (!lock) return lock.error();
    if (major_of(data_dir)) {
        if (const auto pid = running_postmaster(data_dir))
            return unsuitable(data_dir, "in use by the server with pid " + std::to_string(*pid) +
                                            "; stop that one first (`pg_ctl stop -D " + data_dir.string() +
                                            "`)");
        return {};
    }
    const bool empty = fs::is_empty(data_dir, problem);
    if (problem) return unsuitable(data_dir, "cannot read it: " + problem.message());
    if (!empty)
        return unsuitable(data_dir,
                          "not empty, and there is no PG_VERSION in it: it was not made by PostgreSQL (or "
                          "the copying was interrupted); choose an empty or a new directory");
    if (auto failed = source.install(data_dir)) return failed;
    if (durable && ::syncfs(lock->get()) != 0)
        return system_failure("cannot flush " + data_dir.string(), errno);
    return {};
}

} // namespace tusk::embedded::detail
