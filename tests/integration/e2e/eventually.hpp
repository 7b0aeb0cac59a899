#pragma once

#include <chrono>
#include <thread>

namespace e2e {

/// Asks again and again, for other processes do the work.
template <class F>
bool eventually(F done, std::chrono::seconds limit) {
    const auto until = std::chrono::steady_clock::now() + limit;
    while (std::chrono::steady_clock::now() < until) {
        if (done()) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds{100});
    }
    return done();
}

} // namespace e2e
