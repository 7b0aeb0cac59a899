#include <bench/tusk/workloads.hpp>

#include <chrono>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <tusk/pool.hpp>

namespace bench::with_tusk {

namespace {

/// A full pool, and workers that share a number of operations.
class crew {
public:
    crew(const job& j, unsigned threads)
        : threads_{threads}, io_{static_cast<int>(threads)}, pool_{io_.get_executor(), configuration(j.url)} {
    }

    tusk::pool& pool() noexcept { return pool_; }
    /// The number of the next operation; false when all are taken.
    bool next(std::uint64_t& i) noexcept {
        return (i = taken_.fetch_add(1, std::memory_order_relaxed)) < wanted_;
    }

    /// Runs `workers` coroutines `work(*this)` until they have done `operations` together.
    template <class Work>
    void run(unsigned workers, std::uint64_t operations, Work work) {
        taken_ = 0;
        wanted_ = operations;
        left_ = workers;
        io_.restart();
        for (unsigned i = 0; i < workers; ++i)
            asio::co_spawn(asio::make_strand(io_), work(*this),
                           [this](std::exception_ptr e) { finished(std::move(e)); });
        std::vector<std::thread> others;
        for (unsigned i = 1; i < threads_; ++i) others.emplace_back([this] { io_.run(); });
        io_.run();
        for (auto& t : others) t.join();
        if (problem_) std::rethrow_exception(problem_);
    }

    void close() { complete(io_, pool_.close()); }

private:
    static tusk::pool_config configuration(const std::string& url) {
        auto out = tusk::pool_config::parse(url).value();
        out.max_connections(pool_connections).min_connections(pool_connections);
        out.acquire_timeout(std::chrono::minutes{1}); // a busy machine takes its time to make the first ones
        return out;
    }
    void finished(std::exception_ptr e) {
        if (e) {
            const std::lock_guard lock{mutex_};
            problem_ = std::move(e);
        }
        if (left_.fetch_sub(1) == 1) io_.stop();
    }

    unsigned threads_;
    asio::io_context io_;
    tusk::pool pool_;
    std::atomic<std::uint64_t> taken_{0};
    std::uint64_t wanted_ = 0;
    std::atomic<unsigned> left_{0};
    std::mutex mutex_; // guards problem_
    std::exception_ptr problem_;
};

asio::awaitable<void> query(crew& all, kv_check& check, std::vector<std::uint32_t>& took) {
    for (std::uint64_t i = 0; all.next(i);) {
        const auto id = key_of(i);
        const stopwatch watch;
        const kv row = co_await all.pool().one<kv>(select_kv, id);
        took[i] = watch.nanoseconds();
        check.add(id, row.k, row.v);
    }
}

asio::awaitable<void> lease(crew& all, std::atomic<std::uint64_t>& open) {
    std::uint64_t mine = 0;
    for (std::uint64_t i = 0; all.next(i);) {
        const auto held = co_await all.pool().acquire();
        mine += held->is_open();
    }
    open += mine;
}

asio::awaitable<void> lease_for_a_turn(crew& all, std::atomic<std::uint64_t>& open) {
    std::uint64_t mine = 0;
    for (std::uint64_t i = 0; all.next(i);) {
        const auto held = co_await all.pool().acquire();
        co_await asio::post(asio::use_awaitable);
        mine += held->is_open();
    }
    open += mine;
}

/// All connections are made and know the statement; each worker has a check of its own. `took` gets the time
/// of each.
kv_check query_all(crew& all, std::vector<std::uint32_t>& took) {
    std::vector<kv_check> checks(pool_workers);
    std::size_t at = 0;
    all.run(pool_workers, took.size(), [&](crew& c) { return query(c, checks[at++], took); });
    kv_check sum;
    for (const auto& c : checks) sum.merge(c);
    return sum;
}

void warm_up(crew& all) {
    std::vector<std::uint32_t> ignored(40 * pool_workers);
    query_all(all, ignored);
}

std::uint64_t query_with(job& j, unsigned threads) {
    crew all{j, threads};
    warm_up(all);
    kv_check check;
    std::vector<std::uint32_t> took(j.n);
    j.clock.timed([&] { check = query_all(all, took); });
    check.finish(j.n);
    j.clock.latencies(std::move(took));
    all.close();
    return j.n;
}

template <class Work>
std::uint64_t lease_with(job& j, unsigned workers, Work work) {
    crew all{j, 1};
    warm_up(all);
    std::atomic<std::uint64_t> open{0};
    j.clock.timed([&] { all.run(workers, j.n, [&](crew& c) { return work(c, open); }); });
    if (open != j.n) throw wrong_answer{"a connection of the pool was not open"};
    all.close();
    return j.n;
}

asio::awaitable<void> lease_more(tusk::pool& from, std::vector<tusk::lease>& held, std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) {
        auto next = co_await from.acquire();
        held.push_back(std::move(next));
    }
}

} // namespace

std::uint64_t connect_pool(job& j) {
    asio::io_context io{1};
    auto settings = tusk::pool_config::parse(j.url).value();
    settings.min_connections(0).max_connections(static_cast<unsigned>(j.n) + 1);
    settings.acquire_timeout(std::chrono::minutes{1});
    tusk::pool pool{io.get_executor(), settings};
    std::vector<tusk::lease> held;
    complete(io, lease_more(pool, held, 1));
    j.clock.timed([&] { complete(io, lease_more(pool, held, j.n)); });
    for (const auto& one : held)
        if (!one->is_open()) throw wrong_answer{"a connection of the pool was not open"};
    held.clear();
    complete(io, pool.close());
    return j.n;
}

std::uint64_t pool(job& j) { return query_with(j, 1); }
std::uint64_t pool_threads(job& j) { return query_with(j, 2); }
std::uint64_t acquire(job& j) { return lease_with(j, 1, lease); }
std::uint64_t acquire_64(job& j) { return lease_with(j, pool_workers, lease); }
std::uint64_t acquire_handoff(job& j) { return lease_with(j, pool_workers, lease_for_a_turn); }

} // namespace bench::with_tusk
