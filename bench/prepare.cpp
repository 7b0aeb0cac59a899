#include <bench/data.hpp>
#include <bench/workload.hpp>

#include <tuple>

#include <tusk/client/blocking.hpp>

namespace bench {

namespace {

// One script is one transaction: the tables are there with all their rows, or not at all.
constexpr const char* make_tables = R"sql(
drop table if exists bench_kv, bench_wide, bench_copy;
create table bench_kv(id int8 primary key, k text, v int4);
insert into bench_kv
    select i, 'key-' || lpad(i::text, 12, '0'), (i::int8 * 7919) % 1000003 from generate_series(1, 100000) i;
create table bench_wide(id int8, a int4, b float8, c varchar(32), d timestamptz, e bool, f numeric(12,2), g uuid);
insert into bench_wide
    select i, (i::int8 * 7919) % 1000003, i / 7.0, md5(i::text),
           timestamptz '2020-01-01 00:00:00+00' + i * interval '1 second 1234 microseconds', i % 3 = 0,
           (i % 1000000000) / 100.0 + 0.25, md5(i::text)::uuid
    from generate_series(1, 1000000) i;
create unlogged table bench_copy(id int8, k text, v int4);
)sql";

constexpr const char* make_user = R"sql(
set password_encryption = 'scram-sha-256';
drop role if exists bench_scram;
create role bench_scram superuser login password 'tusk-bench';
)sql";

bool complete(tusk::blocking::connection& on) {
    const bool exist =
        on.one<bool>("select to_regclass('bench_kv') is not null and to_regclass('bench_wide') is not "
                     "null and to_regclass('bench_copy') is not null");
    if (!exist) return false;
    const auto rows = on.one<std::tuple<std::int64_t, std::int64_t>>(
        "select (select count(*) from bench_kv), (select count(*) from bench_wide)");
    return rows == std::tuple{kv_rows, wide_rows};
}

} // namespace

void check_copied(const std::string& url, std::uint64_t rows) {
    auto on = tusk::blocking::connection::open(url);
    const auto [count, ids, values, keys] =
        on.one<std::tuple<std::int64_t, std::int64_t, std::int64_t, bool>>(check_copy);
    finish_copy(rows, count, ids, values, keys);
    on.exec(empty_copy);
}

std::string make_scram_user(const std::string& url) {
    auto on = tusk::blocking::connection::open(url);
    on.script(make_user);
    const auto rules = on.one<std::string>("select current_setting('hba_file')");
    // COPY takes no argument for the name of the file.
    on.script(
        "copy (select unnest(array['local all all trust', 'host all bench_scram 127.0.0.1/32 scram-sha-256', "
        "'host all all 127.0.0.1/32 trust'])) to " +
        on.one<std::string>("select quote_literal($1)", rules) + "; select pg_reload_conf()");
    return "bench_scram:tusk-bench";
}

std::string prepare(const std::string& url) {
    auto on = tusk::blocking::connection::open(url);
    if (complete(on)) return "the tables are complete";
    on.script(make_tables);
    for (const char* statement : {"vacuum analyze bench_kv", "vacuum analyze bench_wide"}) on.exec(statement);
    return "made bench_kv, bench_wide and bench_copy";
}

} // namespace bench
