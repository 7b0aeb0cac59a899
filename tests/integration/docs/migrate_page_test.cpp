// The code of docs/migrate.md.
#include <fstream>

#include <gtest/gtest.h>

#include <tests/temporary_directory.hpp>
#include <tusk/client/connection.hpp>
#include <tusk/migrate.hpp>
#include <tusk/testing/gtest.hpp>

namespace migrate_page {

namespace asio = boost::asio;

class migrate_page : public tusk::testing::database_test {
protected:
    void SetUp() override {
        tusk::testing::database_test::SetUp();
        std::ofstream{folder + "/1_users.sql"} << "create table users ();";
        ASSERT_FALSE(tusk::migrate::directory::open(folder).value().write_sum());
    }
    const tests::temporary_directory directory;
    const std::string folder = directory.path().string();
};

TEST_F(migrate_page, synopsis) {
    const auto url = this->url();
    auto db = connect();
    std::string reported;
    const auto report = [&](const std::string& message) { reported = message; };

    auto files = tusk::migrate::directory::open("file://" + folder).value();
    const tusk::blocking::migrator migrations{files, url};
    // under the lock: of twenty instances that start at once, one applies, the others wait
    migrations.apply();

    // for /readyz, on a connection or a pool
    const auto version = tusk::migrate::check_version(db, files);
    if (!version.is_ready()) report("the database has " + version.current + ", I want " + version.expected);

    EXPECT_EQ(reported, "");
    EXPECT_EQ(version.current, "1");
}

TEST_F(migrate_page, the_next_file) {
    const auto schema_file = folder + "/../" + directory.path().filename().string() + ".schema";
    std::ofstream{schema_file} << "create table users (); create table posts ();";
    const auto files = tusk::migrate::directory::open(folder).value();

    const auto wanted = tusk::migrate::diff_options{}.to("file://" + schema_file);
    const auto next = tusk::migrate::diff(files, wanted).value();
    if (!next.is_synced()) tusk::migrate::write_next("file://" + folder, "add_posts", next).value();

    std::filesystem::remove(schema_file);
    EXPECT_EQ(tusk::migrate::directory::open(folder).value().files().size(), 2u);
}

asio::awaitable<void> awaits(tusk::migrate::directory files, std::string url,
                             std::vector<std::string>& reported) {
    auto pool = co_await tusk::connection::open(url);
    const auto report = [&](const std::string& name) { reported.push_back(name); };

    const tusk::migrator awaited{files, url};
    const auto done = co_await awaited.apply();
    for (const auto& file : done.applied) report(file.name);
    const auto state = co_await tusk::migrate::check_version(pool, awaited.files());

    EXPECT_TRUE(state.is_ready());
}

TEST_F(migrate_page, awaitable) {
    std::vector<std::string> reported;
    tusk::testing::run_async(awaits(tusk::migrate::directory::open(folder).value(), url(), reported));
    EXPECT_EQ(reported, std::vector<std::string>{"1_users.sql"});
}

} // namespace migrate_page
