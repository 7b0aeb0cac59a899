// Typed COPY into tables, on both drivers.
#include <list>
#include <ranges>
#include <sstream>

#include "copy_support.hpp"

#include <tusk/types.hpp>

using namespace client_test;
using namespace tusk::literals;

namespace copy_in_test {

class copy_in : public copy_test {};
INSTANTIATE_TEST_SUITE_P(on, copy_in, ::testing::Values(driver::blocking, driver::asio), driver_name);

using row = std::tuple<int, std::string, std::optional<std::int64_t>>;
const tusk::columns abc{"a", "b", "c"};

/// Calls of a generator, and what it yields.
struct counting {
    int next = 0;
    int end = 0;
    std::optional<row> operator()() {
        if (next == end) return std::nullopt;
        ++next;
        return row{next, "row", next};
    }
};

struct item {
    int a = 0;
    std::string_view b;
    std::optional<std::int64_t> c;
};

struct thing {
    std::string name;
};

} // namespace copy_in_test

template <>
struct tusk::codec<copy_in_test::thing> {
    static bool binary_target(tusk::oid_t) { return false; }
    static tusk::codec_errc encode_binary(tusk::value_sink&, tusk::oid_t, const copy_in_test::thing&) {
        return tusk::codec_errc::wrong_type;
    }
    static tusk::codec_errc encode_text(tusk::value_sink& out, tusk::oid_t, const copy_in_test::thing& t) {
        out.put(std::string_view{t.name});
        return tusk::codec_errc::ok;
    }
};

namespace copy_in_test {

TEST_P(copy_in, carries_a_hundred_thousand_rows_there_and_back) {
    std::vector<row> rows;
    for (int i = 1; i <= 100'000; ++i)
        rows.emplace_back(i, "row number " + std::to_string(i),
                          i % 3 == 0 ? std::nullopt : std::optional<std::int64_t>{-i * 10'000'000'000LL});
    EXPECT_EQ(db().copy_in("t", abc, rows), 100'000U);
    std::vector<row> back;
    EXPECT_EQ(db().copy_out<row>("select a, b, c from t order by a", std::back_inserter(back)), 100'000U);
    EXPECT_EQ(back, rows);
    expect_usable();
}

TEST_P(copy_in, of_no_rows_copies_none) {
    EXPECT_EQ(db().copy_in("t", abc, std::vector<row>{}), 0U);
    expect_usable();
}

TEST_P(copy_in, takes_nulls_everywhere) {
    db().exec("create table n (a int4, b text, c jsonb)");
    using nulls = std::tuple<std::optional<int>, std::optional<std::string>, std::nullopt_t>;
    const std::vector<nulls> rows(500, nulls{std::nullopt, std::nullopt, std::nullopt});
    EXPECT_EQ(db().copy_in("n", tusk::columns{}, rows), 500U);
    EXPECT_EQ(db().one<std::int64_t>("select count(*) from n where num_nulls(a, b, c) = 3"), 500);
}

TEST_P(copy_in, takes_structs_pairs_views_generators_and_single_values) {
    const item items[] = {{1, "one", 10}, {2, "two", std::nullopt}};
    EXPECT_EQ(db().copy_in("t", abc, items), 2U);
    const std::list<std::pair<int, const char*>> pairs{{3, "three"}};
    EXPECT_EQ(db().copy_in("public.t", tusk::columns("a", "b"), pairs), 1U);
    auto view = std::views::iota(4, 7) | std::views::transform([](int i) { return std::tuple{i, "view"}; });
    EXPECT_EQ(db().copy_in(tusk::table_name("public", "t"), tusk::columns("a", "b"), view), 3U);
    EXPECT_EQ(db().copy_in("t", tusk::columns("a"), std::vector<int>{7, 8}), 2U);
    std::istringstream numbers{"9 10"};
    EXPECT_EQ(db().copy_in("t", tusk::columns("a"), std::views::istream<int>(numbers)), 2U);
    int next = 11;
    const auto generator = [&]() -> std::optional<std::tuple<int>> {
        return next < 13 ? std::optional{std::tuple{next++}} : std::nullopt;
    };
    EXPECT_EQ(db().copy_in("t", tusk::columns("a"), generator), 2U);
    const auto sum = db().one<std::tuple<std::int64_t, std::int64_t, std::int64_t>>(
        "select sum(a), count(b), count(c) from t");
    EXPECT_EQ(sum, (std::tuple<std::int64_t, std::int64_t, std::int64_t>{78, 6, 1}));
}

TEST_P(copy_in, knows_the_binary_form_of_every_kind_of_column) {
    db().exec("create table kinds (i2 int2, i8 int8, f4 float4, f8 float8, n numeric, b bool, s varchar(10), "
              "j jsonb, js json, u uuid, d timestamptz, by bytea, ia int4[], m mood, p positive)");
    const auto at =
        std::chrono::sys_time<std::chrono::microseconds>{std::chrono::microseconds{1'700'000'000'123'456}};
    const auto id = *tusk::uuid::parse("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11");
    const std::vector<std::byte> bytes{std::byte{0}, std::byte{255}};
    const auto values = std::tuple{7,
                                   std::int16_t{8},
                                   1.5F,
                                   2.5,
                                   tusk::numeric::parse("12.50").value(),
                                   true,
                                   "text",
                                   R"({"a": 1})",
                                   "[1]",
                                   id,
                                   at,
                                   bytes,
                                   std::vector<int>{1, 2},
                                   "happy",
                                   5};
    for (int i = 0; i < 2; ++i) // the second time by what is remembered
        EXPECT_EQ(db().copy_in("kinds", tusk::columns{}, std::vector{values}), 1U);
    EXPECT_EQ(
        db().one<std::string>("select distinct concat_ws('|', i2, i8, f4, f8, n, b, s, j, js, u, "
                              "extract(epoch from d), by, ia, m, p) from kinds"),
        "7|8|1.5|2.5|12.50|t|text|{\"a\": 1}|[1]|a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11|1700000000.123456|"
        "\\x00ff|{1,2}|happy|5");
}

TEST_P(copy_in, of_a_type_without_a_binary_form_sends_nothing) {
    db().exec("create table prices (id int4, price numeric, at inet)");
    db().exec("begin");
    const std::vector<std::tuple<int, int>> integers{{1, 2}};
    auto f = failure_of([&] { db().copy_in("prices", tusk::columns("id", "price"), integers); });
    EXPECT_EQ(f.code(), tusk::errc::type_mismatch);
    EXPECT_EQ(f.sent(), tusk::sent_state::none);
    for (const char* word : {"\"price\"", "numeric", "int "})
        EXPECT_NE(f.message().find(word), std::string::npos) << f.message();
    const std::vector<std::string> addresses{"127.0.0.1"};
    f = failure_of([&] { db().copy_in("prices", tusk::columns("at"), addresses); });
    EXPECT_EQ(f.code(), tusk::errc::type_mismatch) << f.message();
    const std::vector<thing> things{{"x"}};
    f = failure_of([&] { db().copy_in("prices", tusk::columns("at"), things); });
    EXPECT_NE(f.message().find("thing"), std::string::npos) << f.message();
    EXPECT_EQ(db().one<int>("select 1"), 1) << "the transaction is unharmed";
    db().exec("rollback");
    expect_usable();
}

TEST_P(copy_in, of_another_number_of_values_names_the_columns) {
    const std::vector<std::tuple<int, std::string>> rows{{1, "x"}};
    const auto f = failure_of([&] { db().copy_in("t", tusk::columns{}, rows); });
    EXPECT_EQ(f.code(), tusk::errc::column_mismatch);
    EXPECT_NE(f.message().find("a, b, c"), std::string::npos) << f.message();
}

TEST_P(copy_in, into_what_is_not_there_is_the_servers_error) {
    const std::vector<int> rows{1};
    EXPECT_EQ(failure_of([&] { db().copy_in("missing", tusk::columns("a"), rows); }),
              tusk::condition::undefined_table);
    EXPECT_EQ(failure_of([&] { db().copy_in("t", tusk::columns("missing"), rows); }),
              tusk::condition::undefined_column);
    EXPECT_EQ(failure_of([&] { db().copy_in("t", tusk::columns("a\" from t; drop table t; --"), rows); }),
              tusk::condition::undefined_column);
    expect_usable();
}

TEST_P(copy_in, needs_no_right_to_read) {
    db().exec("create role writer");
    db().exec("grant insert on t to writer");
    db().exec("set role writer");
    EXPECT_EQ(db().copy_in("t", tusk::columns("a"), std::vector<int>{1}), 1U);
    db().exec("reset role");
    db().exec("drop owned by writer");
    db().exec("drop role writer");
}

TEST_P(copy_in, names_with_capitals_and_quotes_are_quoted) {
    db().exec("create table \"Odd \"\"Name\" (\"Col\" int4)");
    EXPECT_EQ(db().copy_in("Odd \"Name", tusk::columns("Col"), std::vector<int>{1}), 1U);
    EXPECT_EQ(db().one<int>("select \"Col\" from \"Odd \"\"Name\""), 1);
}

TEST_P(copy_in, that_violates_a_constraint_in_the_middle_copies_nothing_and_names_the_line) {
    std::vector<std::pair<int, std::string>> rows;
    for (int i = 1; i <= 5000; ++i) rows.emplace_back(i == 3000 ? 1 : i, "x");
    const auto f = failure_of([&] { db().copy_in("t", tusk::columns("a", "b"), rows); });
    EXPECT_EQ(f, tusk::condition::duplicate);
    ASSERT_NE(f.server(), nullptr);
    EXPECT_EQ(f.server()->constraint, "t_pkey");
    EXPECT_EQ(f.server()->where.find("COPY t, line "), 0U) << f.server()->where;
    EXPECT_EQ(f.sql(), "copy \"t\" (\"a\", \"b\") from stdin (format binary)");
    EXPECT_EQ(rows_of_t(), 0);
    expect_usable();
}

TEST_P(copy_in, stops_asking_for_rows_soon_after_the_server_has_failed) {
    db().exec("create function fails() returns trigger language plpgsql as 'begin raise ''no''; end'");
    db().exec(
        "create trigger fails before insert on t for each row when (new.a = 10) execute function fails()");
    counting rows{0, 20'000'000};
    const auto next = [&] { return rows(); };
    const auto f = failure_of([&] { db().copy_in("t", abc, next); });
    EXPECT_EQ(f.code(), tusk::make_error_code("P0001"_sqlstate)) << f.message();
    EXPECT_LT(rows.next, 5'000'000);
    expect_usable();
}

TEST_P(copy_in, whose_value_does_not_fit_names_the_row_and_copies_nothing) {
    std::vector<std::int64_t> values(5000, 0);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::int64_t>(i);
    values[4321] = 3'000'000'000;
    const auto f = failure_of([&] { db().copy_in("t", tusk::columns("a"), values); });
    EXPECT_EQ(f.code(), tusk::errc::value_out_of_range);
    EXPECT_NE(f.message().find("row 4322, column \"a\""), std::string::npos) << f.message();
    EXPECT_EQ(rows_of_t(), 0);
    expect_usable();
}

TEST_P(copy_in, throws_what_the_source_throws_and_copies_nothing) {
    counting rows{0, 10'000};
    const auto next = [&] {
        if (rows.next == 7000) throw std::runtime_error{"no more"};
        return rows();
    };
    for (int i = 0; i < 2; ++i) {
        rows.next = 0;
        try {
            if (i == 0)
                db().copy_in("t", abc, next);
            else
                static_cast<void>(db().try_copy_in("t", abc, next));
            ADD_FAILURE() << "it must throw";
        } catch (const std::runtime_error& e) {
            EXPECT_STREQ(e.what(), "no more");
        }
        EXPECT_EQ(rows_of_t(), 0);
        expect_usable();
    }
}

TEST_P(copy_in, without_an_end_is_over_at_its_deadline) {
    counting rows{0, 2'000'000'000};
    const auto next = [&] { return rows(); };
    const auto limit = tusk::copy_options{}.timeout(200ms);
    const auto start = std::chrono::steady_clock::now();
    const auto f = failure_of([&] { db().copy_in(limit, "t", abc, next); });
    EXPECT_EQ(f.code(), tusk::errc::timeout) << f.message();
    EXPECT_LT(std::chrono::steady_clock::now() - start, 3s);
    EXPECT_EQ(rows_of_t(), 0);
    expect_usable();
}

TEST_P(copy_in, that_waits_for_a_lock_is_cancelled_at_its_deadline) {
    auto other = connect();
    other.script("begin; insert into t values (1, 'mine', 1)");
    counting rows{0, 2'000'000};
    const auto next = [&] { return rows(); };
    const auto limit = tusk::copy_options{}.timeout(200ms);
    const auto f = failure_of([&] { db().copy_in(limit, "t", abc, next); });
    EXPECT_EQ(f.code(), tusk::errc::timeout) << f.message();
    expect_usable();
    other.script("rollback");
    EXPECT_EQ(rows_of_t(), 0);
}

TEST_P(copy_in, survives_notices_that_come_faster_than_its_rows) {
    db().exec("create function chats() returns trigger language plpgsql as "
              "'begin raise notice ''%'', repeat(''x'', 10000); return new; end'");
    db().exec("create trigger chats before insert on t for each row execute function chats()");
    std::vector<std::pair<int, std::string>> rows;
    for (int i = 0; i < 1000; ++i) rows.emplace_back(i, std::string(10'000, 'y'));
    EXPECT_EQ(db().copy_in("t", tusk::columns("a", "b"), rows), 1000U);
    expect_usable();
}

TEST_P(copy_in, whose_server_process_is_terminated_reports_it) {
    counting rows{0, 2'000'000'000};
    const int pid = backend_pid();
    const auto next = [&] {
        if (rows.next == 20'000) connect().one<bool>("select pg_terminate_backend($1)", pid);
        return rows();
    };
    const auto f = failure_of([&] { db().copy_in("t", abc, next); });
    EXPECT_EQ(f, tusk::condition::connection_lost) << f.message();
    EXPECT_EQ(failure_of([&] { db().exec("select 1"); }).code(), tusk::errc::connection_closed);
}

TEST_P(copy_in, in_a_failed_transaction_is_the_servers_error) {
    db().copy_in("t", tusk::columns("a"), std::vector<int>{}); // its columns are known
    db().exec("begin");
    static_cast<void>(db().try_exec("select 1/0"));
    const auto f = failure_of([&] { db().copy_in("t", tusk::columns("a"), std::vector<int>{1}); });
    EXPECT_EQ(f.code(), tusk::make_error_code("25P02"_sqlstate)) << f.message();
    db().exec("rollback");
    expect_usable();
}

TEST_P(copy_in, belongs_to_the_transaction_that_it_is_in) {
    db().exec("begin");
    EXPECT_EQ(db().copy_in("t", tusk::columns("a"), std::vector<int>{1, 2}), 2U);
    db().exec("rollback");
    EXPECT_EQ(rows_of_t(), 0);
    db().exec("begin");
    db().exec("truncate t");
    EXPECT_EQ(db().copy_in(tusk::copy_options{}.freeze(), "t", tusk::columns("a"), std::vector<int>{1}), 1U);
    db().exec("commit");
    EXPECT_EQ(rows_of_t(), 1);
}

TEST_P(copy_in, into_a_column_that_was_altered_uses_its_new_type) {
    db().exec("create table changing (v int4)");
    const std::vector<int> values{1'065'353'216}; // 1.0 when its bytes are taken for a float4
    EXPECT_EQ(db().copy_in("changing", tusk::columns("v"), values), 1U);
    connect().exec("alter table changing alter v type float4");
    EXPECT_EQ(db().copy_in("changing", tusk::columns("v"), values), 1U);
    EXPECT_EQ(db().one<std::int64_t>("select count(*) from changing where v = 1065353216::float4"), 2);
    connect().exec("alter table changing alter v type int8");
    db().exec("begin");
    const auto f = failure_of([&] { db().copy_in("changing", tusk::columns("v"), values); });
    EXPECT_EQ(f.code(), tusk::errc::column_mismatch) << f.message();
    db().exec("rollback");
    EXPECT_EQ(db().copy_in("changing", tusk::columns("v"), values), 1U);
}

TEST_P(copy_in, reports_its_progress) {
    std::vector<std::pair<std::uint64_t, std::uint64_t>> seen;
    const auto o = tusk::copy_options{}.chunk(4096).progress(
        [&](std::uint64_t rows, std::uint64_t bytes) { seen.emplace_back(rows, bytes); });
    counting rows{0, 10'000};
    const auto next = [&] { return rows(); };
    EXPECT_EQ(db().copy_in(o, "t", abc, next), 10'000U);
    ASSERT_GT(seen.size(), 50U);
    EXPECT_TRUE(std::ranges::is_sorted(seen));
    // Each row: a count, three lengths, and 4 + 3 + 8 bytes; a header of 19 bytes and a trailer of 2.
    EXPECT_EQ(seen.back(), (std::pair<std::uint64_t, std::uint64_t>{10'000, 10'000 * 29 + 21}));
}

TEST_P(copy_in, of_a_row_that_is_larger_than_a_chunk_is_no_matter) {
    const std::vector<std::pair<int, std::string>> rows{{1, std::string(5'000'000, 'x')}, {2, "y"}};
    EXPECT_EQ(db().copy_in(tusk::copy_options{}.chunk(1), "t", tusk::columns("a", "b"), rows), 2U);
    EXPECT_EQ(db().one<int>("select length(b) from t where a = 1"), 5'000'000);
}

} // namespace copy_in_test
