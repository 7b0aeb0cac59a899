#include "round_trip.hpp"

#include <limits>

using namespace types_test;

namespace system_types_test {

using tusk::lsn;
using tusk::money;
using tusk::tid;
using tusk::time_tz;
namespace oid = tusk::oid;

/// Numbers of all lengths.
std::uint64_t any_bits(std::mt19937_64& random) { return random() >> below(random, 64); }

TEST_F(types, pg_lsn) {
    auto db = connect();
    auto values = drawn(200, [](auto& random) { return lsn{any_bits(random)}; });
    values.push_back(lsn{});
    values.push_back(lsn{~std::uint64_t{0}});
    check_all(db, {"pg_lsn", oid::pg_lsn}, values);
    for (const lsn& value : values)
        EXPECT_EQ(db.one<std::string>("select $1::pg_lsn::text", value), value.to_string());
    EXPECT_TRUE(db.one<lsn>("select pg_current_wal_lsn()").is_valid());
    if (tusk::testing::test_server::shared().major_version() < 14)
        GTEST_SKIP() << "adding to a pg_lsn came with PostgreSQL 14";
    EXPECT_EQ(db.one<lsn>("select $1::pg_lsn + 4096", lsn{0xfffff800}), lsn{0xfffff800} + 4096);
}

TEST_F(types, money_of_several_locales) {
    auto db = connect();
    auto values = drawn(
        200, [](auto& random) { return money{static_cast<std::int64_t>(random()) >> below(random, 63)}; });
    values.push_back(money{std::numeric_limits<std::int64_t>::max()});
    values.push_back(money{std::numeric_limits<std::int64_t>::min()});
    for (const char* locale : {"C", "en_US.UTF-8", "de_DE.UTF-8", "ja_JP.UTF-8"}) {
        // Those that the machine does not have are left out; C is everywhere.
        if (!db.try_one<std::string>("select set_config('lc_monetary', $1, false)", locale)) continue;
        for (const money value : values) {
            EXPECT_EQ(db.one<money>("select $1::money", value), value);
            const auto printed = db.one<std::string>("select $1::money::text", value);
            money read;
            EXPECT_EQ(static_cast<int>(tusk::codec<money>::decode_text(oid::money, printed, read)), 0)
                << printed;
            EXPECT_EQ(read, value) << printed;
        }
    }
    db.exec("set lc_monetary = 'C'");
    values.pop_back(); // the server prints the least value but does not read it
    check_all(db, {"money", oid::money}, values);
    EXPECT_EQ(db.one<tusk::numeric>("select $1::numeric", money{-12345}), tusk::numeric::parse("-123.45"));
}

TEST_F(types, time_with_time_zone) {
    auto db = connect();
    auto values = drawn(300, [](auto& random) {
        constexpr std::size_t day = 86'400'000'000;
        const auto zone = static_cast<int>(below(random, 2 * 57'599 + 1)) - 57'599;
        const auto rounded = below(random, 2) == 0 ? zone : zone / 3600 * 3600;
        return time_tz{tusk::time_of_day{std::chrono::microseconds{below(random, day + 1)}},
                       std::chrono::seconds{rounded}};
    });
    values.push_back(time_tz{tusk::time_of_day{tusk::time_of_day::end_of_day}, std::chrono::seconds{57'599}});
    values.push_back(time_tz{tusk::time_of_day{}, std::chrono::seconds{-57'599}});
    check_all(db, {"timetz", oid::timetz}, values);
    for (std::size_t i = 1; i < values.size(); ++i)
        EXPECT_EQ(db.one<bool>("select $1::timetz < $2::timetz", values[i - 1], values[i]),
                  values[i - 1] < values[i]);
}

TEST_F(types, identifiers) {
    auto db = connect();
    const auto words = drawn(100, [](auto& random) { return static_cast<std::uint32_t>(any_bits(random)); });
    for (const auto& [name, type] : {std::pair{"oid", oid::oid}, {"xid", oid::xid}, {"cid", oid::cid}})
        check_all(db,
                  {
                      name,
                      type,
                  },
                  words);
    auto long_ones = drawn(100, any_bits);
    long_ones.push_back(~std::uint64_t{0});
    check_all(db, {"xid8", oid::xid8}, long_ones);
    check_all(db, {"tid", oid::tid}, drawn(100, [](auto& random) {
                  return tid{static_cast<std::uint32_t>(any_bits(random)),
                             static_cast<std::uint16_t>(random())};
              }));
    db.script("create table rows (a int); insert into rows values (7)");
    EXPECT_EQ((db.one<std::tuple<tid, int>>("select ctid, a from rows where ctid = $1", tid{0, 1})),
              (std::tuple{tid{0, 1}, 7}));
    const auto writer = db.one<std::uint32_t>("select xmin from rows");
    EXPECT_EQ(db.one<std::uint32_t>("select $1::xid", writer), writer);
}

TEST_F(types, named_oids_are_numbers_and_names) {
    auto db = connect();
    EXPECT_EQ(db.one<std::uint32_t>("select 'pg_class'::regclass"), 1259u);
    EXPECT_EQ(db.one<std::string>("select 'pg_class'::regclass"), "pg_class");
    EXPECT_EQ(db.one<std::string>("select $1::regclass::text", 1259), "pg_class");
    EXPECT_EQ(db.one<std::string>("select $1::regtype::text", oid::timestamptz), "timestamp with time zone");
    EXPECT_EQ(db.one<std::uint32_t>("select $1::regtype", "timestamp with time zone"), oid::timestamptz);
    EXPECT_EQ(db.one<std::vector<std::uint32_t>>("select array['int4', 'text']::regtype[]"),
              (std::vector<std::uint32_t>{oid::int4, oid::text}));
    for (const char* type : {"regproc", "regprocedure", "regoper", "regoperator", "regclass", "regtype",
                             "regconfig", "regdictionary", "regnamespace", "regrole", "regcollation"})
        EXPECT_EQ(db.one<std::uint32_t>("select $1::" + std::string{type}, 4'000'000'000u), 4'000'000'000u)
            << type;
}

TEST_F(types, single_characters) {
    auto db = connect();
    std::vector<char> values;
    for (int c = 0; c < 128; ++c) values.push_back(static_cast<char>(c));
    check_all(db, {"\"char\"", oid::character}, values);
    for (int c = 128; c < 256; ++c)
        EXPECT_EQ(db.one<char>("select $1::\"char\"", static_cast<char>(c)), static_cast<char>(c));
    EXPECT_EQ(db.one<char>("select $1::char(1)", 'x'), 'x');
    EXPECT_EQ(db.one<char>("select relkind from pg_class where oid = 1259"), 'r');
}

TEST_F(types, vectors_of_the_catalog) {
    auto db = connect();
    using shorts = std::vector<std::int16_t>;
    using oids = std::vector<std::uint32_t>;
    const auto some = [](std::mt19937_64& random) {
        shorts out;
        for (std::size_t left = below(random, 9); left != 0; --left)
            out.push_back(static_cast<std::int16_t>(random()));
        return out;
    };
    auto values = drawn(100, some);
    values.push_back({});
    round_trip<shorts> vectors{db, {"int2vector", oid::int2vector}};
    for (const shorts& value : values) vectors.check(value);
    round_trip<oids> identifiers{db, {"oidvector", oid::oidvector}};
    for (const shorts& value : values) identifiers.check(oids(value.begin(), value.end()));
    EXPECT_EQ(db.one<oids>("select proargtypes from pg_proc where oid = 'int4pl'::regproc"),
              (oids{oid::int4, oid::int4}));
    EXPECT_EQ(db.one<std::vector<std::string>>("select array['1 2', '']::int2vector[]"),
              (std::vector<std::string>{"1 2", ""}));
}

TEST_F(types, what_has_no_type_of_its_own_is_text) {
    auto db = connect();
    const std::pair<const char*, std::vector<std::string>> samples[] = {
        {"name", {"", "a", "pg_class", std::string(63, 'x'), "a b\"c"}},
        {"jsonpath", {"$.\"a\"[*]?(@ > 1)", "strict $"}},
        {"xml", {"<a b=\"c\">d</a>", ""}},
        {"aclitem", {"postgres=arwdDxt/postgres", "=r/postgres"}},
        {"refcursor", {"", "a cursor"}},
        {"regproc", {"now", "-"}},
        {"regprocedure", {"abs(integer)"}},
        {"regoper", {"||/"}},
        {"regoperator", {"+(integer,integer)"}},
        {"regclass", {"pg_class", "pg_type"}},
        {"regtype", {"integer", "timestamp with time zone[]"}},
        {"regconfig", {"english", "simple"}},
        {"regdictionary", {"simple"}},
        {"regnamespace", {"pg_catalog"}},
        {"regrole", {"postgres"}},
        {"regcollation", {"\"C\"", "\"default\""}},
        {"pg_snapshot", {"10:20:10,14,15", "1:1:"}},
        {"txid_snapshot", {"10:20:10,14,15"}},
        {"tid", {"(0,1)"}},
        {"pg_lsn", {"16/B374D848"}},
        {"inet", {"10.0.0.0/8"}},
        {"int4range", {"[1,5)", "empty"}},
    };
    for (const auto& [type, values] : samples) {
        const std::string name = type;
        for (const std::string& value : values) {
            const auto wanted = db.one<std::string>("select $1::" + name + "::text", value);
            EXPECT_EQ(db.one<std::string>("select $1::" + name, value), wanted) << name;
            if (name != "jsonpath") {
                EXPECT_EQ(wanted, value) << name;
            }
        }
        EXPECT_EQ(db.one<std::vector<std::string>>("select $1::" + name + "[]::text[]", values),
                  db.one<std::vector<std::string>>("select $1::" + name + "[]", values))
            << name;
    }
}

} // namespace system_types_test
