#include <tusk/pool/pool_core.hpp>

#include <algorithm>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <tusk/pool/pool_texts.hpp>

/// How the pool makes connections: not more at a time than it may, and none in a hurry after failures.
namespace tusk::detail {

namespace {

constexpr std::chrono::milliseconds startup_pause{50};
constexpr std::chrono::milliseconds first_backoff{10};
/// Of a second after the return of a server, in which the pool is to be well again, half is left for the
/// connection and the first statement.
constexpr std::chrono::milliseconds longest_backoff{500};
/// A caller that waits for longer than this shows that the open connections are not enough: one more may be
/// made at a time.
constexpr std::chrono::milliseconds patience{20};
/// Idle connections that expire within this time get their successors now.
constexpr std::chrono::seconds replace_ahead{5};
constexpr std::chrono::milliseconds warm_up_pause{5};

} // namespace

/// While connections are open, what is returned serves most of a burst before a new one is made, so new ones
/// are made one by one, and faster the longer callers wait. Source: HikariCP, "Welcome to the Jungle".
unsigned pool_core::connecting_limit_locked(steady_clock::time_point now) const {
    const auto most = config_->max_connecting();
    if (waiters_.empty() || slots_.in_use() + slots_.idle() == 0) return most;
    const auto waits = (now - waiters_.front()->since) / patience;
    return static_cast<unsigned>(std::min<steady_clock::rep>(1 + waits, most));
}

void pool_core::connect_as_needed() {
    unsigned count = 0;
    {
        const std::lock_guard lock{mutex_};
        if (closed_ || !breaker_.allows()) return;
        const auto now = steady_clock::now();
        construction_demand demand;
        demand.waiting = waiters_.size();
        demand.at_once = connecting_limit_locked(now);
        demand.expiring = slots_.expiring(now + replace_ahead);
        const auto most = config_->max_connecting();
        count = std::min(slots_.wanted(demand), most - std::min(most, slots_.constructing()));
        for (unsigned i = 0; i < count; ++i) slots_.construction_started();
    }
    for (unsigned i = 0; i < count; ++i) post_spawn(executor_, connect_one());
}

steady_clock::time_point pool_core::expiry_of_new_locked() {
    const auto lifetime = config_->max_lifetime();
    if (lifetime <= steady_clock::duration::zero()) return steady_clock::time_point::max();
    const double share = std::uniform_real_distribution<double>{-config_->lifetime_jitter(),
                                                                config_->lifetime_jitter()}(random_);
    const auto length = static_cast<double>(lifetime.count()) * (1.0 + share);
    return steady_clock::now() + steady_clock::duration{static_cast<steady_clock::duration::rep>(length)};
}

/// After failures, attempts keep a distance that grows; a random one, so that the clients of a server that
/// comes back do not come all at once.
asio::awaitable<void> pool_core::wait_for_backoff() {
    steady_clock::time_point until;
    {
        const std::lock_guard lock{mutex_};
        until = no_connect_before_;
    }
    if (until <= steady_clock::now()) co_return;
    asio::steady_timer pause{co_await asio::this_coro::executor, until};
    boost::system::error_code ec;
    co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ec));
}

/// One attempt, hooks included.
asio::awaitable<result<connection>> pool_core::attempt_to_connect() {
    failure thrown;
    try {
        auto target = target_;
        if (hooks_.before_connect()) {
            connect_config changed = target_->config();
            co_await hooks_.before_connect()(changed);
            auto made = net::connect_target::make(std::move(changed));
            if (!made) co_return made.error();
            target = std::move(*made);
        }
        auto made = co_await connection::try_open(executor_, target, settings_, deadline::never());
        if (made && !made->looks_alive()) // terminated with all others of its database, for instance
            made = co_await connection::try_open(executor_, target, settings_, deadline::never());
        if (made && !made->looks_alive()) co_return stillborn_failure();
        if (!made || !hooks_.after_connect()) co_return made;
        co_await hooks_.after_connect()(*made);
        made->accept_session();
        if (made->is_clean()) co_return made;
        thrown = failure{errc::invalid_configuration, "after_connect left a transaction or a stream open"};
    } catch (const error& e) {
        thrown = e.as_failure();
    } catch (const std::exception& e) {
        thrown = failure{errc::connect_failed, std::string{"a hook of the pool threw: "} + e.what()};
    } catch (...) { // whatever it was, the place among those in the making must become free again
        thrown = failure{errc::connect_failed,
                         "a hook of the pool threw something that is no exception of the standard library"};
    }
    co_return thrown;
}

/// A new connection, in the books.
pool_core::item pool_core::adopt(connection made, std::uint64_t epoch) {
    auto fresh = std::make_unique<pooled>(std::move(made), epoch);
    const std::lock_guard lock{mutex_};
    fresh->created = fresh->last_used = fresh->leased_at = steady_clock::now();
    fresh->expires = expiry_of_new_locked();
    fresh->breaker_generation = breaker_.generation();
    fresh->state = state::looked_after;
    slots_.constructed(*fresh);
    ++counters_.connects;
    connect_failures_ = 0;
    no_connect_before_ = {};
    last_connect_error_.clear();
    return fresh;
}

asio::awaitable<void> pool_core::connect_one() {
    const auto self = shared_from_this();
    for (;;) {
        co_await wait_for_backoff();
        const auto attempt = steady_clock::now();
        std::uint64_t epoch = 0;
        bool wanted = false;
        {
            const std::lock_guard lock{mutex_};
            epoch = epoch_;
            wanted = !closed_;
        }
        if (!wanted) {
            connect_failed(failure{errc::pool_closed, "the pool is closed"}, attempt);
            co_return;
        }
        auto made = co_await attempt_to_connect();
        if (made) {
            auto fresh = adopt(std::move(*made), epoch);
            set_health(true, nullptr);
            const auto unused_since = fresh->created - surely_alive;
            hand_over(std::move(fresh), unused_since);
            connect_as_needed();
            co_return;
        }
        bool wait_and_retry = false;
        {
            const std::lock_guard lock{mutex_};
            ++counters_.connect_failures;
            last_connect_error_ = made.error().message();
            wait_and_retry =
                !closed_ && breaker_.allows() && !waiters_.empty() && is_starting_up(made.error());
        }
        if (!wait_and_retry) {
            connect_failed(made.error(), attempt);
            co_return;
        }
        asio::steady_timer pause{co_await asio::this_coro::executor, startup_pause};
        boost::system::error_code ec;
        co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ec));
    }
}

/// With no connection left, all callers that waited since before the attempt share its failure: another one
/// for each of them would tell them the same, later. A caller that came since is owed an attempt of its own:
/// the server may be back. With other connections open, all go on waiting for those.
void pool_core::connect_failed(failure why, steady_clock::time_point attempt) {
    std::vector<std::shared_ptr<waiter>> unlucky;
    std::vector<std::shared_ptr<waiter>> closers;
    std::uint64_t generation = 0;
    bool closed = false;
    {
        const std::lock_guard lock{mutex_};
        slots_.construction_failed();
        closed = closed_;
        generation = breaker_.generation();
        if (!closed) {
            const auto limit = std::min<steady_clock::duration>(
                longest_backoff, first_backoff * (1 << std::min(connect_failures_++, 10U)));
            std::uniform_int_distribution<steady_clock::rep> pick{0, limit.count()};
            no_connect_before_ = steady_clock::now() + steady_clock::duration{pick(random_)};
        }
        while (!waiters_.empty() && waiters_.front()->since <= attempt &&
               slots_.in_use() + slots_.idle() == 0) {
            auto& w = waiters_.front();
            w->queued = false;
            w->why = why;
            unlucky.push_back(std::move(w));
            waiters_.pop_front();
            ++counters_.failed_acquires;
        }
        closers = closers_if_empty_locked();
    }
    if (!closed) {
        set_health(false, &why);
        const auto calls = std::max<std::size_t>(1, unlucky.size());
        if (is_server_failure(why)) server_failed(generation, static_cast<std::uint32_t>(calls));
    }
    for (auto& w : unlucky) finish(w);
    for (auto& w : closers) finish(w);
    const bool others_wait = [this] {
        const std::lock_guard lock{mutex_};
        return !waiters_.empty() && slots_.in_use() + slots_.idle() == 0;
    }();
    if (others_wait) connect_as_needed();
}

asio::awaitable<failure> pool_core::warm_up(deadline until) {
    const auto self = shared_from_this();
    for (;;) {
        {
            const std::lock_guard lock{mutex_};
            const auto there = slots_.in_use() + slots_.idle();
            if (closed_) co_return failure{errc::pool_closed, "the pool is closed"};
            if (there >= config_->min_connections()) co_return failure{};
            if (until.expired()) {
                failure late{errc::timeout, "pool \"" + name() + "\" has " + std::to_string(there) + " of " +
                                                std::to_string(config_->min_connections()) + " connections"};
                if (!last_connect_error_.empty()) late.add_context(last_connect_error_);
                co_return late;
            }
        }
        connect_as_needed();
        asio::steady_timer pause{co_await asio::this_coro::executor, warm_up_pause};
        co_await pause.async_wait(asio::use_awaitable);
    }
}

} // namespace tusk::detail
