#include <bench/workload.hpp>

#ifdef TUSK_BENCH_LIBPQ
#include <bench/libpq/workloads.hpp>
#endif

namespace bench {

std::span<const workload> libpq_workloads() {
#ifdef TUSK_BENCH_LIBPQ
    using namespace with_libpq;
    static constexpr workload all[] = {
        {"point", "libpq", point, 50'000, true, "PQexecPrepared, binary"},
        {"batch", "libpq", batch, 200'000, true, "pipeline mode, a hundred to each PQpipelineSync"},
        {"pool", "libpq", pool, 100'000, false, "the same, 64 threads, 20 connections behind a mutex"},
        {"rows", "libpq", rows, 1'000'000, true, "single-row mode, binary, every column decoded"},
        {"rows-structs", "libpq", rows_structs, 1'000'000, true, "the same into a vector"},
        {"copy-in", "libpq", copy_in, 1'000'000, true, "binary COPY, serialised by hand, 64 KiB a call"},
        {"copy-in-rows", "libpq", copy_in_rows, 1'000'000, true, "the same, a call for each row"},
        {"acquire", "libpq", acquire, 1'000'000, false, "a mutex and a vector, nobody else there"},
        {"acquire-64", "libpq", acquire_64, 1'000'000, false, "the same, 64 threads"},
        {"insert", "libpq", insert, 100'000, true, "binary arrays made by hand, a thousand rows a statement"},
        {"connect", "libpq", connect, 200, false, "PQconnectdb and PQfinish"},
        {"connect-pool", "libpq", connect_pool, 50, false, "connections beside the first one, kept"},
        {"orm-point", "libpq", point, 50'000, true, "as point"},
        {"orm-rows", "libpq", page, 10'000, true, "a hundred rows, binary, into a vector of structs"},
        {"orm-insert", "libpq", insert_one, 50'000, true, "one row, prepared"},
        {"orm-insert-100", "libpq", insert_page, 5'000, true, "a hundred rows as arrays"},
    };
    return all;
#else
    return {};
#endif
}

} // namespace bench
