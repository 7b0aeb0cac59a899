#include <bench/tusk/workloads.hpp>

#include <optional>
#include <tuple>

#include <tusk/client.hpp>

namespace bench::with_tusk {

namespace {

/// Yields the rows 1 to n, formatting each key.
class copied_rows {
public:
    explicit copied_rows(std::uint64_t n) noexcept : last_{static_cast<std::int64_t>(n)} {}
    std::optional<std::tuple<std::int64_t, std::string_view, std::int32_t>> operator()() noexcept {
        if (id_ == last_) return std::nullopt;
        ++id_;
        return std::tuple{id_, key_.of(id_), static_cast<std::int32_t>(scattered(id_))};
    }

private:
    std::int64_t id_ = 0;
    std::int64_t last_;
    key_text key_;
};

constexpr std::uint64_t warm_up = 100;

asio::awaitable<void> open(std::optional<tusk::connection>& out, const std::string& url) {
    out.emplace(co_await tusk::connection::open(url));
}

asio::awaitable<void> copy(tusk::connection& on, std::uint64_t n) {
    copied_rows rows{n};
    const tusk::columns columns{"id", "k", "v"};
    co_await on.copy_in("bench_copy", columns, rows);
}

asio::awaitable<void> clear(tusk::connection& on) { co_await on.exec(empty_copy); }

} // namespace

std::uint64_t copy_in(job& j) {
    asio::io_context io{1};
    std::optional<tusk::connection> on;
    complete(io, open(on, j.url));
    complete(io, copy(*on, warm_up));
    complete(io, clear(*on));
    if (j.pin) pin_together(*j.pin, on->backend_pid());
    j.clock.timed([&] { complete(io, copy(*on, j.n)); });
    check_copied(j.url, j.n);
    return j.n;
}

std::uint64_t copy_in_blocking(job& j) {
    auto on = tusk::blocking::connection::open(j.url);
    const tusk::columns columns{"id", "k", "v"};
    on.copy_in("bench_copy", columns, copied_rows{warm_up});
    on.exec(empty_copy);
    if (j.pin) pin_together(*j.pin, on.backend_pid());
    j.clock.timed([&] { on.copy_in("bench_copy", columns, copied_rows{j.n}); });
    check_copied(j.url, j.n);
    return j.n;
}

} // namespace bench::with_tusk
