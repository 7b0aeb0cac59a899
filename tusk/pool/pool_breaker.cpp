#include <tusk/pool/pool_core.hpp>

#include <algorithm>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <tusk/pool/pool_texts.hpp>

/// The pool's circuit breaker: what it is told, and who finds out whether the server is back.
namespace tusk::detail {

void pool_core::server_failed(std::uint64_t began_in, std::uint32_t times) {
    std::optional<breaker::transition> change;
    {
        const std::lock_guard lock{mutex_};
        const auto now = steady_clock::now();
        for (std::uint32_t i = 0; i < times; ++i) breaker_.failed(now, began_in);
        change = breaker_.take_transition();
    }
    announce(change);
}

void pool_core::health_result(bool good) {
    std::optional<breaker::transition> change;
    {
        const std::lock_guard lock{mutex_};
        breaker_.health_checked(good, steady_clock::now());
        change = breaker_.take_transition();
    }
    announce(change);
}

void pool_core::command(breaker_order what) {
    std::optional<breaker::transition> change;
    {
        const std::lock_guard lock{mutex_};
        const auto now = steady_clock::now();
        switch (what) {
        case breaker_order::force_open: breaker_.force_open(now); break;
        case breaker_order::disable: breaker_.disable(now); break;
        case breaker_order::reset: breaker_.reset(now); break;
        }
        change = breaker_.take_transition();
    }
    announce(change);
}

/// Each transition once; and what follows from it.
void pool_core::announce(std::optional<breaker::transition> t) {
    if (!t) return;
    bool start_probing = false;
    steady_clock::duration retry_after{};
    {
        const std::lock_guard lock{mutex_};
        retry_after = breaker_.retry_after(steady_clock::now());
        if (t->to == breaker_state::open) {
            ++counters_.breaker_openings;
            start_probing = !probing_ && !closed_;
            probing_ = probing_ || start_probing;
        }
    }
    if (observer_) {
        const auto server = hosts_of(target_->config());
        breaker_event e;
        e.pool = name();
        e.start = steady_clock::now();
        e.server = server;
        e.from = t->from;
        e.to = t->to;
        e.retry_after = retry_after;
        observer_->breaker_changed(e);
    }
    if (start_probing) post_spawn(executor_, probe());
    if (breaker_now() == breaker_state::closed) connect_as_needed();
}

/// Runs while the breaker is open or half-open: asks the server now and then, and when it answers, as often
/// as the breaker wants to see it answer.
asio::awaitable<void> pool_core::probe() {
    const std::weak_ptr<pool_core> weak = shared_from_this();
    item fresh; // a connection of the prober's own: those that were open before are likely broken
    for (;;) {
        auto self = weak.lock();
        if (!self) co_return;
        bool over = false;
        bool counted = false;
        std::uint64_t generation = 0;
        std::optional<breaker::transition> change;
        {
            const std::lock_guard lock{mutex_};
            over = closed_ ||
                   (breaker_.state() != breaker_state::open && breaker_.state() != breaker_state::half_open);
            if (over)
                probing_ = false;
            else
                counted = breaker_.begin_probe(steady_clock::now());
            generation = breaker_.generation();
            change = breaker_.take_transition();
        }
        announce(change);
        if (over) break;
        const bool good = co_await probe_once(fresh);
        {
            const std::lock_guard lock{mutex_};
            const auto now = steady_clock::now();
            if (counted)
                breaker_.end_probe(good, now, generation);
            else if (good)
                breaker_.answered_while_open(now);
            change = breaker_.take_transition();
        }
        announce(change);
        if (!good) {
            const auto period = current()->breaker().probe_period();
            self.reset(); // the pool may end meanwhile
            co_await rest_quietly(period);
        }
    }
    if (fresh) hand_over(std::move(fresh));
}

asio::awaitable<void> pool_core::rest_quietly(steady_clock::duration d) {
    asio::steady_timer pause{co_await asio::this_coro::executor, d};
    boost::system::error_code ec;
    co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ec));
}

/// Whether the server answers. The connection that this takes is kept in `with`, for the next time.
asio::awaitable<bool> pool_core::probe_once(item& with) {
    if (with) {
        const auto soon = deadline::in(current()->ping_timeout());
        const auto f = co_await ping(*with, soon);
        if (!f && with->conn.is_open()) co_return true;
        discard(std::move(with), close_reason::health);
        co_return false;
    }
    std::uint64_t epoch = 0;
    std::vector<item> coldest; // makes room when all places are taken by idle ones
    {
        const std::lock_guard lock{mutex_};
        epoch = epoch_;
        if (slots_.total() >= config_->max_connections()) {
            if (auto one = slots_.take_coldest()) {
                slots_.lost(*one);
                coldest.push_back(std::move(one));
                ++counters_.closed_broken;
            } else {
                co_return false; // all in use: their holders will find out
            }
        }
        slots_.construction_started();
    }
    close_all(std::move(coldest), close_reason::health);
    auto made = co_await attempt_to_connect();
    if (made) {
        with = adopt(std::move(*made), epoch);
        set_health(true, nullptr);
        co_return true;
    }
    std::vector<std::shared_ptr<waiter>> closers;
    {
        const std::lock_guard lock{mutex_};
        slots_.construction_failed();
        ++counters_.connect_failures;
        last_connect_error_ = made.error().message();
        closers = closers_if_empty_locked();
    }
    for (auto& w : closers) finish(w);
    co_return false;
}

} // namespace tusk::detail
