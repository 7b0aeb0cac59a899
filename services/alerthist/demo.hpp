#pragma once

#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <services/alerthist/alertmanager.hpp>

namespace tusk::alerthist {

/// Makes up the alerts of a small company: some fire and end, some cannot decide, one is always there. The
/// same seed makes the same story.
class demo {
public:
    explicit demo(std::uint32_t seed = 7);

    /// What Alertmanager would send in the second that ends at `now`: bodies of `POST /webhook`.
    std::vector<std::string> next(std::chrono::system_clock::time_point now);

private:
    struct condition_of {
        std::string name;
        std::string severity;
        std::string space;
        std::string instance;
        std::string summary;
        double begins; ///< Probability a second that it begins, while all is well.
        double ends;   ///< That it ends, while it fires.
        bool firing = false;
        instant since{};
    };
    void add(const char* name, const char* severity, const char* summary, int copies, double begins,
             double ends);

    std::mt19937 random_;
    std::vector<condition_of> conditions_;
};

} // namespace tusk::alerthist
