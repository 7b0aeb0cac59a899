// Typed COPY out of tables and queries, and raw COPY both ways, on both drivers.
#include <fstream>
#include <sstream>

#include "copy_support.hpp"

using namespace client_test;
using namespace tusk::literals;

namespace copy_out_test {

class copy_out : public copy_test {};
class copy_raw : public copy_test {};
INSTANTIATE_TEST_SUITE_P(on, copy_out, ::testing::Values(driver::blocking, driver::asio), driver_name);
INSTANTIATE_TEST_SUITE_P(on, copy_raw, ::testing::Values(driver::blocking, driver::asio), driver_name);

/// Members are columns by name, in any order.
struct item {
    std::string b;
    std::optional<std::int64_t> c;
    int a = 0;
    friend bool operator==(const item&, const item&) = default;
};

long resident() {
    std::ifstream in{"/proc/self/statm"};
    long size = 0;
    long pages = 0;
    in >> size >> pages;
    return pages * 4;
}

constexpr const char* csv_in = "copy t from stdin (format csv)";
constexpr const char* csv_out = "copy (select a, b, c from t order by a) to stdout (format csv, header)";

TEST_P(copy_out, of_a_table_takes_the_columns_of_the_structs_members) {
    db().exec("alter table t add extra inet");
    db().exec("insert into t values (1, 'one', null), (2, '', -5)");
    std::vector<item> items;
    EXPECT_EQ(db().copy_out<item>("t", std::back_inserter(items)), 2U);
    EXPECT_EQ(items, (std::vector<item>{{"one", std::nullopt, 1}, {"", -5, 2}}));
    int sum = 0;
    EXPECT_EQ(db().copy_out<int>("select a from t;", [&](int a) { sum += a; }), 2U);
    EXPECT_EQ(sum, 3);
    std::string names;
    const auto add = [&](const std::tuple<std::string_view>& r) { names += std::get<0>(r); };
    EXPECT_EQ(db().copy_out<std::tuple<std::string_view>>("values ('x'), ('y') -- a comment", add), 2U);
    EXPECT_EQ(names, "xy");
}

TEST_P(copy_out, of_a_type_without_a_binary_form_says_so_before_anything_is_sent) {
    db().exec("create table addresses (at inet)");
    const auto f = failure_of([&] { db().copy_out<std::string>("addresses", [](const std::string&) {}); });
    EXPECT_EQ(f.code(), tusk::errc::type_mismatch);
    EXPECT_EQ(f.sent(), tusk::sent_state::none);
    EXPECT_NE(f.message().find("\"at\" has type inet"), std::string::npos) << f.message();
    db().exec("insert into addresses values ('127.0.0.1')");
    std::string text;
    db().copy_out<std::string>("select at::text from addresses", [&](const std::string& s) { text = s; });
    EXPECT_EQ(text, "127.0.0.1/32");
}

TEST_P(copy_out, of_a_null_into_a_plain_type_names_the_column) {
    db().exec("insert into t values (1, null, null)");
    const auto f = failure_of([&] { db().copy_out<item>("t", [](const item&) {}); });
    EXPECT_EQ(f.code(), tusk::errc::null_value);
    EXPECT_NE(f.message().find("\"b\""), std::string::npos) << f.message();
    expect_usable();
}

TEST_P(copy_out, of_a_million_rows_needs_constant_memory) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    constexpr long allowed = 256L * 1024; // a sanitizer keeps freed memory
#else
    constexpr long allowed = 4L * 1024;
#endif
    db().copy_out<int>("select 1", [](int) {});
    const long before = resident();
    std::int64_t sum = 0;
    const auto add = [&](int i) { sum += i; };
    EXPECT_EQ(db().copy_out<int>("select generate_series(1, 1000000)", add), 1'000'000U);
    EXPECT_EQ(sum, 500'000'500'000);
    EXPECT_LT(resident() - before, allowed);
}

TEST_P(copy_out, that_is_stopped_leaves_the_connection_usable) {
    int seen = 0;
    const auto ten = [&](int) { return ++seen < 10; };
    EXPECT_EQ(db().copy_out<int>("select generate_series(1, 100000000)", ten), 10U);
    EXPECT_EQ(seen, 10);
    expect_usable();
}

TEST_P(copy_out, throws_what_the_sink_throws) {
    const auto refuse = [](int i) {
        if (i == 1000) throw std::runtime_error{"enough"};
    };
    try {
        db().copy_out<int>("select generate_series(1, 100000000)", refuse);
        ADD_FAILURE() << "it must throw";
    } catch (const std::runtime_error& e) {
        EXPECT_STREQ(e.what(), "enough");
    }
    expect_usable();
}

TEST_P(copy_out, that_fails_in_the_middle_is_the_servers_error) {
    const auto f = failure_of(
        [&] { db().copy_out<int>("select 1 / (50000 - i) from generate_series(1, 100000) i", [](int) {}); });
    EXPECT_EQ(f.code(), tusk::make_error_code("22012"_sqlstate));
    expect_usable();
}

TEST_P(copy_out, without_an_end_is_over_at_its_deadline) {
    const auto limit = tusk::copy_options{}.timeout(200ms);
    const auto f =
        failure_of([&] { db().copy_out<int>(limit, "select generate_series(1, 2000000000)", [](int) {}); });
    EXPECT_EQ(f.code(), tusk::errc::timeout) << f.message();
    expect_usable();
}

TEST_P(copy_out, reports_its_progress) {
    std::pair<std::uint64_t, std::uint64_t> last;
    int calls = 0;
    const auto o = tusk::copy_options{}.progress([&](std::uint64_t rows, std::uint64_t bytes) {
        last = {rows, bytes};
        ++calls;
    });
    EXPECT_EQ(db().copy_out<int>(o, "select generate_series(1, 100000)", [](int) {}), 100'000U);
    EXPECT_EQ(last, (std::pair<std::uint64_t, std::uint64_t>{100'000, 100'000 * 10 + 21}));
    EXPECT_GT(calls, 10);
    EXPECT_LT(calls, 20);
}

// ---- raw
// --------------------------------------------------------------------------------------------------------

TEST_P(copy_raw, csv_goes_in_and_out) {
    EXPECT_EQ(db().copy_in_raw(csv_in, "1,one,10\n2,\"two, or so\",\n"), 2U);
    std::string out;
    const auto collect = [&](std::span<const std::byte> data) {
        out.append(reinterpret_cast<const char*>(data.data()), data.size());
    };
    EXPECT_EQ(db().copy_out_raw(csv_out, collect), 2U);
    EXPECT_EQ(out, "a,b,c\n1,one,10\n2,\"two, or so\",\n");
}

TEST_P(copy_raw, pieces_may_be_cut_anywhere) {
    const std::vector<std::string> pieces{"1,o", "", "ne,1", "0\n2", ",two,20\n"};
    EXPECT_EQ(db().copy_in_raw(csv_in, pieces), 2U);
    EXPECT_EQ(db().one<std::string>("select string_agg(b, ' ' order by a) from t"), "one two");
    db().exec("truncate t");
    std::size_t next = 0;
    const auto owned = [&]() -> std::string { return next < 3000 ? std::to_string(next++) + ",x,\n" : ""; };
    EXPECT_EQ(db().copy_in_raw(tusk::copy_options{}.chunk(1024), csv_in, owned), 3000U);
    db().exec("truncate t");
    std::string large;
    for (int i = 0; i < 50'000; ++i) large += std::to_string(i) + ",some text,5\n";
    std::uint64_t bytes = 0;
    const auto o = tusk::copy_options{}.progress([&](std::uint64_t, std::uint64_t n) { bytes = n; });
    EXPECT_EQ(db().copy_in_raw(o, csv_in, large), 50'000U);
    EXPECT_EQ(bytes, large.size());
    db().exec("truncate t");
    bool given = false;
    const auto spans = [&]() -> std::span<const std::byte> {
        if (std::exchange(given, true)) return {};
        return std::as_bytes(std::span{std::string_view{"7,seven,\n"}});
    };
    EXPECT_EQ(db().copy_in_raw(csv_in, spans), 1U);
}

TEST_P(copy_raw, streams_are_read_and_written) {
    std::istringstream in{"1,one,10\n2,two,20\n"};
    EXPECT_EQ(db().copy_in_raw(csv_in, in), 2U);
    std::ostringstream out;
    EXPECT_EQ(db().copy_out_raw(csv_out, out), 2U);
    EXPECT_EQ(out.str(), "a,b,c\n1,one,10\n2,two,20\n");
    std::ofstream full{"/dev/full"};
    full << std::unitbuf;
    EXPECT_EQ(failure_of([&] { db().copy_out_raw(csv_out, full); }).code(), tusk::errc::environment);
    expect_usable();
}

TEST_P(copy_raw, a_bad_line_is_named) {
    const auto f = failure_of([&] { db().copy_in_raw(csv_in, "1,one,10\nx,two,20\n"); });
    EXPECT_EQ(f.code(), tusk::make_error_code("22P02"_sqlstate));
    ASSERT_NE(f.server(), nullptr);
    EXPECT_EQ(f.server()->where, "COPY t, line 2, column a: \"x\"");
    EXPECT_EQ(rows_of_t(), 0);
    expect_usable();
}

TEST_P(copy_raw, a_sink_that_has_enough_ends_it) {
    int seen = 0;
    const auto two = [&](std::span<const std::byte>) { return ++seen < 2; };
    EXPECT_EQ(db().copy_out_raw("copy (select generate_series(1, 100000000)) to stdout", two), 2U);
    expect_usable();
}

TEST_P(copy_raw, other_statements_are_refused_with_a_clear_error) {
    auto f = failure_of([&] { db().copy_in_raw("select 1", "1\n"); });
    EXPECT_EQ(f.code(), tusk::errc::invalid_argument);
    EXPECT_NE(f.message().find("not a COPY FROM STDIN"), std::string::npos) << f.message();
    f = failure_of([&] { db().copy_in_raw("copy t to stdout", "1\n"); });
    EXPECT_EQ(f.code(), tusk::errc::invalid_argument);
    f = failure_of([&] { db().copy_out_raw("insert into t values (1)", [](auto) {}); });
    EXPECT_EQ(f.code(), tusk::errc::invalid_argument);
    f = failure_of([&] { db().copy_out_raw("copy t from stdin", [](auto) {}); });
    EXPECT_EQ(f.code(), tusk::errc::invalid_argument) << f.message();
    f = failure_of([&] { db().copy_in_raw("copy t fro stdin", "1\n"); });
    EXPECT_EQ(f, tusk::condition::syntax_error);
    expect_usable();
}

TEST_P(copy_raw, the_other_verbs_refuse_copy_with_a_clear_error) {
    for (const char* sql : {"copy t from stdin", "copy t to stdout"}) {
        EXPECT_EQ(failure_of([&] { db().exec(sql); }).code(), tusk::errc::invalid_argument) << sql;
        EXPECT_EQ(failure_of([&] { db().all<int>(sql); }).code(), tusk::errc::column_mismatch) << sql;
        expect_usable();
    }
}

TEST_P(copy_raw, the_try_twins_return_what_the_others_throw) {
    const auto copied = db().try_copy_in_raw(csv_in, "1,one,10\n");
    ASSERT_TRUE(copied) << copied.error().message();
    EXPECT_EQ(*copied, 1U);
    EXPECT_EQ(db().try_copy_in_raw(csv_in, "1,one,10\n").error(), tusk::condition::duplicate);
    EXPECT_EQ(db().try_copy_out_raw(csv_out, [](auto) {}).value(), 1U);
    EXPECT_EQ(db().try_copy_out<int>("select a from t", [](int) {}).value(), 1U);
    EXPECT_EQ(db().try_copy_out<int>("missing", [](int) {}).error(), tusk::condition::undefined_table);
    EXPECT_EQ(db().try_copy_in("t", tusk::columns("a"), std::vector<int>{2}).value(), 1U);
}

} // namespace copy_out_test
