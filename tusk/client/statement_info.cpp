#include <tusk/client/statement_info.hpp>

#include <algorithm>
#include <atomic>
#include <tuple>

namespace tusk {

namespace {

/// Constant-initialised, so that it is there before the first registration, whichever that is.
constinit std::atomic<detail::statement_registration*> first{nullptr};

} // namespace

namespace detail {

statement_registration::statement_registration(const statement_info& what) noexcept
    : info_{&what}, next_{first.load(std::memory_order_relaxed)} {
    while (!first.compare_exchange_weak(next_, this, std::memory_order_release, std::memory_order_relaxed)) {
    }
}

} // namespace detail

std::vector<const statement_info*> statements() {
    std::vector<const statement_info*> out;
    for (const auto* at = first.load(std::memory_order_acquire); at != nullptr; at = at->next_)
        out.push_back(at->info_);
    std::sort(out.begin(), out.end(), [](const auto* a, const auto* b) {
        return std::tuple{a->text(), a->row_type()} < std::tuple{b->text(), b->row_type()};
    });
    return out;
}

} // namespace tusk
