#include <bench/tusk/workloads.hpp>

#include <optional>

#include <tusk/client.hpp>

namespace bench::with_tusk {

namespace {

constexpr std::uint64_t warm_up = 100;

asio::awaitable<void> open(std::optional<tusk::connection>& out, const std::string& url) {
    out.emplace(co_await tusk::connection::open(url));
}

asio::awaitable<void> query(tusk::connection& on, kv_check& check, std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) {
        const auto id = key_of(i);
        const kv row = co_await on.one<kv>(select_kv, id);
        check.add(id, row.k, row.v);
    }
}

void query(tusk::blocking::connection& on, kv_check& check, std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) {
        const auto id = key_of(i);
        const kv row = on.one<kv>(select_kv, id);
        check.add(id, row.k, row.v);
    }
}

} // namespace

std::uint64_t point(job& j) {
    asio::io_context io{1};
    std::optional<tusk::connection> on;
    complete(io, open(on, j.url));
    kv_check ignored, check;
    complete(io, query(*on, ignored, warm_up));
    if (j.pin) pin_together(*j.pin, on->backend_pid());
    j.clock.timed([&] { complete(io, query(*on, check, j.n)); });
    check.finish(j.n);
    return j.n;
}

std::uint64_t point_blocking(job& j) {
    auto on = tusk::blocking::connection::open(j.url);
    kv_check ignored, check;
    query(on, ignored, warm_up);
    if (j.pin) pin_together(*j.pin, on.backend_pid());
    j.clock.timed([&] { query(on, check, j.n); });
    check.finish(j.n);
    return j.n;
}

} // namespace bench::with_tusk
