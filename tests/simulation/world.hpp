#pragma once

#include <functional>
#include <memory>
#include <random>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "virtual_time.hpp"

namespace simulation {

namespace asio = boost::asio;
using namespace std::chrono_literals;

/// An event loop whose order is chosen by chance and whose time is virtual: of all that could run next, any
/// one runs, and when nothing can, the clock moves to the next timer. The same seed is the same run.
/// Everything in it belongs to one thread, a new one for each seed (`run_in_a_thread`), since libraries keep
/// generators per thread.
class world {
public:
    explicit world(std::uint64_t seed);
    ~world();
    world(const world&) = delete;
    world& operator=(const world&) = delete;

    asio::any_io_executor executor();
    steady_clock::duration now() const noexcept { return time_.now().time_since_epoch() - began_; }

    /// 0 to n - 1.
    std::uint64_t below(std::uint64_t n) { return random_() % n; }
    bool chance(double share) { return static_cast<double>(random_() % 1'000'000) < share * 1e6; }
    steady_clock::duration between(steady_clock::duration least, steady_clock::duration most);

    void spawn(asio::awaitable<void> work);
    asio::awaitable<void> sleep(steady_clock::duration d);
    /// Called after every step.
    void watch(std::function<void()> look) { look_ = std::move(look); }

    /// Until `done()`. False when that does not come true within the limit, or nothing is left that could
    /// happen.
    bool run_until(const std::function<bool()>& done, steady_clock::duration limit);
    /// A sum of all that was chosen and when: equal for equal runs.
    std::uint64_t digest() const noexcept { return digest_; }
    std::uint64_t steps() const noexcept { return steps_; }

    static void run_in_a_thread(const std::function<void()>& work);

private:
    struct task {
        virtual ~task() = default;
        virtual void run() = 0;
    };
    class executor_type;
    bool step(steady_clock::time_point until);

    virtual_time time_;
    steady_clock::duration began_;
    std::mt19937_64 random_;
    std::function<void()> look_;
    std::uint64_t digest_ = 0;
    std::uint64_t steps_ = 0;
    bool over_ = false;
    asio::io_context loop_{1};
    std::vector<std::unique_ptr<task>> ready_;
};

} // namespace simulation
