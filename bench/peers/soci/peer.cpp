#include <soci/postgresql/soci-postgresql.h>
#include <soci/soci.h>

#include <bench/data.hpp>
#include <bench/peers/peer_main.hpp>

/// The workloads of the ORM with SOCI: structs by type_conversion, statements that are prepared once.
namespace bench {

struct stored {
    std::int64_t id = 0;
    std::string k;
    std::int32_t v = 0;
};

} // namespace bench

template <>
struct soci::type_conversion<bench::stored> {
    using base_type = values;
    static void from_base(const values& from, indicator, bench::stored& to) {
        to.id = from.get<long long>("id");
        to.k = from.get<std::string>("k");
        to.v = from.get<int>("v");
    }
    static void to_base(const bench::stored& from, values& to, indicator& is) {
        to.set("id", static_cast<long long>(from.id));
        to.set("k", from.k);
        to.set("v", from.v);
        is = i_ok;
    }
};

namespace bench {

namespace {

int backend_of(soci::session& on) {
    int out = 0;
    on << "select pg_backend_pid()", soci::into(out);
    return out;
}

/// SOCI's own form of a connection string is libpq's.
template <class Work>
void timed(job& j, soci::session& on, Work work, auto forget) {
    for (std::uint64_t i = 0; i < 100; ++i) work(i);
    forget();
    if (j.pin) pin_together(*j.pin, backend_of(on));
    j.clock.timed([&] {
        for (std::uint64_t i = 0; i < j.n; ++i) work(i);
    });
}

std::uint64_t point(job& j) {
    soci::session on{soci::postgresql, j.url};
    long long id = 0;
    stored row;
    soci::statement query =
        (on.prepare << "select id, k, v from bench_kv where id = :id", soci::use(id), soci::into(row));
    kv_check check;
    const auto work = [&](std::uint64_t i) {
        id = key_of(i);
        query.execute(true);
        check.add(id, row.k, row.v);
    };
    timed(j, on, work, [&] { check = {}; });
    check.finish(j.n);
    return j.n;
}

std::uint64_t rows(job& j) {
    soci::session on{soci::postgresql, j.url};
    kv_check check;
    const auto work = [&](std::uint64_t i) {
        long long id = page_of(i);
        const soci::rowset<stored> page =
            (on.prepare << "select id, k, v from bench_kv where id > :id order by id limit 100",
             soci::use(id));
        auto wanted = static_cast<std::int64_t>(id);
        for (const auto& row : page) check.add_of_page(++wanted, row.id, row.k, row.v);
    };
    timed(j, on, work, [&] { check = {}; });
    check.finish(j.n * page_size);
    return j.n;
}

template <class Work>
std::uint64_t inserted(job& j, soci::session& on, std::uint64_t size, Work work) {
    timed(j, on, work, [&] { on << empty_copy; });
    long long count = 0, ids = 0, values = 0;
    std::string keys;
    on << "select count(*), sum(id)::int8, sum(v)::int8, "
          "bool_and(k = 'key-' || lpad(id::text, 12, '0'))::text from bench_copy",
        soci::into(count), soci::into(ids), soci::into(values), soci::into(keys);
    on << empty_copy;
    finish_copy(j.n * size, count, ids, values, keys == "true");
    return j.n;
}

std::uint64_t insert_one(job& j) {
    soci::session on{soci::postgresql, j.url};
    key_text key;
    stored row;
    soci::statement insert =
        (on.prepare << "insert into bench_copy (id, k, v) values (:id, :k, :v)", soci::use(row));
    return inserted(j, on, 1, [&](std::uint64_t i) {
        row.id = static_cast<std::int64_t>(i) + 1;
        row.k.assign(key.of(row.id));
        row.v = static_cast<std::int32_t>(scattered(row.id));
        insert.execute(true);
    });
}

/// Vectors are its bulk operation: with PostgreSQL a statement for each row, here in one transaction. A
/// statement that is kept executes its first vectors again (4.0.3), so that it is prepared each time.
std::uint64_t insert_page(job& j) {
    soci::session on{soci::postgresql, j.url};
    key_text key;
    std::vector<long long> ids(page_size);
    std::vector<std::string> keys(page_size);
    std::vector<int> values(page_size);
    return inserted(j, on, page_size, [&](std::uint64_t i) {
        for (std::size_t at = 0; at < ids.size(); ++at) {
            ids[at] = static_cast<long long>(i) * page_size + static_cast<long long>(at) + 1;
            keys[at].assign(key.of(ids[at]));
            values[at] = static_cast<int>(scattered(ids[at]));
        }
        soci::transaction tx{on};
        on << "insert into bench_copy (id, k, v) values (:id, :k, :v)", soci::use(ids), soci::use(keys),
            soci::use(values);
        tx.commit();
    });
}

constexpr workload all[] = {
    {"orm-point", "soci", point, 20'000, true, ""},
    {"orm-rows", "soci", rows, 5'000, true, ""},
    {"orm-insert", "soci", insert_one, 20'000, true, ""},
    {"orm-insert-100", "soci", insert_page, 1'000, true, ""},
};

} // namespace

} // namespace bench

int main(int argc, char** argv) { return bench::peer_main(argc, argv, "soci", bench::all); }
