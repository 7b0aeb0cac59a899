#include <bench/tusk/workloads.hpp>

#include <algorithm>
#include <optional>

#include <tusk/client.hpp>
#include <tusk/types.hpp>

namespace bench::with_tusk {

namespace {

asio::awaitable<void> open(std::optional<tusk::connection>& out, const std::string& url) {
    out.emplace(co_await tusk::connection::open(url));
}

asio::awaitable<void> insert_rows(tusk::connection& on, std::uint64_t n) {
    insert_columns rows;
    for (std::uint64_t done = 0; done < n; done += insert_size) {
        rows.fill(static_cast<std::int64_t>(done) + 1, std::min(insert_size, n - done));
        co_await on.exec(insert_arrays, rows.ids, rows.keys, rows.values);
    }
}

asio::awaitable<void> clear(tusk::connection& on) { co_await on.exec(empty_copy); }

void insert_rows(tusk::blocking::connection& on, std::uint64_t n) {
    insert_columns rows;
    for (std::uint64_t done = 0; done < n; done += insert_size) {
        rows.fill(static_cast<std::int64_t>(done) + 1, std::min(insert_size, n - done));
        on.exec(insert_arrays, rows.ids, rows.keys, rows.values);
    }
}

} // namespace

std::uint64_t insert(job& j) {
    asio::io_context io{1};
    std::optional<tusk::connection> on;
    complete(io, open(on, j.url));
    complete(io, insert_rows(*on, 2 * insert_size));
    complete(io, clear(*on));
    if (j.pin) pin_together(*j.pin, on->backend_pid());
    j.clock.timed([&] { complete(io, insert_rows(*on, j.n)); });
    check_copied(j.url, j.n);
    return j.n;
}

std::uint64_t insert_blocking(job& j) {
    auto on = tusk::blocking::connection::open(j.url);
    insert_rows(on, 2 * insert_size);
    on.exec(empty_copy);
    if (j.pin) pin_together(*j.pin, on.backend_pid());
    j.clock.timed([&] { insert_rows(on, j.n); });
    check_copied(j.url, j.n);
    return j.n;
}

} // namespace bench::with_tusk
