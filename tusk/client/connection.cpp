#include <tusk/client/connection.hpp>

#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <tusk/client/connection_core.hpp>
#include <tusk/net/hosts.hpp>

namespace tusk {

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

    bool advance_now() override {
        if (!run_->started || over_) return false;
        // Rows that were received with the last ones need no I/O.
        const auto a = run_->machine.resume({protocol::event_kind::proceed, {}});
        if (a.kind == protocol::action_kind::paused) return true;
        waiting_ = a;
        has_action_ = true;
        return false;
    }

    asio::awaitable<failure> advance(bool& more) override {
        more = false;
        if (over_) co_return failure{};
        const bool finished = has_action_ && waiting_.kind == protocol::action_kind::done;
        if (!finished) {
            // `advance_now` ran the machine until it wanted more input; `transferred` makes it look again.
            const auto first =
                run_->started ? protocol::event_kind::transferred : protocol::event_kind::start;
            if (!run_->started) watch();
            has_action_ = false;
            co_await core_->driver.run(run_->machine, run_->until, first);
            more = core_->driver.paused();
            if (more) co_return failure{};
        }
        over_ = true;
        core_->busy = false;
        run_->watch->finish(run_->machine.result(), *run_->sink, run_->machine);
        co_return run_->machine.result();
    }

private:
    void watch() {
        run_->started = true;
        run_->watch.emplace(core_->settings.observed_by().get(), core_->settings, run_->what,
                            core_->driver.session());
    }

    std::shared_ptr<connection::core> core_;
    std::shared_ptr<running_stream> run_;
    protocol::action waiting_;
    bool has_action_ = false;
    bool over_ = false;
};

} // namespace

connection::connection(std::shared_ptr<core> c) noexcept : core_{std::move(c)} {}
connection::connection(connection&&) noexcept = default;

connection& connection::operator=(connection&& other) noexcept {
    close();
    core_ = std::move(other.core_);
    return *this;
}

connection::~connection() { close(); }

asio::awaitable<result<connection>> connection::try_open(asio::any_io_executor executor,
                                                         std::shared_ptr<const net::connect_target> target,
                                                         connection_settings settings, deadline until) {
    connection c{std::make_shared<core>(executor, std::move(settings))};
    if (auto f = co_await c.core_->connect(std::move(target), until)) co_return f;
    co_return std::move(c);
}

asio::awaitable<connection> connection::open(std::string_view conninfo, connection_settings settings) {
    auto config = parse_connect_config(conninfo);
    if (!config) throw error{config.error()};
    return open(std::move(*config), std::move(settings));
}

asio::awaitable<connection> connection::open(connect_config config, connection_settings settings) {
    const auto executor = co_await asio::this_coro::executor;
    auto target = net::connect_target::make(std::move(config));
    if (!target) throw error{target.error()};
    auto c = co_await try_open(executor, std::move(*target), std::move(settings), deadline::never());
    if (!c) throw error{c.error()};
    co_return std::move(*c);
}

asio::awaitable<failure> connection::execute(request& what, client_sink& sink) {
    return core_->execute(what, sink);
}

asio::awaitable<failure> connection::execute_batch(batch& b, options o) {
    return core_->execute_batch(b, std::move(o));
}

asio::awaitable<result<std::unique_ptr<detail::stream_source>>>
connection::open_stream(request what, std::shared_ptr<client_sink> sink, std::function<void()> abandon) {
    const auto self = core_;
    auto early = what.take_failure();
    if (early) co_return std::move(early.set_sql(what.text()->text));
    const auto until = what.call_options().deadline_from_now(self->settings.statement_timeout());
    if (self->busy) co_return detail::busy_failure();
    if (!self->driver.is_open()) co_return detail::closed_connection_failure();
    self->busy = true;
    if (auto f = co_await self->settle(until)) {
        self->busy = false;
        co_return f;
    }
    auto run = std::make_shared<running_stream>(self->driver.session(), self->settings, std::move(what),
                                                std::move(sink), std::move(abandon), until);
    co_return std::unique_ptr<detail::stream_source>{
        std::make_unique<connection_stream>(self, std::move(run))};
}

protocol::known_statement connection::intern(std::string_view sql) {
    return core_->recent.intern(*core_->settings.statements(), sql);
}

asio::awaitable<failure> connection::try_script(std::string_view sql, const options& o) {
    return core_->control(std::string{sql}, o);
}

namespace {

asio::awaitable<void> throwing(asio::awaitable<failure> work) { throw_if(co_await std::move(work)); }

} // namespace

asio::awaitable<void> connection::script(std::string_view sql, const options& o) {
    return throwing(try_script(sql, o));
}

asio::awaitable<transaction> connection::begin(const tx_options& o) { return detail::begin_on(*this, o); }

asio::awaitable<failure> connection::ping(const options& o) { return core_->ping(o); }

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

asio::awaitable<failure> connection::recover(deadline until) {
    const auto self = core_;
    if (self->busy) co_return detail::busy_failure();
    self->driver.session().preamble.clear();
    if (auto f = co_await self->settle(until)) co_return f;
    if (status() == transaction_status::idle) co_return failure{};
    const auto limited = options{}.until(until);
    co_return co_await self->control("rollback", limited);
}

bool connection::is_altered() const noexcept { return core_ && core_->driver.session().altered; }

bool connection::refused_to_write() noexcept {
    return std::exchange(core_->driver.session().refused_to_write, false);
}

void connection::accept_session() noexcept { core_->driver.session().altered = false; }

asio::awaitable<failure> connection::reset_session(const options& o) {
    const auto self = core_;
    auto f = co_await self->control(std::string{detail::reset_session_sql}, o);
    if (!f) self->driver.session().altered = false;
    co_return f;
}

std::int32_t connection::backend_pid() const noexcept { return core_->driver.session().backend_pid; }

transaction_status connection::status() const noexcept { return core_->driver.session().transaction; }

std::string_view connection::parameter(std::string_view name) const noexcept {
    return core_->driver.session().parameter(name);
}

exec_mode connection::mode() const noexcept { return core_->driver.session().mode; }

bool connection::tls() const noexcept { return core_->driver.session().tls; }

std::string connection::server() const { return core_->driver.host().display(); }

} // namespace tusk
