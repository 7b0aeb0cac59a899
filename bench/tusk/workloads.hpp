#pragma once

#include <atomic>
#include <exception>
#include <string>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <bench/data.hpp>

namespace bench::with_tusk {

namespace asio = boost::asio;

std::uint64_t point(job& j);
std::uint64_t point_blocking(job& j);
std::uint64_t point_metrics(job& j);
std::uint64_t point_observed(job& j);
std::uint64_t point_traced(job& j);
std::uint64_t point_blocking_metrics(job& j);
std::uint64_t point_blocking_observed(job& j);
std::uint64_t point_blocking_traced(job& j);
std::uint64_t batch(job& j);
std::uint64_t batch_blocking(job& j);
std::uint64_t pool(job& j);
std::uint64_t pool_threads(job& j);
std::uint64_t acquire(job& j);
std::uint64_t acquire_64(job& j);
std::uint64_t acquire_handoff(job& j);
std::uint64_t rows(job& j);
std::uint64_t rows_stream(job& j);
std::uint64_t rows_blocking(job& j);
std::uint64_t rows_structs(job& j);
std::uint64_t copy_in(job& j);
std::uint64_t copy_in_blocking(job& j);
std::uint64_t connect(job& j);
std::uint64_t connect_blocking(job& j);
std::uint64_t connect_pool(job& j);
std::uint64_t insert(job& j);
std::uint64_t insert_blocking(job& j);
std::uint64_t orm_point(job& j);
std::uint64_t orm_point_sql(job& j);
std::uint64_t orm_rows(job& j);
std::uint64_t orm_rows_sql(job& j);
std::uint64_t orm_insert(job& j);
std::uint64_t orm_insert_sql(job& j);
std::uint64_t orm_insert_100(job& j);
std::uint64_t orm_insert_100_sql(job& j);
std::uint64_t orm_insert_100_hand(job& j);
std::uint64_t orm_page_of_six(job& j);
std::uint64_t orm_page_of_six_hand(job& j);

struct kv {
    std::string k;
    std::int32_t v = 0;
};

/// Runs one coroutine to its end, whatever else is going on; throws what it throws.
inline void complete(asio::io_context& io, asio::awaitable<void> work) {
    std::exception_ptr problem;
    asio::co_spawn(io, std::move(work), [&](std::exception_ptr e) {
        problem = std::move(e);
        io.stop();
    });
    io.restart();
    io.run();
    if (problem) std::rethrow_exception(problem);
}

} // namespace bench::with_tusk
