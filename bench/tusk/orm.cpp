#include <bench/tusk/workloads.hpp>

#include <tusk/client.hpp>
#include <tusk/orm.hpp>
#include <tusk/types.hpp>

/// The levels of the ORM on a blocking connection: statements that the compiler checks (1), and queries of
/// models (2). The libraries they are compared with block, too.
namespace bench::with_tusk {

namespace orm = tusk::orm;
using client = tusk::blocking::connection;

struct stored {
    std::int64_t id = 0;
    std::string k;
    std::int32_t v = 0;
    using tusk_table = orm::table<"bench_kv", "r", orm::col<&stored::id, orm::pk>, orm::col<&stored::k>,
                                  orm::col<&stored::v>>;
};

struct copied {
    std::int64_t id = 0;
    std::string k;
    std::int32_t v = 0;
    using tusk_table = orm::table<"bench_copy", "r", orm::col<&copied::id, orm::pk>, orm::col<&copied::k>,
                                  orm::col<&copied::v>>;
};

struct six {
    std::int64_t id = 0;
    std::int32_t a = 0;
    double b = 0;
    std::string c;
    timestamp d;
    bool e = false;
    using tusk_table = orm::table<"bench_wide", "w", orm::col<&six::id>, orm::col<&six::a>, orm::col<&six::b>,
                                  orm::col<&six::c>, orm::col<&six::d>, orm::col<&six::e>>;
};

namespace {

inline constexpr auto point_sql = tusk::sql<"select k, v from bench_kv where id=$1", kv(std::int64_t)>;
inline constexpr auto page_sql =
    tusk::sql<"select id, k, v from bench_kv where id > $1 order by id limit 100", stored(std::int64_t)>;
inline constexpr auto insert_sql = tusk::sql<"insert into bench_copy (id, k, v) values ($1, $2, $3)",
                                             void(std::int64_t, std::string_view, std::int32_t)>;
inline constexpr auto insert_page_sql =
    tusk::sql<"insert into bench_copy (id, k, v) select * from unnest($1::int8[], $2::text[], $3::int4[])",
              void(std::vector<std::int64_t>, std::vector<std::string>, std::vector<std::int32_t>)>;

/// Times `work(i)` for each operation, after a warm-up.
template <class Work>
void timed(job& j, client& on, Work work, auto forget) {
    for (std::uint64_t i = 0; i < 100; ++i) work(i);
    forget();
    if (j.pin) pin_together(*j.pin, on.backend_pid());
    j.clock.timed([&] {
        for (std::uint64_t i = 0; i < j.n; ++i) work(i);
    });
}

/// `read(id)` is the row.
template <class Read>
std::uint64_t one_row(job& j, client& on, Read read) {
    kv_check check;
    const auto work = [&](std::uint64_t i) {
        const auto id = key_of(i);
        const auto row = read(id);
        check.add(id, row.k, row.v);
    };
    timed(j, on, work, [&] { check = {}; });
    check.finish(j.n);
    return j.n;
}

/// `read(id)` is the hundred rows behind `id`.
template <class Read>
std::uint64_t a_page(job& j, client& on, Read read) {
    kv_check check;
    const auto work = [&](std::uint64_t i) {
        auto id = page_of(i);
        for (const stored& row : read(id)) check.add_of_page(++id, row.id, row.k, row.v);
    };
    timed(j, on, work, [&] { check = {}; });
    check.finish(j.n * page_size);
    return j.n;
}

/// `insert(id)` inserts `size` rows from `id` on.
template <class Insert>
std::uint64_t inserted(job& j, client& on, std::uint64_t size, Insert insert) {
    const auto work = [&](std::uint64_t i) { insert(static_cast<std::int64_t>(i * size) + 1); };
    timed(j, on, work, [&] { on.exec(empty_copy); });
    check_copied(j.url, j.n * size);
    return j.n;
}

void fill(copied& row, std::int64_t id, key_text& key) {
    row.id = id;
    row.k.assign(key.of(id));
    row.v = static_cast<std::int32_t>(scattered(id));
}

} // namespace

std::uint64_t orm_point_sql(job& j) {
    auto on = client::open(j.url);
    return one_row(j, on, [&](std::int64_t id) { return on.one(point_sql, id); });
}

std::uint64_t orm_point(job& j) {
    auto on = client::open(j.url);
    const auto db = orm::on(on);
    return one_row(j, on, [&](std::int64_t id) {
        return db.select<stored>().columns<&stored::k, &stored::v>().where("r.id = ?", id).one();
    });
}

std::uint64_t orm_rows_sql(job& j) {
    auto on = client::open(j.url);
    return a_page(j, on, [&](std::int64_t id) { return on.all(page_sql, id); });
}

std::uint64_t orm_rows(job& j) {
    auto on = client::open(j.url);
    const auto db = orm::on(on);
    return a_page(j, on, [&](std::int64_t id) {
        return db.select<stored>().where("r.id > ?", id).order("r.id").limit(page_size).all();
    });
}

std::uint64_t orm_insert_sql(job& j) {
    auto on = client::open(j.url);
    key_text key;
    return inserted(j, on, 1, [&](std::int64_t id) {
        on.exec(insert_sql, id, key.of(id), static_cast<std::int32_t>(scattered(id)));
    });
}

std::uint64_t orm_insert(job& j) {
    auto on = client::open(j.url);
    const auto db = orm::on(on);
    key_text key;
    copied row;
    return inserted(j, on, 1, [&](std::int64_t id) {
        fill(row, id, key);
        db.insert(row).exec();
    });
}

std::uint64_t orm_insert_100_sql(job& j) {
    auto on = client::open(j.url);
    insert_columns rows;
    return inserted(j, on, page_size, [&](std::int64_t id) {
        rows.fill(id, page_size);
        on.exec(insert_page_sql, rows.ids, rows.keys, rows.values);
    });
}

std::uint64_t orm_insert_100_hand(job& j) {
    auto on = client::open(j.url);
    insert_columns rows;
    return inserted(j, on, page_size, [&](std::int64_t id) {
        rows.fill(id, page_size);
        on.exec(insert_arrays, rows.ids, rows.keys, rows.values);
    });
}

namespace {

/// `read()` is the first hundred rows of bench_wide.
template <class Read>
std::uint64_t pages_of_six(job& j, client& on, Read read) {
    on.script(scan_from_the_start);
    std::uint64_t wrong = 0;
    const auto work = [&](std::uint64_t) {
        std::int64_t id = 0;
        for (const six& row : read()) {
            ++id;
            wrong += row.id != id || row.a != scattered(id) || row.c.size() != 32 || row.e != (id % 3 == 0);
        }
        wrong += id != page_size;
    };
    timed(j, on, work, [] {});
    if (wrong != 0) throw wrong_answer{std::to_string(wrong) + " rows of bench_wide are wrong"};
    return j.n;
}

} // namespace

std::uint64_t orm_page_of_six(job& j) {
    auto on = client::open(j.url);
    const auto db = orm::on(on);
    return pages_of_six(j, on, [&] { return db.select<six>().limit(page_size).all(); });
}

std::uint64_t orm_page_of_six_hand(job& j) {
    using row = std::tuple<std::int64_t, std::int32_t, double, std::string, timestamp, bool>;
    auto on = client::open(j.url);
    return pages_of_six(j, on, [&] {
        std::vector<six> out;
        on.for_each<row>(
            [&](row& r) {
                auto& to = out.emplace_back();
                std::tie(to.id, to.a, to.b, std::ignore, to.d, to.e) = r;
                to.c = std::move(std::get<3>(r));
            },
            R"(SELECT "w"."id", "w"."a", "w"."b", "w"."c", "w"."d", "w"."e" FROM "bench_wide" AS "w" LIMIT $1)",
            page_size);
        return out;
    });
}

std::uint64_t orm_insert_100(job& j) {
    auto on = client::open(j.url);
    const auto db = orm::on(on);
    key_text key;
    std::vector<copied> rows(page_size);
    return inserted(j, on, page_size, [&](std::int64_t id) {
        for (auto& row : rows) fill(row, id++, key);
        db.insert_all(rows).exec();
    });
}

} // namespace bench::with_tusk
