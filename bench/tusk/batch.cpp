#include <bench/tusk/workloads.hpp>

#include <optional>
#include <vector>

#include <tusk/client.hpp>

namespace bench::with_tusk {

namespace {

constexpr std::uint64_t batch_size = 100;

/// One batch of point selects: filled, run by the caller, checked.
class hundred {
public:
    void fill(std::uint64_t first, std::uint64_t n) {
        for (std::uint64_t i = first; i < first + n; ++i) {
            ids_.push_back(key_of(i));
            results_.push_back(work.one<kv>(select_kv, ids_.back()));
        }
    }
    void check(kv_check& with) {
        for (std::size_t i = 0; i < ids_.size(); ++i) {
            const kv row = results_[i].get();
            with.add(ids_[i], row.k, row.v);
        }
    }
    tusk::batch work;

private:
    std::vector<std::int64_t> ids_;
    std::vector<tusk::batch_result<kv>> results_;
};

asio::awaitable<void> open(std::optional<tusk::connection>& out, const std::string& url) {
    out.emplace(co_await tusk::connection::open(url));
}

asio::awaitable<void> query(tusk::connection& on, kv_check& check, std::uint64_t n) {
    for (std::uint64_t done = 0; done < n; done += batch_size) {
        hundred h;
        h.fill(done, std::min(batch_size, n - done));
        co_await on.run(h.work);
        h.check(check);
    }
}

void query(tusk::blocking::connection& on, kv_check& check, std::uint64_t n) {
    for (std::uint64_t done = 0; done < n; done += batch_size) {
        hundred h;
        h.fill(done, std::min(batch_size, n - done));
        on.run(h.work);
        h.check(check);
    }
}

} // namespace

std::uint64_t batch(job& j) {
    asio::io_context io{1};
    std::optional<tusk::connection> on;
    complete(io, open(on, j.url));
    kv_check ignored, check;
    complete(io, query(*on, ignored, batch_size));
    if (j.pin) pin_together(*j.pin, on->backend_pid());
    j.clock.timed([&] { complete(io, query(*on, check, j.n)); });
    check.finish(j.n);
    return j.n;
}

std::uint64_t batch_blocking(job& j) {
    auto on = tusk::blocking::connection::open(j.url);
    kv_check ignored, check;
    query(on, ignored, batch_size);
    if (j.pin) pin_together(*j.pin, on.backend_pid());
    j.clock.timed([&] { query(on, check, j.n); });
    check.finish(j.n);
    return j.n;
}

} // namespace bench::with_tusk
