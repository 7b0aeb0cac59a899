#include <bench/tusk/workloads.hpp>

namespace bench {

std::span<const workload> tusk_workloads() {
    using namespace with_tusk;
    static constexpr workload all[] = {
        {"point", "tusk", point, 50'000, true, "select one row by key, one connection, asio"},
        {"point-blocking", "tusk", point_blocking, 50'000, true, "the same, blocking"},
        {"point-metrics", "tusk", point_metrics, 50'000, true, "the first one, with metrics"},
        {"point-observed", "tusk", point_observed, 50'000, true,
         "the same, with metrics, logs, slow statements and a hundredth of all traces"},
        {"point-traced", "tusk", point_traced, 50'000, true, "the same, with every trace"},
        {"point-blocking-metrics", "tusk", point_blocking_metrics, 50'000, true, "blocking, with metrics"},
        {"point-blocking-observed", "tusk", point_blocking_observed, 50'000, true,
         "the same, with metrics, logs, slow statements and a hundredth of all traces"},
        {"point-blocking-traced", "tusk", point_blocking_traced, 50'000, true, "the same, with every trace"},
        {"batch", "tusk", batch, 200'000, true, "the same select, a hundred in each batch, asio"},
        {"batch-blocking", "tusk", batch_blocking, 200'000, true, "the same, blocking"},
        {"pool", "tusk", pool, 100'000, false, "the same query, 64 coroutines on a pool of 20, one thread"},
        {"pool-threads", "tusk", pool_threads, 100'000, false, "the same, two threads"},
        {"rows", "tusk", rows, 1'000'000, true, "a million rows of eight columns, for_each"},
        {"rows-stream", "tusk", rows_stream, 1'000'000, true, "the same, row_stream::next"},
        {"rows-blocking", "tusk", rows_blocking, 1'000'000, true, "the same, blocking for_each"},
        {"rows-structs", "tusk", rows_structs, 1'000'000, true, "the same into a vector, all"},
        {"copy-in", "tusk", copy_in, 1'000'000, true, "a million rows into bench_copy, binary COPY, asio"},
        {"copy-in-blocking", "tusk", copy_in_blocking, 1'000'000, true, "the same, blocking"},
        {"insert", "tusk", insert, 100'000, true, "arrays, a thousand rows a statement, asio"},
        {"insert-blocking", "tusk", insert_blocking, 100'000, true, "the same, blocking"},
        {"acquire", "tusk", acquire, 1'000'000, false, "acquire and release, nobody else there"},
        {"acquire-64", "tusk", acquire_64, 1'000'000, false,
         "acquire and release, 64 coroutines on a pool of 20"},
        {"acquire-handoff", "tusk", acquire_handoff, 1'000'000, false,
         "the same, the connection kept over one turn of the event loop, so that 44 wait"},
        {"connect", "tusk", connect, 200, false, "connect and close, one after the other, asio"},
        {"connect-blocking", "tusk", connect_blocking, 200, false, "the same, blocking"},
        {"connect-pool", "tusk", connect_pool, 50, false, "connections of a pool that has one already, kept"},
        {"orm-point", "tusk", orm_point, 50'000, true, "one row of a model by key, blocking"},
        {"orm-point-sql", "tusk", orm_point_sql, 50'000, true, "the same by a checked statement"},
        {"orm-rows", "tusk", orm_rows, 10'000, true, "a hundred rows of a model, blocking"},
        {"orm-rows-sql", "tusk", orm_rows_sql, 10'000, true, "the same by a checked statement"},
        {"orm-insert", "tusk", orm_insert, 50'000, true, "insert a model, blocking"},
        {"orm-insert-sql", "tusk", orm_insert_sql, 50'000, true, "the same by a checked statement"},
        {"orm-insert-100", "tusk", orm_insert_100, 5'000, true, "insert a hundred models, blocking"},
        {"orm-insert-100-sql", "tusk", orm_insert_100_sql, 5'000, true, "the same by a checked statement"},
        {"orm-insert-100-hand", "tusk", orm_insert_100_hand, 5'000, true, "the same by text and arrays"},
        {"orm-six", "tusk", orm_page_of_six, 10'000, true, "a hundred rows of six columns as models"},
        {"orm-six-hand", "tusk", orm_page_of_six_hand, 10'000, true, "the same by text, member by member"},
    };
    return all;
}

} // namespace bench
