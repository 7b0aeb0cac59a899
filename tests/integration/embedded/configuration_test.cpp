// What a server is given besides its data: settings of a file, scripts, certificates, replicas; and what it
// lacks.
#include <fstream>
#include <thread>

#include <sys/mount.h>

#include <tusk/embedded/replicas.hpp>

#include "support.hpp"

namespace tusk::embedded {
namespace configuration_test {

using namespace test;

void write(const fs::path& file, const std::string& text) {
    std::ofstream out{file};
    out << text;
}

std::string refusal(const server_options& options) {
    const auto made = server::start(options);
    return made ? "it started" : made.error().message();
}

TEST(embedded_configuration, a_file_of_settings_counts_like_settings) {
    const temporary_directory dir;
    write(dir / "my.conf", "# mine\nwork_mem = 7MB   # each\n\nsearch_path '\"$user\", ''x'''\n"
                           "max_connections=13\nstatement_timeout = '1 min'\n");
    server_options options;
    options.config_file(dir / "my.conf").setting("work_mem", "9MB");
    const auto db = started(options);
    EXPECT_EQ(ask(db, "show work_mem"), "9MB") << "the last one counts";
    EXPECT_EQ(ask(db, "show max_connections"), "13");
    EXPECT_EQ(ask(db, "show statement_timeout"), "1min");
    EXPECT_EQ(ask(db, "show search_path"), "\"$user\", 'x'");
}

TEST(embedded_configuration, a_line_that_is_no_setting_is_named) {
    const temporary_directory dir;
    write(dir / "my.conf", "work_mem = 7MB\nwork_mem\n");
    try {
        server_options{}.config_file(dir / "my.conf");
        FAIL() << "it was taken";
    } catch (const error& e) {
        EXPECT_EQ(e.code(), errc::invalid_configuration);
        EXPECT_NE(std::string{e.what()}.find("my.conf:2: `work_mem` is not `name = value`"),
                  std::string::npos)
            << e.what();
    }
    write(dir / "my.conf", "include 'other.conf'\n");
    EXPECT_THROW(server_options{}.config_file(dir / "my.conf"), error);
    EXPECT_THROW(server_options{}.config_file(dir / "none.conf"), error);
}

TEST(embedded_configuration, init_scripts_run_in_order_and_once) {
    const temporary_directory dir;
    fs::create_directories(dir / "init");
    write(dir / "init" / "2_rows.sql", "insert into t values (2); insert into t values (3);");
    write(dir / "init" / "1_table.sql", "create table t (id int);");
    write(dir / "init" / "readme.txt", "not SQL");
    server_options options;
    options.database("shop").user("app").init_file(dir / "init").init_sql("insert into t values (4)");
    auto db = started(options);
    const auto answer = [&](const std::string& sql) {
        return ask(db.socket_dir(), db.port(), sql, "app", "shop");
    };
    EXPECT_EQ(answer("select string_agg(id::text, ',') from t"), "2,3,4");
    ASSERT_TRUE(db.restart());
    EXPECT_EQ(answer("select count(*) from t"), "3");
}

TEST(embedded_configuration, an_init_script_that_fails_is_named) {
    const auto text = refusal(server_options{}.init_sql("create table t ()").init_sql("select nothing"));
    EXPECT_NE(text.find("init script given as text"), std::string::npos) << text;
    EXPECT_NE(text.find("nothing"), std::string::npos) << text;
    const auto missing = refusal(server_options{}.init_file("/nowhere/init.sql"));
    EXPECT_NE(missing.find("cannot read the init script /nowhere/init.sql"), std::string::npos) << missing;
}

TEST(embedded_replicas, follow_their_primary_and_take_over) {
    auto set = replica_set::start(2).value();
    ASSERT_EQ(set.replicas(), 2U);
    EXPECT_EQ(ask(set.primary(), "create table t as select 7 as id"), "");
    ASSERT_TRUE(set.wait_until_caught_up());
    for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_EQ(ask(set.replica(i), "select id from t"), "7");
        EXPECT_EQ(ask(set.replica(i), "select pg_is_in_recovery()"), "t");
    }
    EXPECT_NE(set.url().find(","), std::string::npos) << set.url();

    ASSERT_TRUE(set.primary().stop());
    ASSERT_TRUE(set.promote(1));
    EXPECT_EQ(ask(set.replica(1), "select pg_is_in_recovery()"), "f");
    EXPECT_EQ(ask(set.replica(1), "insert into t values (8) returning id"), "8");
}

TEST(embedded_places, a_full_disk_is_said_and_nothing_stays) {
    const temporary_directory dir;
    const auto small = dir / "small";
    fs::create_directories(small);
    if (::mount("tusk-test", small.c_str(), "tmpfs", 0, "size=8m,mode=1777") != 0)
        GTEST_SKIP() << "a small file system can be mounted by root only";
    const auto text = refusal(server_options{}.scratch_dir(small));
    EXPECT_NE(text.find("No space left on device"), std::string::npos) << text;
    EXPECT_NE(text.find("remedy: "), std::string::npos) << text;
    std::size_t left = 0;
    for ([[maybe_unused]] const auto& entry : fs::directory_iterator{small}) ++left;
    EXPECT_EQ(left, 0U);
    ::umount(small.c_str());
}

TEST(embedded_places, a_socket_path_that_is_too_long_is_said) {
    const auto text = refusal(server_options{}.socket_dir("/tmp/" + std::string(120, 'x')));
    EXPECT_NE(text.find("the system allows 107"), std::string::npos) << text;
    EXPECT_NE(text.find("choose a shorter socket directory"), std::string::npos) << text;
}

} // namespace configuration_test
} // namespace tusk::embedded
