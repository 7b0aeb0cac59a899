// The code of docs/embedded.md.
#include <gtest/gtest.h>

#include <tusk/client/blocking.hpp>
#include <tusk/embedded/server.hpp>

namespace embedded_page {

void expect_answers(const std::string& url, const std::string& database, const std::string& work_mem) {
    auto db = tusk::blocking::connection::open(url);
    EXPECT_EQ(db.one<std::string>("select current_database()"), database);
    EXPECT_EQ(db.one<std::string>("select current_setting('work_mem')"), work_mem);
}

TEST(embedded_page, synopsis) {
    const auto use = [](const std::string& url) { expect_answers(url, "postgres", "4MB"); };
    std::string reported;
    const auto report = [&](const std::string& message) { reported = message; };

    auto db = tusk::embedded::server::start().value(); // throws tusk::error; ready when it returns
    use(db.url()); // postgres://postgres@/postgres?host=%2Fdev%2Fshm%2Ftusk-x7Kq2b&port=5432

    tusk::embedded::server_options options;
    options.database("shop").setting("work_mem", "64MB").listen_tcp();
    auto shop = tusk::embedded::server::start(options);
    if (!shop) report(shop.error().message()); // what happened, the end of the server's log, the remedy

    ASSERT_TRUE(shop) << reported;
    expect_answers(shop->url(), "shop", "64MB");
    expect_answers(shop->tcp_url(), "shop", "64MB");
}

TEST(embedded_page, standbys) {
    tusk::embedded::server_options options;
    options.setting("wal_level", "replica").setting("max_wal_senders", "4");
    auto primary = tusk::embedded::server::start(options).value();
    primary.stop().value(); // its files are copied: no backup program is needed
    tusk::embedded::server_options copy{options};
    copy.standby_of(primary.data_dir(), primary.url());
    auto standby = tusk::embedded::server::start(copy).value();
    primary.start_again().value(); // the standby streams from now on

    auto db = tusk::blocking::connection::open(standby.url());
    EXPECT_TRUE(db.one<bool>("select pg_is_in_recovery()"));
    EXPECT_TRUE(db.one<bool>("select pg_promote()"));
}

} // namespace embedded_page
