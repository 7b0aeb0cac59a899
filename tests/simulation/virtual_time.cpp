// What a program gets from outside and cannot repeat: the time, and chance. The three functions below are
// those of the libraries, replaced in this program alone (the linker takes the program's own definition
// first), so that the libraries of Tusk run here as they are.
#include "virtual_time.hpp"

#include <random>

#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

namespace simulation {

namespace {

thread_local virtual_time* of_this_thread = nullptr;

int set_real_timer(int timer, int flags, const itimerspec* value, itimerspec* before) {
    return static_cast<int>(::syscall(SYS_timerfd_settime, timer, flags, value, before));
}

} // namespace

virtual_time::virtual_time(std::uint64_t seed) noexcept : random_{seed} { of_this_thread = this; }

virtual_time::~virtual_time() { of_this_thread = nullptr; }

virtual_time* virtual_time::here() noexcept { return of_this_thread; }

void virtual_time::set_timer(int timer, std::optional<steady_clock::duration> in) noexcept {
    timer_ = timer;
    next_ = in ? std::optional{now_ + *in} : std::nullopt;
}

bool virtual_time::ring() noexcept {
    if (!next_) return false;
    now_ = std::max(now_, *next_);
    next_.reset();
    itimerspec at_once{};
    at_once.it_value.tv_nsec = 1;
    return set_real_timer(timer_, TFD_TIMER_ABSTIME, &at_once, nullptr) == 0;
}

/// Source: SplitMix64.
std::uint32_t virtual_time::random() noexcept {
    random_ += 0x9e3779b97f4a7c15U;
    auto x = random_;
    x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
    return static_cast<std::uint32_t>((x ^ (x >> 31U)) >> 16U);
}

} // namespace simulation

std::chrono::steady_clock::time_point std::chrono::steady_clock::now() noexcept {
    if (const auto* simulated = simulation::virtual_time::here()) return simulated->now();
    timespec t{};
    ::clock_gettime(CLOCK_MONOTONIC, &t);
    return time_point{std::chrono::seconds{t.tv_sec} + std::chrono::nanoseconds{t.tv_nsec}};
}

std::random_device::result_type std::random_device::_M_getval() {
    if (auto* simulated = simulation::virtual_time::here()) return simulated->random();
    unsigned value = 0;
    static_cast<void>(::getentropy(&value, sizeof value));
    return value;
}

/// Boost.Asio keeps one timer of the system for all its timers and sets it, relative to now, for the
/// earliest; with TFD_TIMER_ABSTIME for one that is due.
extern "C" int timerfd_settime(int timer, int flags, const itimerspec* value, itimerspec* before) noexcept {
    auto* simulated = simulation::virtual_time::here();
    if (simulated == nullptr) return simulation::set_real_timer(timer, flags, value, before);
    const auto in =
        std::chrono::seconds{value->it_value.tv_sec} + std::chrono::nanoseconds{value->it_value.tv_nsec};
    if (in == in.zero())
        simulated->set_timer(timer, std::nullopt);
    else
        simulated->set_timer(timer, (flags & TFD_TIMER_ABSTIME) != 0 ? in.zero() : in);
    return 0;
}
