// `tusk migrate` as a user runs it.
#include <csignal>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>

#include <unistd.h>

#include <boost/json/array.hpp>

#include <tusk/testing/database.hpp>

#include "program.hpp"

namespace tusk::cli {
namespace migrate_test {

using namespace test;

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

class migrate_command : public ::testing::Test {
protected:
    outcome tusk(std::vector<std::string> arguments, std::map<std::string, std::string> more = {}) const {
        arguments.insert(arguments.begin(), {TUSK_PROGRAM, "migrate"});
        more.emplace("DATABASE_URL", db_.url());
        return run_program(arguments, more);
    }
    /// With the directory of the test.
    outcome in_dir(std::vector<std::string> arguments) const {
        arguments.insert(arguments.end(), {"--dir", "file://" + dir()});
        return tusk(std::move(arguments));
    }
    boost::json::object answer(std::vector<std::string> arguments) const {
        arguments.emplace_back("--json");
        const auto done = in_dir(std::move(arguments));
        return object_in(done.out);
    }
    std::string dir() const { return (folder_.path() / "migrations").string(); }
    void write(const std::string& name, const std::string& content) const {
        fs::create_directories(dir());
        std::ofstream{fs::path{dir()} / name} << content;
    }
    void two_files() const {
        write("1_users.sql", "create table users (id int8 primary key);\n");
        write("2_posts.sql", "create table posts (id int8 primary key);\n");
        EXPECT_EQ(in_dir({"hash"}).status, 0);
    }

    tusk::testing::database db_ = tusk::testing::database::create();
    temporary_directory folder_;
};

TEST_F(migrate_command, goes_from_a_new_file_to_an_applied_one) {
    const auto made = in_dir({"new", "add_users"});
    ASSERT_EQ(made.status, 0) << made.err;
    const auto path = made.out.substr(0, made.out.size() - 1);
    std::ofstream{path} << "create table users ();\n";
    EXPECT_EQ(in_dir({"validate"}).status, 1) << "the sum does not know the edit";
    EXPECT_EQ(in_dir({"hash"}).status, 0);
    EXPECT_EQ(in_dir({"validate"}).status, 0);
    EXPECT_EQ(answer({"status"}).at("status"), "PENDING");
    const auto dry = in_dir({"apply", "--dry-run"});
    EXPECT_TRUE(contains(dry.out, "create table users ();")) << dry.out << dry.err;
    const auto done = answer({"apply"});
    EXPECT_EQ(done.at("schema"), "tusk.migrate.apply/1");
    EXPECT_EQ(done.at("applied").as_array().size(), 1u);
    EXPECT_EQ(answer({"status"}).at("status"), "OK");
    EXPECT_TRUE(contains(in_dir({"apply"}).out, "nothing to do"));
}

TEST_F(migrate_command, points_at_the_place_of_an_error) {
    two_files();
    write("3_c.sql", "-- gr\xC3\xBC\xC3\x9F"
                     "e\n\nselect 'gr\xC3\xBC\xC3\x9F"
                     "e', nothing;\n");
    in_dir({"hash"});
    const auto failed = in_dir({"apply"});
    EXPECT_EQ(failed.status, 1);
    EXPECT_TRUE(contains(failed.out, "applied 2_posts.sql")) << failed.out;
    EXPECT_TRUE(contains(failed.err, "3_c.sql:3:17: column \"nothing\" does not exist")) << failed.err;
    EXPECT_TRUE(contains(failed.err, "', nothing;\n                ^\n")) << failed.err;
    const auto told = answer({"apply"});
    EXPECT_EQ(told.at("error").at("line"), 3);
    EXPECT_EQ(told.at("error").at("column"), 17);
    EXPECT_EQ(told.at("error").at("sqlstate"), "42703");
}

TEST_F(migrate_command, refuses_a_directory_that_was_tampered_with) {
    two_files();
    write("1_users.sql", "create table others ();\n");
    const auto refused = in_dir({"apply"});
    EXPECT_EQ(refused.status, 1);
    EXPECT_TRUE(contains(refused.err, "1_users.sql was edited")) << refused.err;
    EXPECT_TRUE(contains(refused.err, "remedy: see what happened to it")) << refused.err;
    EXPECT_FALSE(db_.connect().one<bool>("select to_regclass('others') is not null"));
}

TEST_F(migrate_command, sets_and_goes_back) {
    two_files();
    EXPECT_EQ(in_dir({"set", "1"}).status, 0);
    EXPECT_EQ(answer({"status"}).at("current"), "1");
    fs::create_directories(fs::path{dir()} / "down");
    write("down/2_posts.sql", "drop table posts;\n");
    in_dir({"hash"});
    EXPECT_EQ(in_dir({"apply"}).status, 0);
    const auto back = in_dir({"down"});
    EXPECT_EQ(back.status, 0) << back.err;
    EXPECT_TRUE(contains(back.out, "undone 2_posts.sql")) << back.out;
    EXPECT_EQ(answer({"status"}).at("next"), "2");
}

TEST_F(migrate_command, lints_for_people_and_tools) {
    two_files();
    write("3_c.sql", "drop table users;\n");
    in_dir({"hash"});
    const auto found = in_dir({"lint", "--latest", "1"});
    EXPECT_EQ(found.status, 3);
    EXPECT_TRUE(contains(found.out, "3_c.sql:1:1: error: drops the table users and its rows [DS102]"))
        << found.out;
    EXPECT_EQ(answer({"lint"}).at("findings").as_array().size(), 1u);
    EXPECT_EQ(object_in(in_dir({"lint", "--format", "sarif"}).out).at("version"), "2.1.0");
    EXPECT_EQ(in_dir({"lint", "--ignore", "DS102"}).status, 0);
}

TEST_F(migrate_command, removes_rebases_edits_and_imports) {
    two_files();
    EXPECT_EQ(in_dir({"rebase", "1"}).status, 0);
    EXPECT_EQ(answer({"status"}).at("next"), "2");
    EXPECT_EQ(in_dir({"rm", "2"}).status, 0);
    EXPECT_EQ(answer({"validate"}).at("files"), 1);
    const auto name = std::string{answer({"status"}).at("pending").at(0).as_string()};
    const auto edited = run_program({TUSK_PROGRAM, "migrate", "edit", name, "--dir", "file://" + dir()},
                                    {{"VISUAL", "sed -i s/users/people/"}});
    EXPECT_EQ(edited.status, 0) << edited.err;
    EXPECT_EQ(in_dir({"validate"}).status, 0);
    EXPECT_EQ(in_dir({"apply"}).status, 0);
    EXPECT_TRUE(db_.connect().one<bool>("select to_regclass('people') is not null"));
    const auto other = "file://" + (folder_.path() / "other").string();
    EXPECT_EQ(tusk({"import", "--from", "file://" + dir() + "?format=atlas", "--to", other}).status, 0);
    EXPECT_EQ(tusk({"validate", "--dir", other}).status, 0);
}

TEST_F(migrate_command, takes_what_the_project_file_says) {
    two_files();
    auto db = db_.connect();
    db.script("create table tenants (name text); insert into tenants values ('acme'), ('zeta'); create "
              "schema acme; "
              "create schema zeta");
    const auto file = (folder_.path() / "tusk.yaml").string();
    std::ofstream{file}
        << "environments:\n  prod:\n    url: ${WHERE}\n    dir: file://" << dir()
        << "\n    parallel: 2\n    tenants:\n      query: select name from tenants order by name\n";
    const std::vector<std::string> with{"--config", file, "--env", "prod"};
    const auto run = [&](std::vector<std::string> line) {
        line.insert(line.end(), with.begin(), with.end());
        return tusk(std::move(line), {{"WHERE", db_.url()}});
    };
    const auto done = run({"apply", "--json"});
    EXPECT_EQ(done.status, 0) << done.err;
    const auto targets = object_in(done.out).at("targets").as_array();
    ASSERT_EQ(targets.size(), 2u);
    EXPECT_EQ(targets[0].at("target_name"), "acme");
    EXPECT_EQ(targets[1].at("applied").as_array().size(), 2u);
    EXPECT_TRUE(db.one<bool>(
        "select to_regclass('acme.posts') is not null and to_regclass('zeta.posts') is not null "
        "and to_regclass('zeta.atlas_schema_revisions') is not null and to_regclass('public.posts') "
        "is null"));
    // One tenant fails, the other one goes on.
    db.script("create table acme.more ()");
    write("3_more.sql", "create table more ();\n");
    in_dir({"hash"});
    const auto one_fails = run({"apply"});
    EXPECT_EQ(one_fails.status, 1);
    EXPECT_TRUE(contains(one_fails.err, "error: acme: 3_more.sql:1:1: relation \"more\" already exists"))
        << one_fails.err;
    EXPECT_TRUE(db.one<bool>("select to_regclass('zeta.more') is not null"));
    const auto nowhere = tusk({"status", "--config", file, "--env", "nowhere"});
    EXPECT_EQ(nowhere.status, 2);
    EXPECT_TRUE(contains(nowhere.err, "there is no environment \"nowhere\"")) << nowhere.err;
}

TEST_F(migrate_command, ends_in_order_when_it_is_interrupted) {
    write("1_a.sql", "create table a ();\nselect pg_sleep(600);\n");
    in_dir({"hash"});
    std::jthread interrupter{[&] {
        auto db = db_.connect();
        while (!db.one<bool>(
            "select exists (select from pg_stat_activity where query like 'select pg_sleep(600)%' and "
            "state = 'active' and datname = current_database())"))
            std::this_thread::yield();
        const auto mine = std::to_string(::getpid());
        for (const auto& each : fs::directory_iterator{"/proc/" + mine + "/task"}) {
            std::ifstream children{each.path() / "children"};
            for (pid_t child = 0; children >> child;) {
                std::ifstream name{"/proc/" + std::to_string(child) + "/comm"};
                std::string program;
                name >> program;
                if (program == "tusk") ::kill(child, SIGTERM);
            }
        }
    }};
    const auto ended = in_dir({"apply"});
    EXPECT_EQ(ended.status, 143) << ended.err;
    EXPECT_FALSE(db_.connect().one<bool>("select to_regclass('a') is not null"));
}

TEST_F(migrate_command, writes_the_migration_that_a_schema_lacks_and_goes_back) {
    const auto schema = "file://" + (folder_.path() / "schema.sql").string();
    std::ofstream{folder_.path() / "schema.sql"} << "create table users (id int8 primary key, name text);\n";
    const std::vector<std::string> dev{"--dev-url", db_.url()};
    const auto run = [&](std::vector<std::string> line) {
        line.insert(line.end(), dev.begin(), dev.end());
        return in_dir(std::move(line));
    };
    const auto dry = run({"diff", "--to", schema, "--dry-run"});
    EXPECT_EQ(dry.status, 0) << dry.err;
    EXPECT_TRUE(contains(dry.out, "CREATE TABLE public.users")) << dry.out;
    EXPECT_FALSE(fs::exists(dir()));
    const auto made = run({"diff", "add_users", "--to", schema});
    EXPECT_EQ(made.status, 0) << made.err;
    EXPECT_TRUE(contains(made.out, "_add_users.sql\n")) << made.out;
    const auto synced = run({"diff", "--to", schema});
    EXPECT_EQ(synced.out,
              "The migration directory is synced with the desired state, no changes to be made\n");
    EXPECT_EQ(object_in(run({"diff", "--to", schema, "--json"}).out).at("synced"), true);
    EXPECT_EQ(in_dir({"validate"}).status, 0);
    EXPECT_EQ(in_dir({"apply"}).status, 0);
    EXPECT_EQ(run({"drift"}).status, 0);
    db_.connect().script("insert into users values (1, 'x')");
    const auto dry_down = run({"down", "--dry-run"});
    EXPECT_TRUE(contains(dry_down.err, "would lose table public.users (1 row)")) << dry_down.err;
    const auto refused = run({"down"});
    EXPECT_EQ(refused.status, 1);
    EXPECT_TRUE(contains(refused.err, "table public.users (1 row)")) << refused.err;
    EXPECT_EQ(run({"down", "--allow-data-loss"}).status, 0);
    EXPECT_FALSE(db_.connect().one<bool>("select to_regclass('users') is not null"));
    EXPECT_EQ(run({"diff", "--to", "file:///nowhere.sql"}).status, 1);
    EXPECT_EQ(run({"diff", "--to", schema, "--refuse", "nonsense"}).status, 2);
}

TEST_F(migrate_command, tells_drift_with_status_3_and_does_not_apply_over_it) {
    two_files();
    const std::vector<std::string> dev{"--dev-url", db_.url()};
    const auto run = [&](std::vector<std::string> line) {
        line.insert(line.end(), dev.begin(), dev.end());
        return in_dir(std::move(line));
    };
    EXPECT_EQ(run({"apply", "1", "--check-drift"}).status, 0) << "nothing was applied yet";
    EXPECT_EQ(run({"status", "--drift"}).status, 0);
    db_.connect().script("alter table users add by_hand int");
    const auto found = run({"drift"});
    EXPECT_EQ(found.status, 3);
    EXPECT_EQ(found.out, "column public.users.by_hand was added\n");
    EXPECT_TRUE(contains(found.err, "DROP COLUMN by_hand")) << found.err;
    const auto status = object_in(run({"status", "--drift", "--json"}).out);
    EXPECT_EQ(status.at("drift").at("drifted"), true);
    const auto refused = run({"apply", "--check-drift"});
    EXPECT_EQ(refused.status, 1);
    EXPECT_TRUE(contains(refused.err, "column public.users.by_hand was added")) << refused.err;
    EXPECT_EQ(run({"drift", "--exclude", "public.users.by_hand"}).status, 0);
    EXPECT_EQ(in_dir({"apply"}).status, 0);
}

TEST_F(migrate_command, writes_checkpoints_runs_tests_and_measures) {
    two_files();
    const std::vector<std::string> dev{"--dev-url", db_.url()};
    const auto run = [&](std::vector<std::string> line) {
        line.insert(line.end(), dev.begin(), dev.end());
        return in_dir(std::move(line));
    };
    const auto made = run({"checkpoint", "v1"});
    EXPECT_EQ(made.status, 0) << made.err;
    EXPECT_TRUE(contains(made.out, "_checkpoint.sql") || contains(made.out, "3_checkpoint.sql")) << made.out;
    EXPECT_EQ(in_dir({"apply"}).status, 0);
    EXPECT_EQ(answer({"status"}).at("applied").as_array().size(), 1u);
    const auto test = folder_.path() / "a_test.sql";
    std::ofstream{test} << "-- tusk:migrate latest\nselect count(*) = 0 from users;\n";
    const auto good = run({"test", test.string()});
    EXPECT_EQ(good.status, 0) << good.out << good.err;
    EXPECT_TRUE(contains(good.out, "ok ")) << good.out;
    std::ofstream{test} << "select false;\n";
    EXPECT_EQ(run({"test", test.string()}).status, 3);
    write("9_type.sql", "alter table users alter id type int4;\n");
    in_dir({"hash"});
    const auto measured = run({"lint", "--latest", "1", "--measured"});
    EXPECT_TRUE(contains(measured.out, "AccessExclusiveLock on public.users (keeps out readers and writers)"))
        << measured.out << measured.err;
    EXPECT_TRUE(contains(measured.out, "[LK101]")) << measured.out;
}

TEST_F(migrate_command, obeys_the_policies_of_the_project_file) {
    two_files();
    const auto file = (folder_.path() / "tusk.yaml").string();
    std::ofstream{folder_.path() / "schema.sql"} << "create table users (id int8 primary key);\n";
    std::ofstream{file} << "environments:\n  dev:\n    url: " << db_.url() << "\n    dev: " << db_.url()
                        << "\n    dir: file://" << dir() << "\n    to: file://"
                        << (folder_.path() / "schema.sql").string()
                        << "\n    diff: {offline: true, refuse: [deletes_data]}\n    drift: {check: true}\n"
                           "    lint: {naming: {table: '[a-z_]+s'}, errors: [naming]}\n";
    const auto run = [&](std::vector<std::string> line) {
        line.insert(line.end(), {"--config", file, "--env", "dev"});
        return tusk(std::move(line));
    };
    EXPECT_TRUE(contains(run({"diff"}).err, "deletes_data")) << "posts would go";
    EXPECT_EQ(run({"apply"}).status, 0);
    EXPECT_EQ(run({"lint"}).status, 0);
    db_.connect().script("drop table posts");
    write("3_c.sql", "create table Person (Id int8);\n");
    in_dir({"hash"});
    const auto refused = run({"apply"});
    EXPECT_EQ(refused.status, 1);
    EXPECT_TRUE(contains(refused.err, "table public.posts is gone")) << refused.err;
    const auto named = run({"lint"});
    EXPECT_EQ(named.status, 3);
    EXPECT_TRUE(contains(named.out, "the table name person does not fit [a-z_]+s [NM102]")) << named.out;
}

TEST_F(migrate_command, runs_the_hooks_of_the_project_file) {
    two_files();
    const auto file = (folder_.path() / "tusk.yaml").string();
    db_.connect().script("create table told (at text, word text)");
    const auto with_hooks = [&](const std::string& hooks) {
        std::ofstream{file} << "environments:\n  dev:\n    url: " << db_.url() << "\n    dir: file://"
                            << dir() << "\n    hooks:\n"
                            << hooks;
        return tusk({"apply", "--allow-dirty", "--config", file, "--env", "dev"});
    };
    const auto stopped = with_hooks("      before_commit: [select 1, select 1/0]\n");
    EXPECT_EQ(stopped.status, 1);
    EXPECT_TRUE(contains(stopped.err, "hook before_commit: division by zero")) << stopped.err;
    auto db = db_.connect();
    EXPECT_FALSE(db.one<bool>("select to_regclass('users') is not null")) << "rolled back";
    const auto done = with_hooks(
        "      session: set tusk.word = 'said'\n"
        "      after_begin: [\"insert into told values ('begin', current_setting('tusk.word'))\"]\n"
        "      before_commit: |\n"
        "        insert into told select 'commit', current_setting('tusk.word')\n"
        "          where to_regclass('users') is not null;\n");
    EXPECT_EQ(done.status, 0) << done.err;
    EXPECT_EQ(db.all<std::string>("select at || ' ' || word from told order by ctid"),
              (std::vector<std::string>{"begin said", "commit said", "begin said", "commit said"}));
    const auto wrong = with_hooks("      after_commit: select 1\n");
    EXPECT_EQ(wrong.status, 2);
    EXPECT_TRUE(contains(wrong.err, "after_commit")) << wrong.err;
}

TEST_F(migrate_command, has_a_script_for_continuous_integration) {
    two_files();
    const auto script = [&] {
        return run_program({"/bin/bash", TUSK_SOURCE "/deploy/ci/check-migrations", dir(), "1"},
                           {{"TUSK", TUSK_PROGRAM},
                            {"TUSK_STATE_DIR", folder_.path() / "servers"},
                            {"TUSK_CACHE_DIR", TUSK_TEST_CACHE}});
    };
    fs::create_directories(TUSK_TEST_CACHE);
    const auto good = script();
    EXPECT_EQ(good.status, 0) << good.out << good.err;
    EXPECT_TRUE(contains(good.out, "nothing to do")) << good.out;
    write("3_c.sql", "drop table users;\n");
    EXPECT_EQ(script().status, 1) << "the sum";
    in_dir({"hash"});
    EXPECT_EQ(script().status, 3) << "lint";
    write("3_c.sql", "select 1/0;\n");
    in_dir({"hash"});
    EXPECT_EQ(script().status, 1) << "apply";
}

} // namespace migrate_test
} // namespace tusk::cli
