#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

#include <tusk/observe/detail/append_table.hpp>

namespace tusk::observe::detail {

/// What stands for a label value that was not admitted.
inline constexpr std::string_view other_value = "other";

/// Whether `text` can be exposed: UTF-8 (RFC 3629) without NUL. One bad value would make Prometheus refuse
/// the whole scrape.
bool is_exposable(std::string_view text) noexcept;

/// The distinct values of one label name over all families of a registry: the first `limit` are admitted,
/// later ones become "other" everywhere, so that families agree on which values have a name.
class label_guard {
public:
    explicit label_guard(std::size_t limit) noexcept : limit_{limit} {}

    void set_limit(std::size_t limit) noexcept { limit_.store(limit, std::memory_order_relaxed); }

    /// `value` itself, or "other". Takes no lock for a value already seen or when the limit is reached.
    std::string_view admit(std::string_view value);

private:
    struct node {
        std::size_t hash;
        std::string value;
    };
    bool knows(std::string_view value, std::size_t hash) const noexcept;

    std::atomic<std::size_t> limit_;
    std::atomic<std::size_t> size_{0};
    std::mutex mutex_;
    append_table<node> values_;
};

} // namespace tusk::observe::detail
