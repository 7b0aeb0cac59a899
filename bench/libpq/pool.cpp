#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include <bench/data.hpp>
#include <bench/libpq/connection.hpp>
#include <bench/libpq/workloads.hpp>

namespace bench::with_libpq {

namespace {

/// The least a pool can be: no limits of time, no health checks, no fairness.
class bare_pool {
public:
    explicit bare_pool(const std::string& url) {
        for (unsigned i = 0; i < pool_connections; ++i) {
            idle_.push_back(open(url));
            prepare_kv(idle_.back().get());
        }
    }
    connection acquire() {
        std::unique_lock lock{mutex_};
        returned_.wait(lock, [this] { return !idle_.empty(); });
        connection out = std::move(idle_.back());
        idle_.pop_back();
        return out;
    }
    void release(connection c) {
        {
            const std::lock_guard lock{mutex_};
            idle_.push_back(std::move(c));
        }
        returned_.notify_one();
    }

private:
    std::mutex mutex_;
    std::condition_variable returned_;
    std::vector<connection> idle_;
};

/// Threads that share `n` operations; each calls `work(next)`, where `next(i)` is false when all are taken.
template <class Work>
void with_threads(unsigned count, std::uint64_t n, Work work) {
    std::atomic<std::uint64_t> taken{0};
    const auto next = [&](std::uint64_t& i) {
        return (i = taken.fetch_add(1, std::memory_order_relaxed)) < n;
    };
    std::exception_ptr problem;
    std::mutex mutex;
    const auto run = [&] {
        try {
            work(next);
        } catch (...) {
            const std::lock_guard lock{mutex};
            problem = std::current_exception();
        }
    };
    std::vector<std::thread> threads;
    for (unsigned i = 1; i < count; ++i) threads.emplace_back(run);
    run();
    for (auto& t : threads) t.join();
    if (problem) std::rethrow_exception(problem);
}

kv_check query_all(bare_pool& from, std::vector<std::uint32_t>& took) {
    kv_check sum;
    std::mutex mutex;
    with_threads(pool_workers, took.size(), [&](auto& next) {
        kv_check mine;
        for (std::uint64_t i = 0; next(i);) {
            const auto id = key_of(i);
            const stopwatch watch;
            auto c = from.acquire();
            const kv row = select_one(c.get(), id);
            from.release(std::move(c));
            took[i] = watch.nanoseconds();
            mine.add(id, row.k, row.v);
        }
        const std::lock_guard lock{mutex};
        sum.merge(mine);
    });
    return sum;
}

std::uint64_t lease_with(job& j, unsigned threads) {
    bare_pool from{j.url};
    std::atomic<std::uint64_t> open{0};
    j.clock.timed([&] {
        with_threads(threads, j.n, [&](auto& next) {
            std::uint64_t mine = 0;
            for (std::uint64_t i = 0; next(i);) {
                auto c = from.acquire();
                mine += PQstatus(c.get()) == CONNECTION_OK;
                from.release(std::move(c));
            }
            open += mine;
        });
    });
    if (open != j.n) throw wrong_answer{"a connection of the pool was not open"};
    return j.n;
}

} // namespace

std::uint64_t pool(job& j) {
    bare_pool from{j.url};
    std::vector<std::uint32_t> ignored(40 * pool_workers), took(j.n);
    query_all(from, ignored);
    kv_check check;
    j.clock.timed([&] { check = query_all(from, took); });
    check.finish(j.n);
    j.clock.latencies(std::move(took));
    return j.n;
}

std::uint64_t acquire(job& j) { return lease_with(j, 1); }
std::uint64_t acquire_64(job& j) { return lease_with(j, pool_workers); }

} // namespace bench::with_libpq
