#include <bench/tusk/workloads.hpp>

#include <optional>

#include <tusk/client.hpp>
#include <tusk/types.hpp>

namespace bench::with_tusk {

namespace {

struct wide {
    std::int64_t id = 0;
    std::int32_t a = 0;
    double b = 0;
    std::string c;
    timestamp d;
    bool e = false;
    tusk::numeric f;
    tusk::uuid g;

    int scale() const { return f.scale(); }
    wide_values values() const { return {id, b, c, f.to_string(), g.bytes().data()}; }
};

constexpr std::uint64_t warm_up = 100;

asio::awaitable<void> open(std::optional<tusk::connection>& out, const std::string& url) {
    out.emplace(co_await tusk::connection::open(url));
    co_await out->script(scan_from_the_start);
}

asio::awaitable<void> each(tusk::connection& on, wide_check& check, std::uint64_t n) {
    const auto sql = select_wide(n);
    co_await on.for_each<wide>([&](const wide& row) { check.add(row); }, sql);
}

asio::awaitable<void> stream(tusk::connection& on, wide_check& check, std::uint64_t n) {
    const auto sql = select_wide(n);
    auto rows = co_await on.stream<wide>(sql);
    while (auto row = co_await rows.next()) check.add(*row);
}

asio::awaitable<void> collect(tusk::connection& on, wide_check& check, std::uint64_t n) {
    const auto sql = select_wide(n);
    const auto rows = co_await on.all<wide>(sql);
    for (const auto& row : rows) check.add(row);
}

template <class Read>
std::uint64_t read(job& j, Read how) {
    asio::io_context io{1};
    std::optional<tusk::connection> on;
    complete(io, open(on, j.url));
    wide_check ignored, check;
    complete(io, how(*on, ignored, warm_up));
    if (j.pin) pin_together(*j.pin, on->backend_pid());
    j.clock.timed([&] { complete(io, how(*on, check, j.n)); });
    check.finish(j.n);
    return j.n;
}

} // namespace

std::uint64_t rows(job& j) { return read(j, each); }
std::uint64_t rows_stream(job& j) { return read(j, stream); }
std::uint64_t rows_structs(job& j) { return read(j, collect); }

std::uint64_t rows_blocking(job& j) {
    auto on = tusk::blocking::connection::open(j.url);
    on.script(scan_from_the_start);
    const auto each = [&on](wide_check& check, std::uint64_t n) {
        on.for_each<wide>([&](const wide& row) { check.add(row); }, select_wide(n));
    };
    wide_check ignored, check;
    each(ignored, warm_up);
    if (j.pin) pin_together(*j.pin, on.backend_pid());
    j.clock.timed([&] { each(check, j.n); });
    check.finish(j.n);
    return j.n;
}

} // namespace bench::with_tusk
