#pragma once

#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "../temporary_directory.hpp"
#include "world.hpp"

namespace simulation {

/// A number from the environment, or the fallback.
inline std::uint64_t number_of(const char* variable, std::uint64_t fallback) {
    const char* value = std::getenv(variable);
    return value == nullptr || *value == '\0' ? fallback : std::strtoull(value, nullptr, 10);
}

/// What happened in all runs together: a simulation in which nothing happens proves nothing.
class tally {
public:
    void add(const std::string& what, std::uint64_t n) { counts_[what] += n; }
    std::uint64_t of(const std::string& what) const {
        const auto at = counts_.find(what);
        return at == counts_.end() ? 0 : at->second;
    }
    std::string text() const {
        std::string out;
        for (const auto& [what, n] : counts_)
            out += (out.empty() ? "" : ", ") + std::to_string(n) + " " + what;
        return out;
    }

private:
    std::map<std::string, std::uint64_t> counts_;
};

/// One run of a scenario, in a thread of its own; returns its digest.
using scenario_run =
    std::function<std::uint64_t(std::uint64_t seed, const std::string& directory, tally& seen)>;

inline std::uint64_t run_seed(std::uint64_t seed, const scenario_run& run, tally& seen) {
    const tests::temporary_directory directory;
    std::uint64_t digest = 0;
    world::run_in_a_thread([&] { digest = run(seed, directory.path().string(), seen); });
    return digest;
}

/// The seeds of a scenario are divided among so many tests, which may run side by side.
inline constexpr unsigned parts = 16;

/// A run takes 30 to 50 ms of unoptimised code, and three times that under a sanitizer.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr std::uint64_t usual_seeds = 300;
#else
inline constexpr std::uint64_t usual_seeds = 2000;
#endif

/// Runs one part of TUSK_SEEDS seeds (without it, the usual number) from TUSK_SEED (1) on. Says which one
/// failed first, and how to repeat it.
inline tally run_seeds(const std::string& name, unsigned part, const scenario_run& run) {
    tally seen;
    const auto first = number_of("TUSK_SEED", 1);
    const auto end = first + number_of("TUSK_SEEDS", usual_seeds);
    for (auto seed = first + part; seed < end; seed += parts) {
        run_seed(seed, run, seen);
        if (!::testing::Test::HasFailure()) continue;
        ADD_FAILURE() << "seed " << seed << "; to repeat: TUSK_SEED=" << seed
                      << " TUSK_SEEDS=1 unit_simulation --gtest_filter='*" << name << "*'";
        break;
    }
    std::cout << seen.text() << '\n';
    return seen;
}

} // namespace simulation
