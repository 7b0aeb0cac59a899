#include <tusk/embedded/shared_server.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tusk/embedded/detail/instance.hpp>
#include <tusk/embedded/detail/keeper_process.hpp>
#include <tusk/embedded/detail/places.hpp>
#include <tusk/embedded/detail/posix.hpp>
#include <tusk/embedded/detail/registry.hpp>
#include <tusk/embedded/detail/text.hpp>
#include <tusk/embedded/detail/tree.hpp>

namespace tusk::embedded {

namespace detail {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view record_extension = ".server";
constexpr auto stop_patience = std::chrono::seconds{30};

/// The files of one shared server: `<state>/shared/<name>.…`. They stay when the server has gone.
struct shared_place {
    fs::path lease;  ///< Users hold shared locks of it.
    fs::path start;  ///< Who starts or clears away holds its lock.
    fs::path record; ///< The registration.
    fs::path kept;   ///< Its time of change says until when the server stays without users.
};

result<fs::path> shared_dir() {
    const auto state = state_dir();
    if (!state) return state.error();
    const auto dir = *state / "shared";
    if (::mkdir(dir.c_str(), 0700) != 0 && errno != EEXIST)
        return system_failure("cannot create " + dir.string(), errno);
    return dir;
}

shared_place place_of(const fs::path& dir, const std::string& name) {
    return {dir / (name + ".lease"), dir / (name + ".lock"), dir / (name + std::string{record_extension}),
            dir / (name + ".kept")};
}

/// Everything that makes two servers different; the programs by what finds them.
result<std::string> name_of(const server_options& options) {
    std::string text = "1"; // of this format
    const auto add = [&text](const std::string& part) { text += "\n" + escape_line(part); };
    for (const char* variable : {"TUSK_PG_BIN", "TUSK_PG_DIRS", "PATH"})
        add(environment(variable).value_or(""));
    add(std::to_string(options.version()));
    for (const auto& part :
         {options.bin_dir().string(), options.scratch_dir().string(), options.socket_dir().string(),
          options.tcp_host(), options.database(), options.user(), options.locale(), options.name()})
        add(part);
    add(std::to_string(options.port()) + (options.durable() ? " durable" : "") +
        (options.has_tls() ? " tls" : ""));
    for (const auto& [name, value] : options.settings()) add(name + "=" + value);
    for (const auto& argument : options.initdb_arguments()) add(argument);
    for (const auto& script : options.init_scripts()) {
        const auto sql = script.text();
        if (!sql) return sql.error();
        add(*sql);
    }
    return options.name() + "-" + short_hash(text);
}

failure check_sharable(const server_options& options) {
    const auto refused = [](const char* what) {
        return failure{errc::invalid_configuration, std::string{"a shared server takes no "} + what +
                                                        "; start one of your own with embedded::server"};
    };
    if (auto problem = options.check()) return problem;
    if (!options.is_ephemeral()) return refused("data_dir");
    if (options.is_detached()) return refused("detach");
    if (options.is_standby()) return refused("standby_of");
    if (!options.log_file().empty()) return refused("log_file");
    return {};
}

result<unique_fd> lock_shared(const fs::path& file) {
    unique_fd fd{::open(file.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600)};
    if (!fd) return system_failure("cannot open " + file.string(), errno);
    while (::flock(fd.get(), LOCK_SH) != 0)
        if (errno != EINTR) return system_failure("cannot lock " + file.string(), errno);
    return fd;
}

std::optional<registration> load(const fs::path& record) {
    const auto text = read_file(record);
    return text ? parse_registration(*text) : std::nullopt;
}

/// What a server that lost its keeper left behind.
void clear_away(const registration& dead) {
    struct stat info{};
    if (::stat(dead.server.data_dir.c_str(), &info) == 0)
        remove_shared_memory((dead.server.data_dir / "postmaster.pid").c_str(), info.st_uid);
    for (const auto& dir : dead.removed) remove_tree(dir);
}

} // namespace

/// What a user of a shared server holds.
class shared_membership {
public:
    registration server;
    std::string name;
    shared_place place;
    unique_fd lease;
    bool first = false;
    std::unique_ptr<instance> started; ///< Of the first user: the keeper's control.
};

namespace {

/// With the start lock held.
failure find_or_start(shared_membership& of, server_options options, std::chrono::milliseconds linger) {
    if (const auto found = load(of.place.record)) {
        if (found->is_alive()) {
            of.server = *found;
            return {};
        }
        clear_away(*found);
    }
    ::unlink(of.place.kept.c_str());
    auto made = std::make_unique<instance>(options);
    if (auto problem = made->open_shared({of.place.lease, linger, of.place.record, of.place.kept}))
        return problem;
    const auto written = load(of.place.record);
    if (!written)
        return failure{errc::environment,
                       "the server started and ended at once; see " + made->log_file().string()};
    of.server = *written;
    of.started = std::move(made);
    of.first = true;
    return {};
}

} // namespace

} // namespace detail

result<shared_server> shared_server::join(const server_options& options, std::chrono::milliseconds linger) {
    if (auto problem = detail::check_sharable(options)) return problem;
    const auto dir = detail::shared_dir();
    if (!dir) return dir.error();
    const auto name = detail::name_of(options);
    if (!name) return name.error();
    auto joined = std::make_unique<detail::shared_membership>();
    joined->name = *name;
    joined->place = detail::place_of(*dir, *name);
    // First a user, so that the server that is found cannot be on its way out.
    auto lease = detail::lock_shared(joined->place.lease);
    if (!lease) return lease.error();
    joined->lease = std::move(*lease);
    const auto start = detail::lock_file(joined->place.start);
    if (!start) return start.error();
    if (auto problem = detail::find_or_start(*joined, options, linger)) return problem;
    return shared_server{std::move(joined)};
}

shared_server::shared_server(std::unique_ptr<detail::shared_membership> joined) noexcept
    : joined_{std::move(joined)} {}
shared_server::shared_server(shared_server&&) noexcept = default;
shared_server& shared_server::operator=(shared_server&&) noexcept = default;
shared_server::~shared_server() = default;

const std::string& shared_server::url() const noexcept { return joined_->server.server.url; }
const std::string& shared_server::tcp_url() const noexcept { return joined_->server.tcp_url; }
const std::filesystem::path& shared_server::socket_dir() const noexcept {
    return joined_->server.server.socket_dir;
}
const std::filesystem::path& shared_server::data_dir() const noexcept {
    return joined_->server.server.data_dir;
}
const std::filesystem::path& shared_server::log_file() const noexcept { return joined_->server.log_file; }
const std::filesystem::path& shared_server::ca_file() const noexcept { return joined_->server.ca_file; }
std::uint16_t shared_server::port() const noexcept { return joined_->server.server.port; }
pid_t shared_server::pid() const noexcept { return joined_->server.server.pid; }
const std::string& shared_server::version() const noexcept { return joined_->server.server.version; }
const std::string& shared_server::name() const noexcept { return joined_->name; }
bool shared_server::is_first() const noexcept { return joined_->first; }
bool shared_server::is_running() const { return joined_->server.is_alive(); }
std::string shared_server::log_tail(std::size_t lines) const {
    return detail::tail_of_file(log_file(), lines);
}

result<void> shared_server::keep_for(std::chrono::seconds time) const {
    const auto& file = joined_->place.kept;
    const detail::unique_fd fd{::open(file.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600)};
    timespec until[2];
    until[0].tv_sec = until[1].tv_sec = ::time(nullptr) + static_cast<time_t>(time.count());
    until[0].tv_nsec = until[1].tv_nsec = 0;
    if (!fd || ::futimens(fd.get(), until) != 0)
        return detail::system_failure("cannot write " + file.string(), errno);
    return {};
}

std::vector<detached_server> list_shared() {
    std::vector<detached_server> out;
    const auto dir = detail::shared_dir();
    if (!dir) return out;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator{*dir, ignored}) {
        if (entry.path().extension() != detail::record_extension) continue;
        auto found = detail::load(entry.path());
        if (!found || !found->is_alive()) continue;
        found->server.name = entry.path().stem().string();
        out.push_back(std::move(found->server));
    }
    std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return out;
}

result<void> stop_shared(std::string_view name) {
    const auto dir = detail::shared_dir();
    if (!dir) return dir.error();
    const auto place = detail::place_of(*dir, std::string{name});
    const auto start = detail::lock_file(place.start);
    if (!start) return start.error();
    const auto found = detail::load(place.record);
    if (!found || !found->is_alive())
        return failure{errc::environment, "no shared server named \"" + std::string{name} + "\" is running"};
    ::unlink(place.kept.c_str());
    ::kill(found->server.pid, SIGQUIT); // its keeper removes the rest
    if (!detail::wait_until_gone(found->server.pid, found->start_time, deadline::in(detail::stop_patience)))
        return failure{errc::timeout, "the server (pid " + std::to_string(found->server.pid) +
                                          ") has not stopped after 30 s"};
    detail::clear_away(*found);
    ::unlink(place.record.c_str());
    return {};
}

} // namespace tusk::embedded
