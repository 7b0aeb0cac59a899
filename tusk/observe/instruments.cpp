#include <tusk/observe/instruments.hpp>

#include <algorithm>
#include <bit>
#include <cmath>

#include <tusk/core/error.hpp>

namespace tusk::observe {

namespace detail {

std::size_t assign_shard() noexcept {
    static constinit std::atomic<std::size_t> next{0};
    shard_of_thread = next.fetch_add(1, std::memory_order_relaxed) % shard_count;
    return shard_of_thread;
}

std::span<const double> finite_bounds(std::span<const double> bounds) noexcept {
    if (!bounds.empty() && std::isinf(bounds.back()) && bounds.back() > 0)
        return bounds.first(bounds.size() - 1);
    return bounds;
}

bool are_valid_bounds(std::span<const double> bounds) noexcept {
    const auto finite = finite_bounds(bounds);
    if (finite.empty()) return false;
    for (std::size_t i = 0; i < finite.size(); ++i) {
        if (!std::isfinite(finite[i])) return false;
        if (i > 0 && !(finite[i - 1] < finite[i])) return false;
    }
    return true;
}

namespace {

std::vector<double> checked_bounds(std::span<const double> bounds) {
    if (!are_valid_bounds(bounds))
        throw error{errc::invalid_configuration,
                    "histogram buckets must be at least one finite upper bound, in strictly ascending order"};
    const auto finite = finite_bounds(bounds);
    return {finite.begin(), finite.end()};
}

void add_to_sum(std::atomic<std::uint64_t>& bits, double value) noexcept {
    auto seen = bits.load(std::memory_order_relaxed);
    while (!bits.compare_exchange_weak(
        seen, std::bit_cast<std::uint64_t>(std::bit_cast<double>(seen) + value), std::memory_order_relaxed)) {
    }
}

} // namespace
} // namespace detail

std::uint64_t counter::value() const noexcept {
    std::uint64_t total = 0;
    for (const auto& shard : cells_) total += shard.value.load(std::memory_order_relaxed);
    return total;
}

std::span<const double> default_buckets() noexcept {
    static constexpr std::array<double, 11> bounds{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10};
    return bounds;
}

std::span<const double> database_buckets() noexcept {
    static constexpr std::array<double, 12> bounds{.001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10};
    return bounds;
}

histogram_values histogram_values::with_bounds(std::span<const double> wanted) const {
    histogram_values out{{}, {}, sum};
    for (std::size_t i = 0; i < bounds.size(); ++i) {
        if (std::ranges::find(wanted, bounds[i]) == wanted.end()) continue;
        out.bounds.push_back(bounds[i]);
        out.cumulative.push_back(cumulative[i]);
    }
    out.cumulative.push_back(count());
    return out;
}

void histogram_values::add(const histogram_values& more) {
    if (bounds != more.bounds)
        throw error{errc::invalid_configuration, "histograms with other buckets cannot be added up"};
    sum += more.sum;
    for (std::size_t i = 0; i < cumulative.size(); ++i) cumulative[i] += more.cumulative[i];
}

histogram::histogram(std::span<const double> bounds)
    : bounds_{detail::checked_bounds(bounds)},
      lines_per_shard_{(bounds_.size() + 2 + cache_line_cells - 1) / cache_line_cells},
      lines_{std::make_unique<line[]>(lines_per_shard_ * detail::shard_count)} {}

void histogram::record(double value) noexcept {
    if (std::isnan(value)) return;
    // A linear search: most values fall into the first few of a dozen buckets.
    std::size_t bucket = 0;
    while (bucket < bounds_.size() && bounds_[bucket] < value) ++bucket;
    const auto shard = detail::this_shard();
    detail::add_to_sum(cell(shard, 0), value);
    cell(shard, 1 + bucket).fetch_add(1, std::memory_order_relaxed);
}

histogram_values histogram::values() const {
    histogram_values out{bounds_, std::vector<std::uint64_t>(bounds_.size() + 1), 0};
    for (std::size_t shard = 0; shard < detail::shard_count; ++shard) {
        out.sum += std::bit_cast<double>(cell(shard, 0).load(std::memory_order_relaxed));
        for (std::size_t i = 0; i < out.cumulative.size(); ++i)
            out.cumulative[i] += cell(shard, 1 + i).load(std::memory_order_relaxed);
    }
    for (std::size_t i = 1; i < out.cumulative.size(); ++i) out.cumulative[i] += out.cumulative[i - 1];
    return out;
}

} // namespace tusk::observe
