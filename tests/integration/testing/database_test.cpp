// A database per test: made once per content, cloned, ready before it is asked for, and never left behind.
#include <csignal>
#include <set>

#include <gtest/gtest.h>

#include <tusk/migrate/directory.hpp>
#include <tusk/pool.hpp>
#include <tusk/testing/database.hpp>
#include <tusk/testing/detail/administrator.hpp>
#include <tusk/testing/expectations.hpp>
#include <tusk/testing/fixtures.hpp>
#include <tusk/testing/keep.hpp>
#include <tusk/testing/rollback.hpp>
#include <tusk/testing/run_async.hpp>

#include "support.hpp"

namespace database_test {

using namespace testing_support;
using tusk::testing::database;
using tusk::testing::database_options;
using tusk::testing::test_server;
namespace blocking = tusk::blocking;

blocking::connection admin() { return blocking::connection::open(test_server::shared().url()); }
bool exists(const std::string& name) {
    return admin().one<bool>("select exists (select from pg_database where datname = $1)", name);
}
/// Something that no other test has.
std::string unique(const char* what) {
    return std::string{what} + "_" + std::to_string(::getpid()) + "_" + tusk::testing::detail::new_owner();
}

TEST(test_databases, are_prepared_once_per_content_and_cloned) {
    int prepared = 0;
    const auto with = [&](const std::string& content) {
        database_options o;
        o.prepare(content, [&](blocking::connection& db) {
            ++prepared;
            db.script("create table t as select 1 as id");
        });
        return database::create(o);
    };
    const auto content = unique("content");
    const auto first = with(content);
    const auto second = with(content);
    EXPECT_EQ(prepared, 1);
    EXPECT_NE(first.name(), second.name());
    EXPECT_EQ(first.connect().exec("insert into t values (2)"), 1U);
    EXPECT_EQ(second.connect().one<std::int64_t>("select count(*) from t"), 1) << "it is the test's own";

    with(content + " edited");
    EXPECT_EQ(prepared, 2);
}

TEST(test_databases, steps_run_in_order_and_an_edited_file_is_another_content) {
    const temporary_directory dir;
    fs::create_directories(dir / "seeds");
    write(dir / "schema.sql", "create table t (id int primary key)");
    write(dir / "seeds" / "2.sql", "insert into t select id + 10 from t");
    write(dir / "seeds" / "1.sql", "insert into t values (1), (2)");
    database_options o;
    o.script_file(dir / "schema.sql").script_folder(dir / "seeds").script("insert into t values (100)");
    const auto sum = [&] { return database::create(o).connect().one<std::int64_t>("select sum(id) from t"); };
    EXPECT_EQ(sum(), 1 + 2 + 11 + 12 + 100);
    write(dir / "seeds" / "1.sql", "insert into t values (5)");
    EXPECT_EQ(sum(), 5 + 15 + 100);
}

TEST(test_databases, migrations_are_applied_once_per_content) {
    const temporary_directory dir;
    const auto add = [&](const std::string& name, const std::string& sql) {
        write(dir / name, sql);
        EXPECT_FALSE(tusk::migrate::directory::open(dir.path().string()).value().write_sum());
    };
    add("1_users.sql", "create table " + unique("users") + " ();\ncreate table users (id int);\n");
    database_options o;
    o.migrations("file://" + dir.path().string());
    EXPECT_EQ(database::create(o).connect().one<int>("select count(*)::int4 from users"), 0);
    EXPECT_EQ(database::create(o).connect().one<std::string>(
                  "select version from atlas_schema_revisions.atlas_schema_revisions where version = '1'"),
              "1")
        << "the revisions come along";
    add("2_posts.sql", "create table posts (id int);\n");
    EXPECT_EQ(database::create(o).connect().one<int>("select count(*)::int4 from posts"), 0);
}

TEST(test_databases, a_step_that_fails_is_named_and_nothing_half_built_is_found) {
    const temporary_directory dir;
    const auto table = unique("t");
    write(dir / "seed.sql", "create table " + table + " (); select nothing");
    database_options o;
    o.script_file(dir / "seed.sql");
    for (int i = 0; i < 2; ++i) {
        const auto said = tusk::testing::failure_of([&] { database::create(o); });
        EXPECT_TRUE(contains(said.message(), "seed.sql: ")) << said.message();
        EXPECT_TRUE(contains(said.message(), "nothing")) << said.message();
    }
    write(dir / "seed.sql", "create table " + table + " ()");
    EXPECT_EQ(database::create(o).connect().one<int>("select count(*)::int4 from " + table), 0);
    const auto missing = tusk::testing::failure_of(
        [&] { database::create(database_options{}.script_file(dir / "none.sql")); });
    EXPECT_EQ(missing.code(), tusk::errc::environment);
}

TEST(test_databases, a_program_can_migrate) {
    const temporary_directory dir;
    write(dir / "schema", unique("1"));
    database_options o;
    o.command({"sh", "-c", "echo \"$DATABASE_URL\" >> " + (dir / "urls").string()}, {dir / "schema"});
    const auto first = database::create(o);
    const auto second = database::create(o);
    const auto urls = contents(dir / "urls");
    EXPECT_TRUE(contains(urls, "tusk_template_")) << urls;
    EXPECT_EQ(urls.find('\n'), urls.size() - 1) << "it ran once: " << urls;

    database_options bad;
    bad.command({"sh", "-c", "exit 3"}, {});
    const auto said = tusk::testing::failure_of([&] { database::create(bad); });
    EXPECT_TRUE(contains(said.message(), "`sh -c exit 3`: it ended with status 3")) << said.message();
}

struct member {
    std::int64_t id = 0;
    std::string name;
};

TEST(test_databases, fixtures_are_loaded_into_the_template) {
    database_options o;
    o.script("create table members (id bigint primary key generated by default as identity, name text)");
    o.add(
        tusk::testing::fixture_text<member>("- model: member\n  rows:\n    - name: Ann\n    - name: Ben\n"));
    const auto made = database::create(o);
    auto db = made.connect();
    EXPECT_EQ(tusk::testing::rows_of(db, "select id, name from members order by id"),
              (tusk::testing::text_rows{{"1", "Ann"}, {"2", "Ben"}}));
}

TEST(test_databases, a_role_owns_its_database_and_no_more) {
    const auto role = unique("app");
    database_options o;
    o.role(role).script("create table t ()");
    {
        const auto made = database::create(o);
        auto db = made.connect();
        EXPECT_EQ(db.one<std::string>("select current_user::text"), role);
        EXPECT_FALSE(db.one<bool>("select rolsuper from pg_roles where rolname = current_user"));
        EXPECT_EQ(db.exec("drop table t"), 0U);
        auto copy = database::create(o);
        copy.snapshot();
        copy.connect().script("drop table t");
        copy.restore();
        copy.connect().script("drop table t");
    }
    tusk::testing::settle();
}

TEST(test_databases, clones_are_ready_before_they_are_asked_for) {
    database_options o;
    o.script("create table " + unique("t") + " ()").prefetch(2);
    const auto first = database::create(o);
    tusk::testing::settle();
    // Its name was given before this test asks: the clone is there.
    const auto before = admin().all<std::string>("select datname::text from pg_database");
    const auto second = database::create(o);
    EXPECT_EQ(std::count(before.begin(), before.end(), second.name()), 1);
    EXPECT_EQ(second.connect().one<int>("select 1"), 1);
}

TEST(test_databases, a_database_goes_with_its_object) {
    std::string name;
    std::optional<blocking::connection> forgotten;
    {
        const auto made = database::create();
        name = made.name();
        forgotten.emplace(made.connect());
        EXPECT_TRUE(exists(name));
    }
    tusk::testing::settle();
    EXPECT_FALSE(exists(name)) << "open connections do not keep it";
}

TEST(test_databases, a_template_that_somebody_dropped_is_made_again) {
    int prepared = 0;
    database_options o;
    o.prepare(unique("dropped"), [&](blocking::connection& db) {
        ++prepared;
        db.script("create table t ()");
    });
    o.prefetch(0);
    const auto before = admin().all<std::string>("select datname::text from pg_database where datistemplate");
    database::create(o);
    auto db = admin();
    for (const auto& name :
         db.all<std::string>("select datname::text from pg_database where datistemplate")) {
        if (std::count(before.begin(), before.end(), name) != 0) continue;
        db.script("alter database " + name + " is_template false");
        db.script("drop database " + name);
    }
    EXPECT_EQ(database::create(o).connect().one<int>("select count(*)::int4 from t"), 0);
    EXPECT_EQ(prepared, 2);
}

TEST(test_databases, a_server_that_is_not_there_is_said) {
    const auto nowhere =
        tusk::testing::server_choice::parse("postgres://postgres@127.0.0.1:1/postgres").value();
    test_server server{nowhere};
    const auto said = tusk::testing::failure_of([&] { server.major_version(); });
    EXPECT_TRUE(said == tusk::condition::cannot_connect) << said.message();
}

// --- snapshots
// --------------------------------------------------------------------------------------------------------

TEST(snapshots, bring_back_what_was_there_as_often_as_one_likes) {
    auto d = database::create(database_options{}.script("create table t (id int)"));
    d.connect().exec("insert into t values (1)");
    d.snapshot();
    d.connect().exec("insert into t values (2)");
    d.snapshot("two");
    const auto count = [&] { return d.connect().one<std::int64_t>("select count(*) from t"); };
    for (int i = 0; i < 2; ++i) {
        d.connect().script("drop table t");
        d.restore();
        EXPECT_EQ(count(), 1);
        d.restore("two");
        EXPECT_EQ(count(), 2);
    }
    d.connect().exec("insert into t values (3)");
    d.snapshot("two"); // the same name again
    d.connect().exec("delete from t");
    d.restore("two");
    EXPECT_EQ(count(), 3);
    const auto said = tusk::testing::failure_of([&] { d.restore("three"); });
    EXPECT_EQ(said.code(), tusk::errc::not_found);
    EXPECT_TRUE(contains(said.message(), "snapshot(\"three\") makes one")) << said.message();
}

/// Inserts, looks, and goes back to the empty table, all with one pool.
void go_back_with_a_pool(const tusk::pool_config& config, tusk::testing::database& d, bool resets) {
    auto body = [&]() -> boost::asio::awaitable<void> {
        auto pool = co_await tusk::pool::open(config);
        d.snapshot("empty");
        for (int round = 0; round < 5; ++round) {
            if (resets) pool.reset();
            co_await pool.exec("insert into t values (1)");
            const auto count = co_await pool.one<std::int64_t>("select count(*) from t");
            EXPECT_EQ(count, 1) << "round " << round;
            d.restore("empty");
        }
        co_await pool.close(tusk::deadline::in(std::chrono::seconds{5}));
    };
    tusk::testing::run_async(body());
}

TEST(snapshots, work_with_pools_that_stay_open) {
    auto d = database::create(database_options{}.script("create table t (id int)"));
    const auto config = tusk::pool_config::parse(d.url()).value().max_connections(4).min_connections(0);
    go_back_with_a_pool(config, d, false);
}

TEST(snapshots, work_with_pools_that_make_connections_meanwhile) {
    auto d = database::create(database_options{}.script("create table t (id int)"));
    const auto config = tusk::pool_config::parse(d.url()).value().max_connections(4).min_connections(2);
    go_back_with_a_pool(config, d, true);
}

// --- rollback
// ---------------------------------------------------------------------------------------------------------

TEST(rollback_sessions, leave_nothing_and_nest) {
    const auto o = database_options{}.script("create table t (id int primary key)");
    for (int i = 0; i < 2; ++i) {
        tusk::testing::rollback_session session{o};
        session.db().exec("insert into t values (1)");
        {
            auto inner = session.db().begin();
            inner.exec("insert into t values (2)");
            inner.commit();
        }
        {
            auto inner = session.db().begin();
            inner.exec("insert into t values (3)");
        }
        EXPECT_EQ(session.db().one<std::int64_t>("select sum(id) from t"), 3);
        session.reset();
        EXPECT_EQ(session.db().one<std::int64_t>("select count(*) from t"), 0);
    }
    EXPECT_EQ(tusk::testing::shared_database(o).connect().one<std::int64_t>("select count(*) from t"), 0);
}

// --- several processes
// ------------------------------------------------------------------------------------------------

TEST(helper_process, DISABLED_makes_a_database_and_tells_its_name) {
    database_options o;
    o.command({"sh", "-c", std::string{"echo made >> "} + std::getenv("HELPER_FILE")},
              {std::getenv("HELPER_CONTENT")});
    o.script("create table t ()");
    const auto d = database::create(o);
    std::printf("name=%s\nserver=%s\n", d.name().c_str(), test_server::shared().url().c_str());
    std::fflush(stdout);
    if (std::getenv("HELPER_DIES") != nullptr) ::kill(::getpid(), SIGKILL);
    EXPECT_EQ(d.connect().one<int>("select count(*)::int4 from t"), 0);
}

std::set<std::string> values_of(const std::string& text, const std::string& key) {
    std::set<std::string> out;
    std::istringstream in{text};
    for (std::string line; std::getline(in, line);)
        if (line.starts_with(key + "=")) out.insert(line.substr(key.size() + 1));
    return out;
}

TEST(several_processes, share_the_server_and_the_template) {
    const temporary_directory dir;
    write(dir / "content", unique("parallel"));
    const scoped_variable file{"HELPER_FILE", (dir / "made").string()};
    const scoped_variable content{"HELPER_CONTENT", (dir / "content").string()};
    const auto one = helper("helper_process.DISABLED_makes_a_database_and_tells_its_name") + " & ";
    const auto done = shell(one + one + one + one + "wait");
    EXPECT_EQ(values_of(done.text, "name").size(), 4U) << done.text;
    EXPECT_EQ(values_of(done.text, "server"), (std::set<std::string>{test_server::shared().url()}))
        << done.text;
    EXPECT_EQ(contents(dir / "made"), "made\n") << "prepared once, by one of them";
}

TEST(several_processes, what_a_killed_one_left_is_dropped_by_the_next) {
    const temporary_directory dir;
    write(dir / "content", unique("killed"));
    const scoped_variable file{"HELPER_FILE", (dir / "made").string()};
    const scoped_variable content{"HELPER_CONTENT", (dir / "content").string()};
    std::string name;
    {
        const scoped_variable dies{"HELPER_DIES", "1"};
        const auto done = shell(helper("helper_process.DISABLED_makes_a_database_and_tells_its_name"));
        EXPECT_EQ(done.status, 137) << done.text;
        const auto names = values_of(done.text, "name");
        ASSERT_EQ(names.size(), 1U);
        name = *names.begin();
    }
    ASSERT_TRUE(exists(name));
    // The server notices a moment later that its client is gone.
    auto db = admin();
    for (int i = 0; i < 500; ++i) {
        const auto found = tusk::testing::detail::abandoned_databases(db);
        if (std::count(found.begin(), found.end(), name) != 0) break;
        db.one<int>("select 1 from pg_sleep(0.01)");
    }
    shell(helper("helper_process.DISABLED_makes_a_database_and_tells_its_name"));
    for (int i = 0; i < 500 && exists(name); ++i) db.one<int>("select 1 from pg_sleep(0.01)");
    EXPECT_FALSE(exists(name));
}

// --- keeping
// ----------------------------------------------------------------------------------------------------------

TEST(kept_databases, by_what_the_environment_says) {
    using tusk::testing::keep_when;
    const auto of = [](std::optional<std::string> keep, std::optional<std::string> ci) {
        const scoped_variable one{"TUSK_KEEP", std::move(keep)};
        const scoped_variable other{"CI", std::move(ci)};
        return tusk::testing::keep_from_environment();
    };
    EXPECT_EQ(of({}, {}), keep_when::failed);
    EXPECT_EQ(of({}, "1"), keep_when::never);
    EXPECT_EQ(of("failed", "1"), keep_when::failed);
    EXPECT_EQ(of("always", {}), keep_when::always);
    EXPECT_EQ(of("never", {}), keep_when::never);
    const auto said = tusk::testing::failure_of([&] { of("yes", {}); });
    EXPECT_TRUE(contains(said.message(), "TUSK_KEEP=yes is not one of failed, always, never"));
}

TEST(kept_databases, sessions_that_a_test_forgot_are_shown) {
    const auto d = database::create();
    EXPECT_EQ(tusk::testing::leaked_sessions(d), "");
    auto open = d.connect();
    open.exec("select 'what is this'");
    const auto said = tusk::testing::leaked_sessions(d);
    EXPECT_TRUE(contains(said, "the test left 1 session(s) open")) << said;
    EXPECT_TRUE(contains(said, "last statement: select 'what is this'")) << said;
    EXPECT_TRUE(contains(said, "remedy: close connections and pools")) << said;
}

} // namespace database_test
