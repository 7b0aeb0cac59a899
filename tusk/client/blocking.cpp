#include <tusk/client/blocking.hpp>

#include <thread>

#include <tusk/client/call.hpp>
#include <tusk/client/copy_run.hpp>
#include <tusk/net/blocking_driver.hpp>
#include <tusk/protocol/await_notification.hpp>

namespace tusk::blocking {

class connection::core {
public:
    explicit core(connection_settings s) : settings{std::move(s)} {
        tusk::detail::forward_messages(driver.session(), settings, notifications);
    }

    failure enter(deadline until) {
        if (busy) return tusk::detail::busy_failure();
        if (!driver.is_open()) return tusk::detail::closed_connection_failure();
        if (until.expired()) return tusk::detail::late_failure();
        return settle(until);
    }

    /// Ends what an abandoned stream or transaction left behind.
    failure settle(deadline until) {
        if (abandoned) {
            const auto stream = std::exchange(abandoned, nullptr);
            driver.run(stream->machine, until, protocol::event_kind::canceled);
            if (!driver.is_open())
                return failure{errc::connection_lost,
                               "the connection could not be freed from an abandoned stream"};
        }
        if (pending_control.empty()) return {};
        const auto sql = std::exchange(pending_control, std::string{});
        tusk::detail::command_sink sink;
        protocol::simple_query machine{driver.session(), sql, sink};
        driver.run(machine, until);
        return machine.result();
    }

    failure control(std::string_view sql, const options& o, tusk::detail::command_sink* answer = nullptr) {
        const auto until = o.deadline_from_now(settings.statement_timeout());
        if (auto f = enter(until)) return f;
        const tusk::detail::busy_guard guard{busy};
        tusk::detail::command_sink ignored;
        protocol::simple_query machine{driver.session(), sql, answer != nullptr ? *answer : ignored, true};
        driver.run(machine, until);
        return machine.result();
    }

    /// The command travels with the first statement.
    void announce(std::string sql) {
        if (busy) throw error{tusk::detail::busy_failure()};
        if (!driver.is_open()) throw error{tusk::detail::closed_connection_failure()};
        driver.session().preamble.push_back(std::move(sql));
    }

    net::blocking_driver driver;
    connection_settings settings;
    protocol::statement_memo recent;
    bool busy = false;
    tusk::detail::kept_notifications notifications;
    std::string pending_control;
    std::shared_ptr<running_stream> abandoned;
};

namespace {

class connection_stream final : public detail::stream_source {
public:
    connection_stream(std::shared_ptr<connection::core> c, std::shared_ptr<running_stream> r)
        : core_{std::move(c)}, run_{std::move(r)} {}

    ~connection_stream() override {
        core_->busy = false;
        if (over_ || !run_->started) return;
        run_->watch->finish({}, *run_->sink, run_->machine);
        run_->abandon();
        core_->abandoned = std::move(run_);
    }

    failure advance(bool& more) override {
        more = false;
        if (over_) return {};
        const auto first = run_->started ? protocol::event_kind::proceed : protocol::event_kind::start;
        if (!std::exchange(run_->started, true))
            run_->watch.emplace(core_->settings.observed_by().get(), core_->settings, run_->what,
                                core_->driver.session());
        core_->driver.run(run_->machine, run_->until, first);
        more = core_->driver.paused();
        if (more) return {};
        over_ = true;
        core_->busy = false;
        run_->watch->finish(run_->machine.result(), *run_->sink, run_->machine);
        return run_->machine.result();
    }

private:
    std::shared_ptr<connection::core> core_;
    std::shared_ptr<running_stream> run_;
    bool over_ = false;
};

} // namespace

// ---- connection
// -----------------------------------------------------------------------------------------------

connection::connection(std::shared_ptr<core> c) noexcept : core_{std::move(c)} {}
connection::connection(connection&&) noexcept = default;

connection& connection::operator=(connection&& other) noexcept {
    close();
    core_ = std::move(other.core_);
    return *this;
}

connection::~connection() { close(); }

result<connection> connection::try_open(connect_config config, connection_settings settings, deadline until) {
    auto target = net::connect_target::make(std::move(config));
    if (!target) return target.error();
    return try_open(std::move(*target), std::move(settings), until);
}

result<connection> connection::try_open(std::shared_ptr<const net::connect_target> target,
                                        connection_settings settings, deadline until) {
    connection c{std::make_shared<core>(std::move(settings))};
    const auto shared = target; // the event's views live in it
    tusk::detail::connect_watch watch{c.core_->settings, shared->config().database(),
                                      shared->config().user()};
    auto& driver = c.core_->driver;
    auto f = driver.connect(std::move(target), until);
    watch.finish(f, driver.host().host, driver.host().port, driver.session());
    if (f) return f;
    return c;
}

connection connection::open(connect_config config, connection_settings settings) {
    return try_open(std::move(config), std::move(settings), deadline::never()).value();
}

connection connection::open(std::string_view conninfo, connection_settings settings) {
    return open(parse_connect_config(conninfo).value(), std::move(settings));
}

failure connection::execute(request& what, client_sink& sink) {
    auto early = what.take_failure();
    if (early) return std::move(early.set_sql(what.text()->text));
    auto& c = *core_;
    const auto until = what.call_options().deadline_from_now(c.settings.statement_timeout());
    if (auto f = c.enter(until)) return std::move(f.set_sql(what.text()->text));
    const tusk::detail::busy_guard guard{c.busy};
    tusk::detail::query_watch watch{c.settings.observed_by().get(), c.settings, what, c.driver.session()};
    tusk::detail::call source{what, sink, c.settings};
    protocol::query machine{c.driver.session(), *c.settings.statements(), source, sink};
    c.driver.run(machine, until);
    auto f = machine.result();
    if (f && f.sql().empty()) f.set_sql(what.text()->text);
    watch.finish(f, sink, machine);
    return f;
}

failure connection::execute_batch(batch& b, const options& o) {
    auto& c = *core_;
    const auto until = o.deadline_from_now(c.settings.statement_timeout());
    if (auto f = b.check()) return f;
    if (auto f = c.enter(until)) return f;
    if (b.empty()) return {};
    const tusk::detail::busy_guard guard{c.busy};
    auto& statements = *c.settings.statements();
    tusk::detail::batch_watch watch{c.settings.observed_by().get(), c.settings, b, o, c.driver.session()};
    auto& source = b.begin([&](std::string_view sql) { return statements.intern(sql); }, c.settings.types());
    protocol::batch_query machine{c.driver.session(), statements, source, b.is_independent()};
    c.driver.run(machine, until);
    auto f = b.conclude(machine.take_result());
    watch.finish(f, machine);
    return f;
}

result<std::unique_ptr<detail::stream_source>>
connection::open_stream(request what, std::shared_ptr<client_sink> sink, std::function<void()> abandon) {
    auto early = what.take_failure();
    if (early) return std::move(early.set_sql(what.text()->text));
    const auto until = what.call_options().deadline_from_now(core_->settings.statement_timeout());
    if (auto f = core_->enter(until)) return f;
    core_->busy = true;
    auto run = std::make_shared<running_stream>(core_->driver.session(), core_->settings, std::move(what),
                                                std::move(sink), std::move(abandon), until);
    return std::unique_ptr<detail::stream_source>{std::make_unique<connection_stream>(core_, std::move(run))};
}

failure connection::copy(tusk::detail::copy_job& job) {
    auto& c = *core_;
    const auto until = job.call_options().deadline_from_now(c.settings.statement_timeout());
    if (auto f = c.enter(until)) return std::move(f.set_sql(job.text()));
    const tusk::detail::busy_guard guard{c.busy};
    tusk::detail::copy_run run{job, c.driver.session(), c.settings};
    while (auto* machine = run.next(c.driver.paused())) c.driver.run(*machine, until, run.first_event());
    return run.finish();
}

protocol::known_statement connection::intern(std::string_view sql) {
    return core_->recent.intern(*core_->settings.statements(), sql);
}
failure connection::try_script(std::string_view sql, const options& o) { return core_->control(sql, o); }
void connection::script(std::string_view sql, const options& o) { throw_if(try_script(sql, o)); }

transaction connection::begin(const tx_options& o) {
    core_->announce(o.begin_sql());
    return transaction{*this, 0, o};
}

failure connection::ping(const options& o) {
    const auto until = o.deadline_from_now(core_->settings.statement_timeout());
    if (auto f = core_->enter(until)) return f;
    protocol::ping machine{core_->driver.session()};
    core_->driver.run(machine, until);
    return machine.result();
}

result<notification> connection::try_next_notification(const options& o) {
    auto& c = *core_;
    const auto until = o.deadline_from_now(steady_clock::duration::zero());
    for (;;) {
        auto kept = tusk::detail::take_notification(c.notifications);
        if (!kept) return failed<notification>(kept.error());
        if (*kept) return std::move(**kept);
        if (auto f = c.enter(until)) return failed<notification>(std::move(f));
        if (c.notifications && !c.notifications->empty()) continue;
        const tusk::detail::busy_guard guard{c.busy};
        protocol::await_notification machine{c.driver.session()};
        c.driver.run(machine, until);
        if (machine.result()) return failed<notification>(machine.take_result());
    }
}

notification connection::next_notification(const options& o) { return try_next_notification(o).value(); }

std::optional<notification> connection::poll_notification() {
    return tusk::detail::take_notification(core_->notifications).value();
}

void connection::close() noexcept {
    if (core_) core_->driver.close();
}

bool connection::is_open() const noexcept { return core_ && core_->driver.is_open(); }
bool connection::looks_alive() {
    return is_open() && !core_->busy && core_->driver.idle_connection_is_alive();
}
bool connection::is_clean() const noexcept {
    return is_open() && !core_->busy && !core_->abandoned && core_->pending_control.empty() &&
           status() == transaction_status::idle && core_->driver.session().preamble.empty();
}

failure connection::recover(deadline until) {
    if (core_->busy) return tusk::detail::busy_failure();
    core_->driver.session().preamble.clear();
    if (auto f = core_->settle(until)) return f;
    if (status() == transaction_status::idle) return {};
    return core_->control("rollback", options{}.until(until));
}

bool connection::is_altered() const noexcept { return core_ && core_->driver.session().altered; }

bool connection::refused_to_write() noexcept {
    return std::exchange(core_->driver.session().refused_to_write, false);
}

void connection::accept_session() noexcept { core_->driver.session().altered = false; }

failure connection::reset_session(const options& o) {
    auto f = core_->control(tusk::detail::reset_session_sql, o);
    if (!f) core_->driver.session().altered = false;
    return f;
}

std::int32_t connection::backend_pid() const noexcept { return core_->driver.session().backend_pid; }
transaction_status connection::status() const noexcept { return core_->driver.session().transaction; }
std::string_view connection::parameter(std::string_view name) const noexcept {
    return core_->driver.session().parameter(name);
}
protocol::exec_mode connection::mode() const noexcept { return core_->driver.session().mode; }

bool connection::tls() const noexcept { return core_->driver.session().tls; }
std::string connection::server() const { return core_->driver.host().display(); }

// ---- transaction
// ----------------------------------------------------------------------------------------------

transaction::transaction(connection& on, unsigned depth, const tx_options& o)
    : connection_{&on}, depth_{depth}, control_{o.call_options()}, resolvable_{o.is_resolvable()},
      watch_{tusk::detail::transaction_watch::make(on.core_->settings, depth > 0)} {}

transaction::transaction(transaction&& other) noexcept
    : verbs{std::move(other)}, connection_{std::exchange(other.connection_, nullptr)}, depth_{other.depth_},
      control_{other.control_}, resolvable_{other.resolvable_}, keep_alive_{std::move(other.keep_alive_)},
      watch_{std::move(other.watch_)} {}

transaction& transaction::operator=(transaction&& other) noexcept {
    abandon();
    connection_ = std::exchange(other.connection_, nullptr);
    depth_ = other.depth_;
    control_ = other.control_;
    resolvable_ = other.resolvable_;
    keep_alive_ = std::move(other.keep_alive_);
    watch_ = std::move(other.watch_);
    return *this;
}

transaction::~transaction() { abandon(); }

void transaction::abandon() noexcept {
    if (connection_ == nullptr) return;
    auto& core = *connection_->core_;
    try {
        if (!tusk::detail::forget_unsent_begin(core.driver.session().preamble, depth_))
            core.pending_control = depth_ == 0
                                       ? std::string{"rollback"}
                                       : "rollback to savepoint " + tusk::detail::savepoint_name(depth_);
    } catch (...) {
        core.driver.close(); // out of memory: the server rolls back when the connection goes
    }
    connection_ = nullptr;
    if (watch_) watch_->finish({}, false);
    keep_alive_.reset();
}

failure transaction::execute(request& what, client_sink& sink) {
    if (connection_ == nullptr)
        return std::move(tusk::detail::transaction_closed_failure().set_sql(what.text()->text));
    return connection_->execute(what, sink);
}

failure transaction::execute_batch(batch& b, const options& o) {
    if (connection_ == nullptr) return tusk::detail::transaction_closed_failure();
    if (b.is_independent()) return tusk::detail::independent_in_transaction_failure();
    return connection_->execute_batch(b, o);
}

result<std::unique_ptr<detail::stream_source>> transaction::open_stream(request what,
                                                                        std::shared_ptr<client_sink> sink,
                                                                        std::function<void()> abandon_rows) {
    if (connection_ == nullptr) return tusk::detail::transaction_closed_failure();
    return connection_->open_stream(std::move(what), std::move(sink), std::move(abandon_rows));
}

failure transaction::copy(tusk::detail::copy_job& job) {
    if (connection_ == nullptr)
        return std::move(tusk::detail::transaction_closed_failure().set_sql(job.text()));
    return connection_->copy(job);
}

protocol::known_statement transaction::intern(std::string_view sql) {
    if (connection_ == nullptr) throw error{tusk::detail::transaction_closed_failure()};
    return connection_->intern(sql);
}

failure transaction::try_commit() {
    if (connection_ == nullptr) return tusk::detail::transaction_closed_failure();
    const auto lease = std::move(keep_alive_);
    auto f = commit_on(*std::exchange(connection_, nullptr));
    if (watch_) watch_->finish(f, !f);
    return f;
}

failure transaction::commit_on(connection& on) {
    if (tusk::detail::forget_unsent_begin(on.core_->driver.session().preamble, depth_)) return {};
    if (depth_ > 0)
        return on.core_->control("release savepoint " + tusk::detail::savepoint_name(depth_), control_);
    tusk::detail::command_sink id;
    tusk::detail::command_sink answer;
    const bool ask = resolvable_ && on.status() == transaction_status::in_transaction;
    if (ask)
        if (auto f = on.core_->control(tusk::detail::transaction_id_sql, control_, &id)) {
            on.core_->pending_control = "rollback";
            return f;
        }
    const bool had_failed = on.status() == transaction_status::failed;
    auto f = on.core_->control("commit", control_, &answer);
    if (ask) return tusk::detail::judge_commit(std::move(f), answer.tag(), had_failed, id.value());
    return tusk::detail::judge_commit(std::move(f), answer.tag(), had_failed);
}

void transaction::commit() { throw_if(try_commit()); }

failure transaction::try_rollback() {
    if (connection_ == nullptr) return {};
    const auto lease = std::move(keep_alive_);
    auto f = roll_back_on(*std::exchange(connection_, nullptr));
    if (watch_) watch_->finish(f, false);
    return f;
}

failure transaction::roll_back_on(connection& on) {
    if (!on.is_open()) return {}; // the server has rolled back
    if (tusk::detail::forget_unsent_begin(on.core_->driver.session().preamble, depth_)) return {};
    if (depth_ == 0) return on.core_->control("rollback", control_);
    const auto name = tusk::detail::savepoint_name(depth_);
    return on.core_->control("rollback to savepoint " + name + "; release savepoint " + name, control_);
}

void transaction::rollback() { throw_if(try_rollback()); }

transaction transaction::begin(const tx_options&) {
    if (connection_ == nullptr) throw error{tusk::detail::transaction_closed_failure()};
    connection_->core_->announce("savepoint " + tusk::detail::savepoint_name(depth_ + 1));
    transaction inner{*connection_, depth_ + 1, tx_options{}};
    inner.control_ = control_;
    return inner;
}

namespace detail {

void back_off(unsigned attempt) { std::this_thread::sleep_for(tusk::detail::back_off_time(attempt)); }

} // namespace detail

} // namespace tusk::blocking
