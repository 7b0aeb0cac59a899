#include <tusk/client/listener_core.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <tusk/client/call.hpp>
#include <tusk/protocol/await_notification.hpp>
#include <tusk/protocol/query.hpp>

namespace tusk {

// ---- strand_event

namespace detail {

asio::awaitable<bool> strand_event::wait(deadline until) {
    asio::steady_timer timer{strand_, until.at()};
    const auto at = waiting_.insert(waiting_.end(), &timer);
    // The timer leaves the list also when the coroutine is destroyed with its event loop.
    struct leaving {
        std::list<asio::steady_timer*>& list;
        std::list<asio::steady_timer*>::iterator at;
        ~leaving() { list.erase(at); }
    };
    const leaving guard{waiting_, at};
    boost::system::error_code ec;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ec));
    const auto state = co_await asio::this_coro::cancellation_state;
    co_return state.cancelled() == asio::cancellation_type::none;
}

void strand_event::wake_all() {
    for (auto* timer : waiting_) timer->cancel();
}

} // namespace detail

// ---- beginning and end

listener::core::core(const asio::any_io_executor& executor, std::shared_ptr<const net::connect_target> target,
                     listener_options o)
    : strand_{asio::make_strand(executor)}, target_{std::move(target)}, options_{std::move(o)},
      driver_{strand_}, news_{strand_}, pulled_{strand_}, state_{strand_},
      for_handlers_{options_.queue_capacity()}, for_next_{options_.queue_capacity()} {
    settings_.observe_with(options_.observed_by());
    if (options_.observed_by())
        driver_.session().on_notice = [o = options_.observed_by()](const server_error& n) { o->notice(n); };
    driver_.session().on_notification = [this](notification&& n) { arrived(std::move(n)); };
}

void listener::core::start() {
    running_ = 2;
    const auto self = shared_from_this();
    const auto over = [self](const std::exception_ptr&) { self->ended(); };
    asio::co_spawn(strand_, keep(self), asio::bind_cancellation_slot(stop_keeping_.slot(), over));
    asio::co_spawn(strand_, dispatch(self), asio::bind_cancellation_slot(stop_dispatching_.slot(), over));
}

void listener::core::ended() {
    asio::post(strand_, [self = shared_from_this()] {
        --self->running_;
        self->state_.wake_all();
        self->pulled_.wake_all();
    });
}

void listener::core::stop() noexcept {
    if (stopping_.exchange(true)) return;
    try {
        asio::post(strand_, [self = shared_from_this()] {
            self->stop_keeping_.emit(asio::cancellation_type::terminal);
            self->stop_dispatching_.emit(asio::cancellation_type::terminal);
            self->driver_.close(); // whatever runs on it fails at once
            self->pulled_.wake_all();
        });
    } catch (...) { // out of memory: it ends with its event loop
    }
}

asio::awaitable<void> listener::core::wait_closed(std::shared_ptr<core> self) {
    bool go_on = true;
    while (go_on && self->running_ > 0) go_on = co_await self->state_.wait(deadline::never());
}

asio::awaitable<void> listener::core::close(std::shared_ptr<core> self) {
    self->stop();
    auto work = wait_closed(self);
    co_await asio::co_spawn(self->strand_, std::move(work), asio::use_awaitable);
}

// ---- channels

void listener::core::add(std::string_view channel, std::shared_ptr<const detail::listener_handler> handler) {
    {
        const std::lock_guard lock{mutex_};
        auto& use = channels_[std::string{channel}];
        if (handler)
            use.called.push_back(std::move(handler));
        else
            use.pulled = true;
        if (!subscriptions_.add(channel)) return;
    }
    changed();
}

void listener::core::remove(std::string_view channel) {
    {
        const std::lock_guard lock{mutex_};
        if (!subscriptions_.remove(channel)) return;
        channels_.erase(channels_.find(channel));
    }
    changed();
}

void listener::core::changed() {
    asio::post(strand_, [self = shared_from_this()] {
        if (self->waiting_) self->driver_.cancel();
        self->state_.wake_all();
    });
}

std::string listener::core::changes() {
    const std::lock_guard lock{mutex_};
    return subscriptions_.changes();
}

bool listener::core::settled() const {
    const std::lock_guard lock{mutex_};
    return live_since_ && subscriptions_.settled();
}

// ---- the connection

asio::awaitable<void> listener::core::keep(std::shared_ptr<core> self) {
    detail::reconnect_delay pause{self->options_.backoff_first(), self->options_.backoff_most()};
    while (!self->stopping_) {
        failure why;
        try {
            why = co_await self->listen_once();
        } catch (const std::exception& e) { // cancelled, or out of memory
            why = failure{errc::connection_lost, e.what()};
        }
        self->driver_.close();
        if (self->stopping_) break;
        if (self->live_since_) pause.connected_for(steady_clock::now() - *self->live_since_);
        self->lost(why);
        asio::steady_timer timer{self->strand_, pause.next(self->random_)};
        boost::system::error_code ec;
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ec));
    }
    self->live_since_.reset();
    self->pid_ = 0;
}

void listener::core::lost(const failure& why) {
    last_error_ = why;
    live_since_.reset();
    pid_ = 0;
    {
        const std::lock_guard lock{mutex_};
        gaps_.lost(why);
        subscriptions_.forget();
    }
    options_.report(why);
}

/// One connection, from beginning to end; answers why it ended.
asio::awaitable<failure> listener::core::listen_once() {
    failure f = co_await connect();
    while (!f && !stopping_) {
        auto sql = changes();
        if (sql.empty() && live_since_)
            f = co_await wait_for_more();
        else
            f = co_await subscribe(std::move(sql));
    }
    co_return f;
}

asio::awaitable<failure> listener::core::connect() {
    detail::connect_watch watch{settings_, target_->config().database(), target_->config().user()};
    auto f = co_await driver_.connect(target_, deadline::in(options_.connect_timeout()));
    watch.finish(f, driver_.host().host, driver_.host().port, driver_.session());
    if (!f) pid_ = driver_.session().backend_pid;
    co_return f;
}

/// All that has changed, in one round trip. On a new connection a gap is delivered with the first
/// notification, or here.
asio::awaitable<failure> listener::core::subscribe(std::string sql) {
    detail::command_sink sink;
    protocol::simple_query machine{driver_.session(), sql, sink};
    if (!sql.empty()) {
        co_await driver_.run(machine, deadline::in(options_.answer_timeout()));
        if (machine.result()) co_return machine.take_result();
    }
    if (!live_since_) live_since_ = steady_clock::now();
    {
        const std::lock_guard lock{mutex_};
        subscriptions_.applied();
        gaps_.subscribed();
        if (auto g = gaps_.take()) deliver(std::move(*g));
    }
    state_.wake_all();
    co_return failure{};
}

asio::awaitable<failure> listener::core::wait_for_more() {
    protocol::await_notification machine{driver_.session()};
    waiting_ = true;
    co_await driver_.run(machine, deadline::in(options_.keepalive()));
    waiting_ = false;
    auto f = machine.take_result();
    if (f.code() == errc::canceled) co_return failure{}; // other channels, or the end
    if (f.code() != errc::timeout) co_return f;
    protocol::ping question{driver_.session()};
    co_await driver_.run(question, deadline::in(options_.answer_timeout()));
    f = question.take_result();
    if (f == condition::timeout)
        f.add_context("the server of a listener that was idle did not answer; it counts as lost");
    if (f) co_return f;
    const std::lock_guard lock{mutex_};
    gaps_.heard();
    co_return failure{};
}

// ---- what arrives

/// Called while the connection is read, on the strand.
void listener::core::arrived(notification&& n) {
    if (!options_.wants(n)) return;
    const std::lock_guard lock{mutex_};
    if (auto g = gaps_.take()) deliver(std::move(*g));
    gaps_.heard();
    deliver(std::move(n));
}

/// Under the lock.
void listener::core::deliver(notification_event&& e) {
    bool called = false;
    bool pulled = false;
    const auto look = [&](const channel_use& use) {
        called = called || !use.called.empty();
        pulled = pulled || use.pulled;
    };
    if (const auto* n = std::get_if<notification>(&e)) {
        if (const auto at = channels_.find(n->channel); at != channels_.end()) look(at->second);
    } else {
        for (const auto& [channel, use] : channels_) look(use);
    }
    const auto put = [](detail::notification_queue& into, auto event) {
        std::visit([&](auto&& x) { into.push(std::move(x)); }, std::move(event));
    };
    if (called) put(for_handlers_, pulled ? e : std::move(e));
    if (pulled) put(for_next_, std::move(e));
    if (called) news_.wake_all();
    if (pulled) pulled_.wake_all();
}

std::optional<notification_event> listener::core::take(detail::notification_queue& from) {
    const std::lock_guard lock{mutex_};
    return from.pop();
}

// ---- handlers

listener::core::handlers listener::core::handlers_for(const notification_event& e) const {
    const std::lock_guard lock{mutex_};
    if (const auto* n = std::get_if<notification>(&e)) {
        const auto at = channels_.find(n->channel);
        return at == channels_.end() ? handlers{} : at->second.called;
    }
    handlers out;
    for (const auto& [channel, use] : channels_) out.insert(out.end(), use.called.begin(), use.called.end());
    return out;
}

asio::awaitable<void> listener::core::dispatch(std::shared_ptr<core> self) {
    while (!self->stopping_) {
        auto e = self->take(self->for_handlers_);
        if (e)
            co_await self->call(*e);
        else
            co_await self->news_.wait(deadline::never());
    }
}

asio::awaitable<void> listener::core::call(const notification_event& e) {
    const auto all = handlers_for(e);
    for (const auto& handler : all) {
        if (stopping_) break;
        try {
            if (handler->await)
                co_await handler->await(e);
            else
                handler->call(e);
        } catch (...) {
            report(std::current_exception(), e);
        }
    }
}

void listener::core::report(const std::exception_ptr& thrown, const notification_event& e) const {
    if (stopping_) return; // it was cancelled with the listener
    const auto* n = std::get_if<notification>(&e);
    const auto where = n != nullptr ? "a handler of channel \"" + n->channel + "\" threw"
                                    : std::string{"a handler of a gap threw"};
    try {
        std::rethrow_exception(thrown);
    } catch (const error& x) {
        auto f = x.as_failure();
        options_.report(f.add_context(where));
    } catch (const std::exception& x) {
        options_.report(failure{errc::invalid_argument, where + ": " + x.what()});
    } catch (...) {
        options_.report(failure{errc::invalid_argument, where});
    }
}

// ---- waiting callers

asio::awaitable<failure> listener::core::ready(std::shared_ptr<core> self, deadline until) {
    failure why;
    auto work = wait_ready(self, until, why);
    co_await asio::co_spawn(self->strand_, std::move(work), asio::use_awaitable);
    co_return why;
}

asio::awaitable<void> listener::core::wait_ready(std::shared_ptr<core> self, deadline until, failure& why) {
    while (!self->settled()) {
        if (self->stopping_) {
            why = failure{errc::connection_closed, "the listener is closed"};
            break;
        }
        if (until.expired()) {
            why = failure{errc::timeout, "the channels were not subscribed in time"};
            if (self->last_error_)
                why = failure{errc::timeout, "the channels were not subscribed in time; the last error: " +
                                                 self->last_error_.message()};
            break;
        }
        const bool go_on = co_await self->state_.wait(until);
        if (!go_on) {
            why = failure{errc::canceled, "waiting for a listener's subscriptions was cancelled"};
            break;
        }
    }
}

asio::awaitable<result<notification_event>> listener::core::next(std::shared_ptr<core> self, deadline until) {
    auto event = self->take(self->for_next_);
    if (event) co_return std::move(*event);
    failure why;
    auto work = wait_next(self, until, event, why);
    co_await asio::co_spawn(self->strand_, std::move(work), asio::use_awaitable);
    if (why) co_return failed<notification_event>(std::move(why));
    co_return std::move(*event);
}

asio::awaitable<void> listener::core::wait_next(std::shared_ptr<core> self, deadline until,
                                                std::optional<notification_event>& event, failure& why) {
    for (;;) {
        event = self->take(self->for_next_);
        if (event) co_return;
        if (self->stopping_) {
            why = failure{errc::connection_closed, "the listener is closed"};
            co_return;
        }
        if (until.expired()) {
            why = failure{errc::timeout, "no notification arrived before the deadline"};
            co_return;
        }
        const bool go_on = co_await self->pulled_.wait(until);
        if (!go_on) {
            why = failure{errc::canceled, "waiting for a notification was cancelled"};
            co_return;
        }
    }
}

} // namespace tusk
