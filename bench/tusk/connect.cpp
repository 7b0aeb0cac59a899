#include <bench/tusk/workloads.hpp>

#include <tusk/client.hpp>

namespace bench::with_tusk {

namespace {

asio::awaitable<void> open(const std::string& url, std::uint64_t n, std::uint64_t& good) {
    for (std::uint64_t i = 0; i < n; ++i) {
        const auto on = co_await tusk::connection::open(url);
        good += on.is_open() && !on.parameter("server_version").empty();
    }
}

void finish(std::uint64_t good, std::uint64_t n) {
    if (good != n) throw wrong_answer{"a new connection was not usable"};
}

} // namespace

std::uint64_t connect(job& j) {
    asio::io_context io{1};
    std::uint64_t ignored = 0, good = 0;
    complete(io, open(j.url, 1, ignored));
    j.clock.timed([&] { complete(io, open(j.url, j.n, good)); });
    finish(good, j.n);
    return j.n;
}

std::uint64_t connect_blocking(job& j) {
    static_cast<void>(tusk::blocking::connection::open(j.url));
    std::uint64_t good = 0;
    j.clock.timed([&] {
        for (std::uint64_t i = 0; i < j.n; ++i) good += tusk::blocking::connection::open(j.url).is_open();
    });
    finish(good, j.n);
    return j.n;
}

} // namespace bench::with_tusk
