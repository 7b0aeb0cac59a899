#include <tusk/client/connection_core.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace tusk {

connection::core::core(const asio::any_io_executor& executor, connection_settings s)
    : driver{executor}, settings{std::move(s)} {
    detail::forward_messages(driver.session(), settings, notifications);
}

asio::awaitable<failure> connection::core::connect(std::shared_ptr<const net::connect_target> target,
                                                   deadline until) {
    const auto shared = target; // the event's views live in it
    detail::connect_watch watch{settings, shared->config().database(), shared->config().user()};
    auto f = co_await driver.connect(std::move(target), until);
    watch.finish(f, driver.host().host, driver.host().port, driver.session());
    co_return f;
}

failure connection::core::enter(deadline until) {
    if (busy) return detail::busy_failure();
    if (!driver.is_open()) return detail::closed_connection_failure();
    if (until.expired()) return detail::late_failure();
    return {};
}

asio::awaitable<failure> connection::core::settle(deadline until) {
    if (abandoned) {
        const auto stream = std::exchange(abandoned, nullptr);
        co_await driver.run(stream->machine, until, protocol::event_kind::canceled);
        if (!driver.is_open())
            co_return failure{errc::connection_lost,
                              "the connection could not be freed from an abandoned stream"};
    }
    if (!pending_control.empty()) {
        const auto sql = std::exchange(pending_control, std::string{});
        detail::command_sink sink;
        protocol::simple_query machine{driver.session(), sql, sink};
        co_await driver.run(machine, until);
        if (machine.result()) co_return machine.result();
    }
    co_return failure{};
}

// ---- one query

namespace {

/// Brings the failure of the query that is over to the coroutine that waits for it.
template <class Handler>
struct query_handler {
    using executor_type = asio::associated_executor_t<Handler>;
    using cancellation_slot_type = asio::associated_cancellation_slot_t<Handler>;
    executor_type get_executor() const noexcept { return asio::get_associated_executor(handler); }
    cancellation_slot_type get_cancellation_slot() const noexcept {
        return asio::get_associated_cancellation_slot(handler);
    }
    void operator()() {
        auto f = early ? std::move(early) : core->end_query();
        std::move(handler)(std::move(f));
    }
    connection::core* core;
    failure early; ///< Why nothing was sent at all.
    Handler handler;
};

} // namespace

/// The usual query costs one frame: what runs it lives in the core, and no coroutine stands between the
/// caller and the driver.
asio::awaitable<failure> connection::core::execute(request& what, client_sink& sink) {
    if (abandoned || !pending_control.empty()) return settle_and_execute(what, sink);
    return asio::async_initiate<decltype(asio::use_awaitable), void(failure)>(
        [this, &what, &sink](auto h) {
            using handler = query_handler<decltype(h)>;
            const auto until = what.call_options().deadline_from_now(settings.statement_timeout());
            auto early = begin_query(what, sink, until);
            const bool refused = static_cast<bool>(early);
            auto done = net::completion::of(handler{this, std::move(early), std::move(h)});
            if (refused)
                done.post(driver.executor());
            else
                driver.start(query_->machine, until, protocol::event_kind::start, std::move(done));
        },
        asio::use_awaitable);
}

asio::awaitable<failure> connection::core::settle_and_execute(request& what, client_sink& sink) {
    const auto until = what.call_options().deadline_from_now(settings.statement_timeout());
    auto f = enter(until);
    if (f) co_return std::move(f.set_sql(what.text()->text));
    {
        const detail::busy_guard guard{busy};
        f = co_await settle(until);
    }
    if (f) co_return f;
    what.limit(until);
    co_return co_await execute(what, sink);
}

failure connection::core::begin_query(request& what, client_sink& sink, deadline until) {
    auto f = what.take_failure();
    if (!f) f = enter(until);
    if (f) return std::move(f.set_sql(what.text()->text));
    busy = true;
    remember(what.text());
    query_.emplace(*this, what, sink);
    return {};
}

void connection::core::remember(const protocol::statement_ptr& what) {
    protocol::statement_ptr before; // released after the lock
    const std::lock_guard lock{last_mutex_};
    if (last_ == what) return;
    before = std::exchange(last_, what);
}

std::string connection::core::last_sql() const {
    protocol::statement_ptr what;
    {
        const std::lock_guard lock{last_mutex_};
        what = last_;
    }
    return what ? what->text : std::string{};
}

failure connection::core::end_query() {
    busy = false;
    auto f = query_->machine.take_result();
    if (f && f.sql().empty()) f.set_sql(query_->what.text()->text);
    query_->watch.finish(f, query_->sink, query_->machine);
    query_.reset();
    return f;
}

// ---- several callers at once

void connection::core::share(protocol::shared_feed& feed, net::completion done) {
    busy = true;
    shared_.emplace(driver.session(), *settings.statements(), feed);
    auto over = [self = shared_from_this(), then = std::move(done)]() mutable {
        self->busy = false;
        self->shared_.reset();
        then.complete(self->driver.executor());
    };
    driver.start(*shared_, deadline::never(), protocol::event_kind::start,
                 net::completion::of(std::move(over)));
}

// ---- the others

asio::awaitable<failure> connection::core::execute_batch(batch& b, options o) {
    const auto until = o.deadline_from_now(settings.statement_timeout());
    auto early = b.check();
    if (!early) early = enter(until);
    if (early || b.empty()) co_return early;
    const detail::busy_guard guard{busy};
    if (abandoned || !pending_control.empty())
        if (auto f = co_await settle(until)) co_return f;
    auto& statements = *settings.statements();
    detail::batch_watch watch{settings.observed_by().get(), settings, b, o, driver.session()};
    auto& source = b.begin([&](std::string_view sql) { return statements.intern(sql); }, settings.types());
    protocol::batch_query machine{driver.session(), statements, source, b.is_independent()};
    co_await driver.run(machine, until);
    auto f = b.conclude(machine.take_result());
    watch.finish(f, machine);
    co_return f;
}

asio::awaitable<failure> connection::core::control(std::string sql, options o, detail::command_sink* answer) {
    const auto until = o.deadline_from_now(settings.statement_timeout());
    if (auto f = enter(until)) co_return f;
    const detail::busy_guard guard{busy};
    if (abandoned || !pending_control.empty())
        if (auto f = co_await settle(until)) co_return f;
    detail::command_sink ignored;
    protocol::simple_query machine{driver.session(), sql, answer != nullptr ? *answer : ignored, true};
    co_await driver.run(machine, until);
    co_return machine.result();
}

asio::awaitable<failure> connection::core::ping(options o) {
    const auto until = o.deadline_from_now(settings.statement_timeout());
    if (auto f = enter(until)) co_return f;
    const detail::busy_guard guard{busy};
    if (abandoned || !pending_control.empty())
        if (auto f = co_await settle(until)) co_return f;
    protocol::ping machine{driver.session()};
    co_await driver.run(machine, until);
    co_return machine.result();
}

} // namespace tusk
