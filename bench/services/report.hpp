#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace bench_services {

/// One number that was asked for.
struct finding {
    std::string name;
    std::string goal;    ///< "≥ 5000 alerts/s".
    double measured = 0; ///< In the goal's unit.
    std::string unit;
    bool reached = false;
    bool is_count =
        false; ///< Of lost or wrong answers: missing the goal is a fault, however slow the machine is.
    std::string details;
};

/// Times of one kind of work, in milliseconds.
class latencies {
public:
    void add(double milliseconds) { values_.push_back(milliseconds); }
    void add(const latencies& others) {
        values_.insert(values_.end(), others.values_.begin(), others.values_.end());
    }
    std::size_t count() const noexcept { return values_.size(); }
    /// `part` of 1; 0 when there are none.
    double percentile(double part) const;

private:
    mutable std::vector<double> values_;
};

std::string table(const std::vector<finding>& of);
/// `{"schema":"tusk.bench-services/1","quick":…,"findings":[…]}`.
std::string json(const std::vector<finding>& of, bool quick);

} // namespace bench_services
