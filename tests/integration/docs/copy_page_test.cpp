// The code of docs/copy.md.
#include <iostream>
#include <sstream>

#include <tusk/client.hpp>

#include "page.hpp"

namespace copy_page {

using namespace docs_test;

struct user {
    std::string email;
    std::string name;
};

class copy_page : public page_test {
protected:
    tusk::testing::database_options options() const override {
        tusk::testing::database_options o;
        o.script("create table users (email text not null, name text);"
                 "create table readings (sensor int4, at timestamptz, value float8)");
        return o;
    }
};

asio::awaitable<void> synopsis(tusk::connection& db) {
    const std::vector<std::pair<std::string, std::string>> rows{{"a@x", "Ann"}, {"b@x", "Bob"}};
    int made = 0;
    const auto next_row = [&]() -> std::optional<std::pair<std::string, std::string>> {
        if (made++ > 0) return std::nullopt;
        return std::pair{std::string{"c@x"}, std::string{"Carol"}};
    };
    std::string names;
    const auto print = [&](const user& u) { names += u.name; };
    std::vector<user> v;
    std::istringstream source{"email,name\nd@x,Dora\n"};
    std::ostringstream sink;
    const std::vector<std::string> emails{"e@x"};

    std::uint64_t n;
    // Rows from a range, or from a function that returns std::optional<Row>; columns() means all of them.
    n = co_await db.copy_in("users", tusk::columns("email", "name"), rows);
    n = co_await db.copy_in("users", tusk::columns(), next_row);
    // A table, row by row; a query, into a container.
    n = co_await db.copy_out<user>("users", print);
    n = co_await db.copy_out<user>("select name, email from users", std::back_inserter(v));
    // Raw bytes: from a text, pieces, a function or an istream; to a function or an ostream.
    n = co_await db.copy_in_raw("copy users from stdin (format csv, header)", source);
    n = co_await db.copy_out_raw("copy users to stdout (format csv)", sink);
    // Every verb has a twin that does not throw.
    tusk::result<std::uint64_t> r = co_await db.try_copy_in("users", tusk::columns("email"), emails);

    EXPECT_EQ(n, 4U);
    EXPECT_EQ(names, "AnnBobCarol");
    EXPECT_EQ(v.at(2).email, "c@x");
    EXPECT_EQ(sink.str(), "a@x,Ann\nb@x,Bob\nc@x,Carol\nd@x,Dora\n");
    EXPECT_EQ(r.value(), 1U);
}

TEST_F(copy_page, synopsis) { async(&synopsis); }

struct reading {
    std::int32_t sensor;
    std::chrono::sys_time<std::chrono::microseconds> at;
    std::optional<double> value;
};

asio::awaitable<void> load(tusk::pool& db, const std::vector<reading>& readings) {
    auto tx = co_await db.begin();
    co_await tx.exec("truncate readings");
    const auto o =
        tusk::copy_options{}.timeout(10min).freeze().progress([](std::uint64_t rows, std::uint64_t bytes) {
            std::clog << rows << " rows, " << bytes << " bytes\n";
        });
    co_await tx.copy_in(o, "readings", tusk::columns("sensor", "at", "value"), readings);
    co_await tx.commit();
}

TEST_F(copy_page, example) {
    const std::vector<reading> readings{{1, {}, 20.5}, {2, {}, std::nullopt}};
    std::ostringstream log;
    auto* const before = std::clog.rdbuf(log.rdbuf());
    auto work = [](std::string url, const std::vector<reading>& all) -> asio::awaitable<void> {
        auto db = co_await tusk::pool::open(url);
        co_await load(db, all);
        co_await db.close();
    };
    tusk::testing::run_async(work(url(), readings));
    std::clog.rdbuf(before);
    EXPECT_NE(log.str().find("2 rows, "), std::string::npos) << log.str();
    EXPECT_EQ(connect().all<std::optional<double>>("select value from readings order by sensor"),
              (std::vector<std::optional<double>>{20.5, std::nullopt}));
}

} // namespace copy_page
