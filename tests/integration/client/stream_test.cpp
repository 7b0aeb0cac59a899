#include <fstream>

#include "both.hpp"

using namespace client_test;

namespace stream_test {

class stream : public users_test {};

/// Resident memory of this process, in KiB.
long resident() {
    std::ifstream in{"/proc/self/statm"};
    long size = 0;
    long pages = 0;
    in >> size >> pages;
    return pages * 4;
}

TEST_F(stream, rows_come_one_at_a_time_and_end) {
    async([](tusk::connection& db) -> asio::awaitable<void> {
        auto rows = co_await db.stream<std::tuple<int, std::string>>(
            "select i, 'row ' || i from generate_series(1, 1000) i");
        int expected = 0;
        while (auto r = co_await rows.next()) {
            EXPECT_EQ(std::get<0>(*r), ++expected);
            EXPECT_EQ(std::get<1>(*r), "row " + std::to_string(expected));
        }
        EXPECT_EQ(expected, 1000);
        EXPECT_EQ(co_await rows.next(), std::nullopt);
        EXPECT_EQ(co_await db.one<int>("select 1"), 1);
    });
}

TEST_F(stream, memory_stays_constant) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "a sanitizer keeps freed memory";
#endif
    auto db = connect();
    auto rows = db.stream<std::string>("select repeat('x', 1000) from generate_series(1, 100000)");
    rows.next();
    const long before = resident();
    std::size_t bytes = 0;
    while (auto r = rows.next()) bytes += r->size();
    EXPECT_EQ(bytes, 99'999'000U);
    EXPECT_LT(resident() - before, 8 * 1024) << "100 MB were streamed";
}

TEST_F(stream, an_abandoned_stream_leaves_the_connection_usable) {
    async([](tusk::connection& db) -> asio::awaitable<void> {
        {
            auto rows = co_await db.stream<int>("select generate_series(1, 50000000)");
            EXPECT_EQ(co_await rows.next(), 1);
        }
        EXPECT_EQ(co_await db.one<int>("select 7"), 7);
        {
            auto never_read = co_await db.stream<int>("select 1");
        }
        EXPECT_EQ(co_await db.one<int>("select 8"), 8);
    });
    auto db = connect();
    {
        auto rows = db.stream<int>("select generate_series(1, 50000000)");
        EXPECT_EQ(rows.next(), 1);
    }
    EXPECT_EQ(db.one<int>("select 7"), 7);
}

TEST_F(stream, an_error_after_some_rows_is_thrown_by_next) {
    async([](tusk::connection& db) -> asio::awaitable<void> {
        auto rows = co_await db.stream<int>("select 1 / (3 - i) from generate_series(1, 5) i");
        int count = 0;
        tusk::failure f;
        try {
            while (co_await rows.next()) ++count;
        } catch (const tusk::error& e) {
            f = e.as_failure();
        }
        EXPECT_EQ(f.code(), tusk::make_error_code(*tusk::sqlstate::parse("22012")));
        EXPECT_LE(count, 2);
        EXPECT_EQ(co_await db.one<int>("select 1"), 1);
    });
}

TEST_F(stream, for_each_reuses_the_row_and_gives_views) {
    auto db = connect();
    std::string all;
    const auto n = db.for_each<std::tuple<std::string_view>>(
        [&](const std::tuple<std::string_view>& r) { all += std::get<0>(r); },
        "select name from users order by id");
    EXPECT_EQ(n, 2U);
    EXPECT_EQ(all, "annbob");
}

TEST_F(stream, an_exception_of_the_callback_comes_out_and_the_connection_stays_usable) {
    async([](tusk::connection& db) -> asio::awaitable<void> {
        bool thrown = false;
        try {
            auto call = [](int i) {
                if (i == 3) throw std::runtime_error{"enough"};
            };
            co_await db.for_each<int>(call, "select generate_series(1, 1000)");
        } catch (const std::runtime_error&) {
            thrown = true;
        }
        EXPECT_TRUE(thrown);
        EXPECT_EQ(co_await db.one<int>("select 1"), 1);
    });
}

} // namespace stream_test
