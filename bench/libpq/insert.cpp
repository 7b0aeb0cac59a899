#include <algorithm>
#include <array>

#include <bench/binary_rows.hpp>
#include <bench/libpq/connection.hpp>
#include <bench/libpq/workloads.hpp>

/// Inserts of rows and arrays, and pages: the work of `insert` and of the ORM, by hand.
namespace bench::with_libpq {

namespace {

constexpr int all_binary[] = {1, 1, 1};

void run(PGconn* c, const char* statement, const std::array<std::string_view, 3>& values) {
    const char* const at[] = {values[0].data(), values[1].data(), values[2].data()};
    const int sizes[] = {static_cast<int>(values[0].size()), static_cast<int>(values[1].size()),
                         static_cast<int>(values[2].size())};
    expect(c, answer{PQexecPrepared(c, statement, 3, at, sizes, all_binary, 1)}, PGRES_COMMAND_OK);
}

void execute(PGconn* c, const char* sql) { expect(c, answer{PQexec(c, sql)}, PGRES_COMMAND_OK); }

void prepare(PGconn* c, const char* name, const char* sql) {
    expect(c, answer{PQprepare(c, name, sql, 0, nullptr)}, PGRES_COMMAND_OK);
}

void insert_rows(PGconn* c, insert_arguments& rows, std::uint64_t first, std::uint64_t n) {
    rows.fill(static_cast<std::int64_t>(first), n);
    run(c, "arrays", {rows.ids, rows.keys, rows.values});
}

/// `one(first)` inserts `size` rows.
template <class One>
std::uint64_t inserted(job& j, PGconn* c, std::uint64_t size, One one) {
    for (std::uint64_t i = 0; i < 10; ++i) one(i * size + 1);
    execute(c, empty_copy);
    if (j.pin) pin_together(*j.pin, PQbackendPID(c));
    j.clock.timed([&] {
        for (std::uint64_t i = 0; i < j.n; ++i) one(i * size + 1);
    });
    check_copied(j.url, j.n * size);
    return j.n;
}

struct stored {
    std::int64_t id = 0;
    std::string k;
    std::int32_t v = 0;
};

std::vector<stored> page_behind(PGconn* c, std::int64_t id) {
    const auto wire = __builtin_bswap64(static_cast<std::uint64_t>(id));
    const char* const at[] = {reinterpret_cast<const char*>(&wire)};
    constexpr int size = sizeof wire;
    const answer r{PQexecPrepared(c, "page", 1, at, &size, all_binary, 1)};
    expect(c, r, PGRES_TUPLES_OK);
    std::vector<stored> out(static_cast<std::size_t>(PQntuples(r.get())));
    for (std::size_t i = 0; i < out.size(); ++i) {
        const int row = static_cast<int>(i);
        out[i].id = load_64(PQgetvalue(r.get(), row, 0));
        out[i].k.assign(PQgetvalue(r.get(), row, 1), static_cast<std::size_t>(PQgetlength(r.get(), row, 1)));
        out[i].v = load_32(PQgetvalue(r.get(), row, 2));
    }
    return out;
}

} // namespace

std::uint64_t insert(job& j) {
    const auto c = open(j.url);
    prepare(c.get(), "arrays", insert_arrays);
    insert_arguments rows;
    const auto all = [&](std::uint64_t n) {
        for (std::uint64_t done = 0; done < n; done += insert_size)
            insert_rows(c.get(), rows, done + 1, std::min(insert_size, n - done));
    };
    all(2 * insert_size);
    execute(c.get(), empty_copy);
    if (j.pin) pin_together(*j.pin, PQbackendPID(c.get()));
    j.clock.timed([&] { all(j.n); });
    check_copied(j.url, j.n);
    return j.n;
}

std::uint64_t page(job& j) {
    const auto c = open(j.url);
    prepare(c.get(), "page", select_page);
    kv_check check;
    const auto read = [&](std::uint64_t n) {
        for (std::uint64_t i = 0; i < n; ++i) {
            auto id = page_of(i);
            for (const auto& row : page_behind(c.get(), id)) check.add_of_page(++id, row.id, row.k, row.v);
        }
    };
    read(100);
    check = {};
    if (j.pin) pin_together(*j.pin, PQbackendPID(c.get()));
    j.clock.timed([&] { read(j.n); });
    check.finish(j.n * page_size);
    return j.n;
}

std::uint64_t insert_one(job& j) {
    const auto c = open(j.url);
    prepare(c.get(), "one", insert_copy);
    key_text key;
    std::string id, v;
    return inserted(j, c.get(), 1, [&](std::uint64_t i) {
        const auto number = static_cast<std::int64_t>(i);
        id.clear(), v.clear();
        put(id, number), put(v, static_cast<std::int32_t>(scattered(number)));
        run(c.get(), "one", {id, key.of(number), v});
    });
}

std::uint64_t insert_page(job& j) {
    const auto c = open(j.url);
    prepare(c.get(), "arrays", insert_arrays);
    insert_arguments rows;
    return inserted(j, c.get(), page_size,
                    [&](std::uint64_t first) { insert_rows(c.get(), rows, first, page_size); });
}

} // namespace bench::with_libpq
