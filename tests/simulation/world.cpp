#include "world.hpp"

#include <thread>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace simulation {

/// Puts what is to run among all that could.
class world::executor_type {
public:
    explicit executor_type(world& of) noexcept : world_{&of} {}
    asio::execution_context& query(asio::execution::context_t) const noexcept { return world_->loop_; }
    static constexpr asio::execution::blocking_t query(asio::execution::blocking_t) noexcept {
        return asio::execution::blocking_t::never_t{};
    }
    template <class F>
    void execute(F work) const {
        struct holder final : task {
            explicit holder(F f) : work{std::move(f)} {}
            void run() override { std::move(work)(); }
            F work;
        };
        if (!world_->over_) world_->ready_.push_back(std::make_unique<holder>(std::move(work)));
    }
    friend bool operator==(const executor_type& a, const executor_type& b) noexcept {
        return a.world_ == b.world_;
    }
    friend bool operator!=(const executor_type& a, const executor_type& b) noexcept { return !(a == b); }

private:
    world* world_;
};

world::world(std::uint64_t seed)
    : time_{seed}, began_{time_.now().time_since_epoch()}, random_{seed * 2 + 1} {}

/// What was told to end, ends. What is left then, here and in the loop, is destroyed, and whatever that would
/// like to have run is dropped: there is no queue any more.
world::~world() {
    look_ = {};
    for (int i = 0; i < 10'000 && step(time_.now()); ++i) {
    }
    over_ = true;
    const auto left = std::exchange(ready_, {});
}

asio::any_io_executor world::executor() { return executor_type{*this}; }

steady_clock::duration world::between(steady_clock::duration least, steady_clock::duration most) {
    return least + steady_clock::duration{static_cast<steady_clock::rep>(
                       below(static_cast<std::uint64_t>((most - least).count()) + 1))};
}

void world::spawn(asio::awaitable<void> work) { asio::co_spawn(executor(), std::move(work), asio::detached); }

asio::awaitable<void> world::sleep(steady_clock::duration d) {
    asio::steady_timer timer{co_await asio::this_coro::executor, d};
    co_await timer.async_wait(asio::use_awaitable);
}

bool world::step(steady_clock::time_point until) {
    loop_.restart();
    loop_.poll();
    if (ready_.empty()) {
        const auto next = time_.next();
        if (!next || *next > until) return false;
        return time_.ring();
    }
    const auto which = below(ready_.size());
    std::swap(ready_[which], ready_.back());
    const auto chosen = std::move(ready_.back());
    ready_.pop_back();
    digest_ = (digest_ ^ which ^ static_cast<std::uint64_t>(now().count())) * 0x100000001b3U;
    ++steps_;
    chosen->run();
    if (look_) look_();
    return true;
}

bool world::run_until(const std::function<bool()>& done, steady_clock::duration limit) {
    const auto until = time_.now() + limit;
    while (!done()) {
        if (step(until)) continue;
        if (time_.now() < until) time_.advance(until - time_.now());
        return done();
    }
    return true;
}

void world::run_in_a_thread(const std::function<void()>& work) { std::thread{work}.join(); }

} // namespace simulation
