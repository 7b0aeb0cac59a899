#include <algorithm>
#include <stdexcept>
#include <vector>

#include <bench/data.hpp>
#include <bench/libpq/connection.hpp>
#include <bench/libpq/workloads.hpp>

namespace bench::with_libpq {

namespace {

void query(PGconn* c, kv_check& check, std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) {
        const auto id = key_of(i);
        const kv row = select_one(c, id);
        check.add(id, row.k, row.v);
    }
}

/// Batches of a hundred in pipeline mode; they fit into the sockets, so that nobody has to read meanwhile.
void query_in_batches(PGconn* c, kv_check& check, std::uint64_t n) {
    constexpr std::uint64_t size = 100;
    for (std::uint64_t done = 0; done < n; done += size) {
        const auto end = std::min(done + size, n);
        for (auto i = done; i < end; ++i) send_one(c, key_of(i));
        if (PQpipelineSync(c) != 1) throw std::runtime_error{PQerrorMessage(c)};
        for (auto i = done; i < end; ++i) {
            const kv row = kv_of(c, answer{PQgetResult(c)});
            check.add(key_of(i), row.k, row.v);
            if (const answer none{PQgetResult(c)}) throw wrong_answer{"one result was expected"};
        }
        expect(c, answer{PQgetResult(c)}, PGRES_PIPELINE_SYNC);
    }
}

} // namespace

std::uint64_t batch(job& j) {
    const auto c = open(j.url);
    prepare_kv(c.get());
    if (PQenterPipelineMode(c.get()) != 1) throw std::runtime_error{PQerrorMessage(c.get())};
    kv_check ignored, check;
    query_in_batches(c.get(), ignored, 100);
    if (j.pin) pin_together(*j.pin, PQbackendPID(c.get()));
    j.clock.timed([&] { query_in_batches(c.get(), check, j.n); });
    check.finish(j.n);
    return j.n;
}

std::uint64_t point(job& j) {
    const auto c = open(j.url);
    prepare_kv(c.get());
    kv_check ignored, check;
    query(c.get(), ignored, 100);
    if (j.pin) pin_together(*j.pin, PQbackendPID(c.get()));
    j.clock.timed([&] { query(c.get(), check, j.n); });
    check.finish(j.n);
    return j.n;
}

std::uint64_t connect(job& j) {
    open(j.url);
    std::uint64_t good = 0;
    j.clock.timed([&] {
        for (std::uint64_t i = 0; i < j.n; ++i)
            good += PQparameterStatus(open(j.url).get(), "server_version") != nullptr;
    });
    if (good != j.n) throw wrong_answer{"a new connection was not usable"};
    return j.n;
}

std::uint64_t connect_pool(job& j) {
    std::vector<connection> all;
    all.push_back(open(j.url));
    j.clock.timed([&] {
        for (std::uint64_t i = 0; i < j.n; ++i) all.push_back(open(j.url));
    });
    return j.n;
}

} // namespace bench::with_libpq
