#include <tusk/embedded/detail/instance.hpp>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include <tusk/embedded/detail/certificate.hpp>
#include <tusk/embedded/detail/data_directory.hpp>
#include <tusk/embedded/detail/free_port.hpp>
#include <tusk/embedded/detail/golden.hpp>
#include <tusk/embedded/detail/places.hpp>
#include <tusk/embedded/detail/text.hpp>
#include <tusk/embedded/detail/tree.hpp>

namespace tusk::embedded::detail {

namespace fs = std::filesystem;

namespace {

constexpr auto look_again = std::chrono::milliseconds{5}; // between two attempts to connect
constexpr auto stop_in_order = std::chrono::seconds{30};  // a checkpoint of a large server takes its time
constexpr int oldest_standby = 12;                        // standby.signal; before, it was recovery.conf
constexpr int port_attempts = 3;                          // a free port may be taken before the server has it
constexpr std::size_t lines_in_errors = 12;
constexpr auto init_timeout = std::chrono::minutes{10}; // for scripts: large seeds take their time

/// `follow` for a path that the user chose; in a directory of another account a link may be a trap.
result<unique_fd> open_log(const fs::path& file, const identity& who, bool follow) {
    const int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW);
    auto fd = above_streams(unique_fd{::open(file.c_str(), flags, 0600)});
    if (!fd) return system_failure("cannot open the log file " + file.string(), errno);
    if (!follow && who.switches && ::fchown(fd.get(), who.uid, who.gid) != 0)
        return system_failure("cannot give " + file.string() + " to " + who.name, errno);
    return fd;
}

} // namespace

instance::instance(const server_options& options) : options_{options}, owner_{::getpid()} {}

instance::~instance() {
    if (::getpid() != owner_ || detached_ || shared_) {
        if (run_dir_) run_dir_->release();
        if (socket_home_) socket_home_->release();
        return;
    }
    if (!keeper_) return;
    if (!options_.is_ephemeral()) static_cast<void>(stop(stop_mode::fast, deadline::in(stop_in_order)));
    keeper_->finish();
    // Only without a keeper is there something to wait for: the directories may go when the server has.
    is_running_until(deadline::in(stop_in_order));
}

failure instance::open() { return options_.is_detached() ? open_detached() : prepare(); }

failure instance::open_shared(const sharing& how) {
    sharing_ = how;
    if (auto problem = prepare()) return problem;
    if (auto problem = write_file(how.record, to_text(describe()))) return problem;
    keeper_->share();
    shared_ = true;
    return {};
}

failure instance::open_detached() {
    const auto entry = registry_entry::open(options_.name());
    if (!entry) return entry.error();
    if (const auto found = entry->load()) {
        if (found->is_alive()) return adopt(*found);
        entry->erase(*found);
    }
    if (auto problem = prepare()) return problem;
    return register_and_detach(*entry);
}

/// Starting a server that runs already gives that server, if it is one of the kind asked for.
failure instance::adopt(const registration& found) {
    const auto& running = found.server;
    const auto differs = [&](const std::string& how) {
        return failure{errc::invalid_configuration, "the server \"" + running.name +
                                                        "\" is already running " + how +
                                                        "; stop it first, or choose another name"};
    };
    const int major = std::atoi(running.version.c_str());
    if (options_.version() != 0 && options_.version() != major)
        return differs("with version " + running.version);
    std::error_code ignored;
    if (!options_.is_ephemeral() && !fs::equivalent(options_.data_dir(), running.data_dir, ignored))
        return differs("on " + running.data_dir.string());
    auto who = server_identity(running.data_dir);
    if (!who) return who.error();
    auto programs = programs_for(running.data_dir, find_options{}.version(major).bin_dir(options_.bin_dir()));
    if (!programs) return programs.error();
    who_ = *std::move(who);
    programs_ = *std::move(programs);
    where_ = {running.data_dir, running.socket_dir, running.port, is_in_memory(running.data_dir)};
    url_ = running.url;
    tcp_url_ = found.tcp_url;
    log_file_ = found.log_file;
    ca_file_ = found.ca_file;
    pid_ = running.pid;
    start_time_ = found.start_time;
    adopted_dirs_ = found.removed;
    detached_ = true;
    return {};
}

failure instance::prepare() {
    std::error_code ignored;
    if (!options_.is_ephemeral())
        where_.data_dir = fs::absolute(options_.data_dir(), ignored).lexically_normal();
    auto programs = programs_for(options_.is_standby() ? options_.primary_data_dir() : where_.data_dir,
                                 find_options{}.version(options_.version()).bin_dir(options_.bin_dir()));
    if (!programs) return programs.error();
    programs_ = *std::move(programs);
    auto who = server_identity(where_.data_dir);
    if (!who) return who.error();
    who_ = *std::move(who);

    const auto base = scratch_base(options_.scratch_dir(), who_);
    if (!base) return base.error();
    sweep(*base, who_);
    const golden source{programs_, who_, *base, initdb_arguments(options_)};
    if (options_.is_ephemeral()) {
        auto made = scratch::make(*base, who_, options_.is_detached());
        if (!made) return made.error();
        run_dir_.emplace(std::move(*made));
        where_.data_dir = run_dir_->path() / "data";
        where_.data_in_memory = is_in_memory(run_dir_->path());
        if (auto problem = make_data(source)) return problem;
        fresh_ = !options_.is_standby();
    } else {
        fresh_ = !major_of(where_.data_dir);
        if (auto problem = prepare_persistent(where_.data_dir, who_, source, options_.durable()))
            return problem;
    }
    if (options_.has_tls())
        if (auto problem = prepare_tls()) return problem;
    log_file_ = options_.log_file();
    if (log_file_.empty()) log_file_ = run_dir_ ? run_dir_->path() / "log" : where_.data_dir / "tusk.log";
    log_file_ = fs::absolute(log_file_, ignored);
    where_.port = options_.port();
    if (auto problem = prepare_socket_dir()) return problem;
    return start_on_a_port();
}

/// The data directory of an ephemeral server.
failure instance::make_data(const golden& source) {
    if (!options_.is_standby()) return source.install(where_.data_dir);
    if (programs_.major < oldest_standby)
        return failure{errc::invalid_configuration,
                       "standby_of needs PostgreSQL 12 or later, this is " + programs_.version};
    if (const auto pid = running_postmaster(options_.primary_data_dir()))
        return failure{errc::environment, options_.primary_data_dir().string() +
                                              " cannot be copied while a server (pid " +
                                              std::to_string(*pid) + ") runs on it; stop the primary first"};
    const auto copied = copy_tree(options_.primary_data_dir(), where_.data_dir, who_);
    if (!copied) return copied.error();
    const auto signal = where_.data_dir / "standby.signal";
    const unique_fd file{::open(signal.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600)};
    if (!file) return system_failure("cannot create " + signal.string(), errno);
    return give_to(signal, who_);
}

/// The directory asked for; else that of the data when the path is short enough; else a new one.
failure instance::prepare_socket_dir() {
    // Any port is at most five digits long; the port may still be chosen.
    constexpr std::uint16_t longest = 65535;
    std::error_code problem;
    if (const auto& wanted = options_.socket_dir(); !wanted.empty()) {
        where_.socket_dir = fs::absolute(wanted, problem).lexically_normal();
        if (auto too_long = check_socket_path(where_.socket_dir, where_.port == 0 ? longest : where_.port))
            return too_long;
        const bool created = fs::create_directories(where_.socket_dir, problem);
        if (problem)
            return failure{errc::environment, "cannot create " + wanted.string() + ": " + problem.message()};
        return created ? give_to(where_.socket_dir, who_) : failure{};
    }
    if (run_dir_ && !check_socket_path(run_dir_->path(), longest)) {
        where_.socket_dir = run_dir_->path();
        return {};
    }
    failure last;
    for (const auto& base : socket_bases(who_)) {
        if ((last = check_socket_path(base / "tusk-db-XXXXXX", longest))) continue;
        sweep(base, who_);
        auto made = scratch::make(base, who_, options_.is_detached());
        if (!made) {
            last = made.error();
            continue;
        }
        socket_home_.emplace(std::move(*made));
        where_.socket_dir = socket_home_->path();
        return {};
    }
    return last;
}

failure instance::start_on_a_port() {
    if (options_.port() != 0) return start();
    failure problem;
    for (int attempt = 0; attempt < port_attempts; ++attempt) {
        const auto port = free_port(options_.tcp_host());
        if (!port) return port.error();
        where_.port = *port;
        problem = start();
        if (!problem || is_running_until(deadline{steady_clock::now()})) return problem;
        if (!keeper_) return problem;
        keeper_->detach(); // it has no postmaster, and it knows the old port
        keeper_.reset();
    }
    return problem;
}

failure instance::launch_keeper() {
    auto log = open_log(log_file_, who_, !options_.log_file().empty());
    if (!log) return log.error();
    keeper::setup plan{exec_image{postmaster_command(programs_, options_, where_)},
                       who_,
                       *std::move(log),
                       {},
                       {},
                       {},
                       options_.is_detached(),
                       {},
                       {},
                       {},
                       {}};
    if (sharing_) {
        // A description of its own: the lock of the owner must not count as the keeper's.
        plan.lease = above_streams(unique_fd{::open(sharing_->lease.c_str(), O_RDWR | O_CLOEXEC)});
        if (!plan.lease) return system_failure("cannot open " + sharing_->lease.string(), errno);
        plan.linger = sharing_->linger;
        plan.record = sharing_->record.string();
        plan.kept = sharing_->kept.string();
    }
    for (const auto* home : {&run_dir_, &socket_home_})
        if (*home && (*home)->lock() >= 0) plan.locks.push_back((*home)->lock());
    for (const auto& dir : removed_dirs()) plan.removed.push_back(dir.string());
    if (options_.is_ephemeral()) plan.pid_file = (where_.data_dir / "postmaster.pid").string();
    auto launched = keeper::launch(plan);
    if (!launched) return launched.error();
    keeper_.emplace(*std::move(launched));
    return {};
}

std::vector<fs::path> instance::removed_dirs() const {
    auto dirs = adopted_dirs_;
    for (const auto* home : {&run_dir_, &socket_home_})
        if (*home) dirs.push_back((*home)->path());
    return dirs;
}

failure instance::start() {
    url_ = socket_url(options_, where_);
    tcp_url_ = detail::tcp_url(options_, where_);
    if (options_.has_tls())
        tcp_url_ += "?sslmode=verify-full&sslrootcert=" + percent_encode(ca_file_.string());
    if (!keeper_ || !keeper_->is_alive())
        if (auto problem = launch_keeper()) return problem;
    const auto pid = keeper_->spawn();
    if (!pid) return pid.error();
    pid_ = *pid;
    start_time_ = process_start_time(pid_);
    return wait_until_ready();
}

/// What to do when somebody else listens on the port; nothing when that was not the reason.
std::string instance::port_taken() const {
    if (tail_of_file(log_file(), 20).find("Address already in use") == std::string::npos) return {};
    return "; another program has the TCP port " + std::to_string(where_.port) +
           ": choose another one, or say none, and a free one is taken";
}

/// Ready is a server that lets us in, whatever its log says.
failure instance::wait_until_ready() {
    const auto until = deadline::in(options_.startup_timeout());
    const auto named = "PostgreSQL " + programs_.version;
    for (;;) {
        auto session = admin_session::open(socket_file(where_.socket_dir, where_.port), pid_, "postgres",
                                           "postgres", until);
        if (session) {
            if (auto problem = create_role_and_database(*session, until)) return problem;
            return run_init_scripts(deadline::in(init_timeout));
        }
        if (!is_not_ready(session.error()) && session.error().code() != errc::timeout)
            return with_log(failure{session.error()}.add_context(named +
                                                                 " runs, but the role and the database "
                                                                 "`postgres` are not to be had"));
        if (!is_running_until(deadline::in(look_again)))
            return with_log(failure{errc::environment,
                                    named + " did not start: it " + keeper_->exit_text() + port_taken()});
        if (!until.expired()) continue;
        send(SIGQUIT);
        return with_log(failure{errc::timeout, named + " was not ready after " +
                                                   std::to_string(options_.startup_timeout().count()) +
                                                   " ms (raise startup_timeout if it is still recovering)"});
    }
}

failure instance::create_role_and_database(admin_session& session, deadline until) {
    const auto ensure = [&](const std::string& present, const std::string& sql) -> failure {
        const auto found = session.query(present, until);
        if (!found) return found.error();
        if (!found->empty()) return {};
        const auto done = session.query(sql, until);
        return done ? failure{} : with_log(failure{done.error()}.add_context(sql));
    };
    const auto role = quote_identifier(options_.user());
    if (options_.user() != "postgres")
        if (auto problem = ensure("select 1 from pg_roles where rolname = " + quote_literal(options_.user()),
                                  "create role " + role + " superuser login"))
            return problem;
    if (options_.database() == "postgres") return {};
    auto sql = "create database " + quote_identifier(options_.database()) + " owner " + role;
    // Copying files needs a checkpoint, which costs nothing where nothing is flushed, and writes no WAL.
    if (programs_.major >= 15 && !options_.durable()) sql += " strategy file_copy";
    return ensure("select 1 from pg_database where datname = " + quote_literal(options_.database()), sql);
}

/// Once for a data directory, each script as one transaction.
failure instance::run_init_scripts(deadline until) {
    if (!std::exchange(fresh_, false) || options_.init_scripts().empty()) return {};
    auto session = admin_session::open(socket_file(where_.socket_dir, where_.port), pid_, options_.user(),
                                       options_.database(), until);
    if (!session) return with_log(failure{session.error()}.add_context("init scripts"));
    for (const auto& script : options_.init_scripts()) {
        const auto text = script.text();
        if (!text) return text.error();
        const auto done = session->query(*text, until);
        if (!done) return failure{done.error()}.add_context("init script " + script.name);
    }
    return {};
}

failure instance::prepare_tls() {
    const auto dir = where_.data_dir;
    ca_file_ = dir / "tusk-ca.crt";
    return make_certificates({ca_file_, dir / "tusk-server.crt", dir / "tusk-server.key"}, who_);
}

registration instance::describe() const {
    registration record;
    record.server = {options_.name(),         pid_,        where_.data_dir,
                     where_.socket_dir,       where_.port, programs_.version,
                     options_.is_ephemeral(), url_};
    record.start_time = start_time_.value_or(0);
    record.removed = removed_dirs();
    record.tcp_url = tcp_url_;
    record.log_file = log_file_;
    record.ca_file = ca_file_;
    return record;
}

failure instance::register_and_detach(const registry_entry& entry) {
    if (auto problem = entry.save(describe())) return problem;
    keeper_->detach();
    keeper_.reset();
    detached_ = true;
    return {};
}

bool instance::is_running_until(deadline until) {
    if (keeper_ && keeper_->is_running_until(until)) return true;
    if (keeper_ && keeper_->is_alive()) return false;
    return pid_ > 0 && start_time_ && !wait_until_gone(pid_, *start_time_, until);
}

void instance::send(int signal) {
    if (keeper_ && keeper_->is_alive())
        keeper_->signal(signal);
    else if (start_time_ && process_start_time(pid_) == start_time_)
        ::kill(pid_, signal);
}

failure instance::stop(stop_mode mode, deadline until) {
    if (!is_running_until(deadline{steady_clock::now()})) return {};
    send(signal_of(mode));
    if (!is_running_until(until)) return {};
    return with_log(failure{
        errc::timeout, "the server (pid " + std::to_string(pid_) + ") has not stopped in time" +
                           (mode == stop_mode::smart ? "; in smart mode it waits for its clients" : "")});
}

failure instance::kill9() {
    send(SIGKILL);
    if (!is_running_until(deadline::in(stop_in_order))) return {};
    return failure{errc::timeout, "the killed server (pid " + std::to_string(pid_) + ") is still there"};
}

failure instance::start_again() {
    if (is_running_until(deadline{steady_clock::now()}))
        return failure{errc::invalid_argument,
                       "the server (pid " + std::to_string(pid_) + ") is running already"};
    if (!options_.is_detached()) return start();
    const auto entry = registry_entry::open(options_.name());
    if (!entry) return entry.error();
    return start_detached(*entry);
}

failure instance::start_detached(const registry_entry& entry) {
    detached_ = false; // until it is registered again, it must not outlive us
    if (auto problem = start()) return problem;
    return register_and_detach(entry);
}

failure instance::restart(stop_mode mode) {
    const auto until = deadline::in(stop_in_order);
    if (!options_.is_detached()) {
        if (auto problem = stop(mode, until)) return problem;
        return start();
    }
    // Locked all the way: to others the server would look dead in between, and they would clear up after it.
    const auto entry = registry_entry::open(options_.name());
    if (!entry) return entry.error();
    if (auto problem = stop(mode, until)) return problem;
    return start_detached(*entry);
}

failure instance::with_log(failure problem) const {
    const auto lines = tail_of_file(log_file_, lines_in_errors);
    auto text = std::string{problem.text()};
    text += lines.empty() ? "\nits log " + log_file_.string() + " is empty"
                          : "\nlast lines of " + log_file_.string() + ":\n" + lines;
    return failure{problem.code(), std::move(text)};
}

} // namespace tusk::embedded::detail
