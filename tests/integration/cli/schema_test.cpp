// `tusk schema` as a user runs it.
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include <boost/json/array.hpp>

#include <tusk/testing/database.hpp>

#include "program.hpp"

namespace tusk::cli {
namespace schema_test {

using namespace test;

constexpr const char* synced = "Schemas are synced, no changes to be made.\n";

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

class schema_command : public ::testing::Test {
protected:
    outcome tusk(std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(), {TUSK_PROGRAM, "schema"});
        return run_program(arguments, {{"DATABASE_URL", db_.url()}});
    }
    std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
    std::string write(const std::string& name, const std::string& content) const {
        std::ofstream{path(name)} << content;
        return "file://" + path(name);
    }
    std::string shop() const {
        return write("shop.sql", "create type state as enum ('open', 'paid');\n"
                                 "create table orders (id int8 primary key, state state not null);\n"
                                 "create index on orders (state);\n"
                                 "create view open_orders as select id from orders where state = 'open';\n");
    }

    tusk::testing::database db_ = tusk::testing::database::create();
    temporary_directory folder_;
};

TEST_F(schema_command, apply_reaches_the_target_and_then_has_nothing_to_do) {
    const auto target = shop();
    const auto first = tusk({"apply", "--url", db_.url(), "--to", target, "--auto-approve"});
    ASSERT_EQ(first.status, 0) << first.err;
    EXPECT_TRUE(contains(first.out, "CREATE TABLE public.orders")) << first.out;
    EXPECT_TRUE(db_.connect().one<bool>("select to_regclass('open_orders') is not null"));
    const auto second = tusk({"apply", "--url", db_.url(), "--to", target, "--auto-approve"});
    EXPECT_EQ(second.status, 0) << second.err;
    EXPECT_EQ(second.out, synced);
}

TEST_F(schema_command, apply_keeps_rows_where_names_change) {
    db_.connect().script(
        "create table people (id int8 primary key, name text); insert into people values (1, 'ann')");
    const auto target = write("people.sql", "-- tusk:renamed from=people\n"
                                            "create table persons (\n"
                                            "  id int8 primary key,\n"
                                            "  full_name text -- tusk:renamed from=name\n"
                                            ");\n");
    const auto done = tusk({"apply", "--to", target, "--auto-approve"});
    ASSERT_EQ(done.status, 0) << done.err;
    EXPECT_EQ(db_.connect().one<std::string>("select full_name from persons where id = 1"), "ann");
}

TEST_F(schema_command, apply_asks_and_changes_nothing_without_a_yes) {
    const auto refused = tusk({"apply", "--to", shop()});
    EXPECT_EQ(refused.status, 1);
    EXPECT_TRUE(contains(refused.err, "Apply these statements?")) << refused.err;
    EXPECT_TRUE(db_.connect().one<bool>("select to_regclass('orders') is null"));
    EXPECT_EQ(tusk({"apply", "--to", shop(), "--dry-run"}).status, 0);
    EXPECT_TRUE(db_.connect().one<bool>("select to_regclass('orders') is null"));
}

TEST_F(schema_command, diff_prints_the_plan_or_that_there_is_none) {
    const auto target = shop();
    EXPECT_EQ(tusk({"diff", "--from", target, "--to", target, "--exit-code"}).out, synced);
    const auto changed = tusk({"diff", "--from", "empty://", "--to", target, "--exit-code"});
    EXPECT_EQ(changed.status, 3);
    EXPECT_TRUE(contains(changed.out, "CREATE TYPE public.state AS ENUM ('open', 'paid');\n")) << changed.out;
    EXPECT_EQ(tusk({"diff", "--from", "empty://", "--to", target}).status, 0);
    const auto json = tusk({"diff", "--from", "empty://", "--to", target, "--json"});
    EXPECT_EQ(object_in(json.out).at("schema"), "tusk.schema.plan/1");
    EXPECT_EQ(object_in(json.out).at("proved"), true);
}

TEST_F(schema_command, diff_refuses_what_it_is_told_to_refuse) {
    const auto refused = tusk({"diff", "--from", shop(), "--to", "empty://", "--refuse", "deletes_data"});
    EXPECT_EQ(refused.status, 1);
    EXPECT_TRUE(contains(refused.err, "deletes_data, which is refused")) << refused.err;
    const auto skipped = tusk({"diff", "--from", shop(), "--to", "empty://", "--skip", "drop"});
    EXPECT_EQ(skipped.out, synced) << skipped.err;
    const auto unknown = tusk({"diff", "--from", shop(), "--to", "empty://", "--refuse", "bad_luck"});
    EXPECT_EQ(unknown.status, 2);
}

TEST_F(schema_command, diff_can_be_limited) {
    const auto both =
        write("both.sql", "create schema a; create schema b; create table a.t (); create table b.t ();"
                          "create table b.u ();");
    const auto one = tusk({"diff", "--from", "empty://", "--to", both, "--schema", "b", "--exclude", "b.u"});
    EXPECT_TRUE(contains(one.out, "CREATE TABLE b.t")) << one.out << one.err;
    EXPECT_FALSE(contains(one.out, "a.t")) << one.out;
    EXPECT_FALSE(contains(one.out, "b.u")) << one.out;
}

TEST_F(schema_command, names_the_line_of_an_error_in_a_file) {
    const auto broken = write("broken.sql", "create table a ();\n\ncreate table b (x nothing);\n");
    const auto failed = tusk({"diff", "--from", "empty://", "--to", broken});
    EXPECT_EQ(failed.status, 1);
    EXPECT_TRUE(contains(failed.err, "broken.sql:3: type \"nothing\" does not exist")) << failed.err;
}

TEST_F(schema_command, a_plan_runs_only_from_the_state_that_it_was_made_for) {
    ASSERT_EQ(tusk({"plan", "--from", db_.url(), "--to", shop(), "-o", path("plan.json")}).status, 0);
    db_.connect().script("create table in_between ()");
    const auto refused = tusk({"apply", "--plan", path("plan.json"), "--auto-approve"});
    EXPECT_EQ(refused.status, 1);
    EXPECT_TRUE(contains(refused.err, "not in the state that")) << refused.err;
    db_.connect().script("drop table in_between");
    const auto done = tusk({"apply", "--plan", path("plan.json"), "--auto-approve"});
    EXPECT_EQ(done.status, 0) << done.err;
    EXPECT_EQ(tusk({"diff", "--from", db_.url(), "--to", shop()}).out, synced);
}

TEST_F(schema_command, inspect_prints_what_leads_back_to_the_same_state) {
    ASSERT_EQ(tusk({"apply", "--to", shop(), "--auto-approve"}).status, 0);
    const auto sql = write("inspected.sql", tusk({"inspect"}).out);
    EXPECT_EQ(tusk({"diff", "--from", db_.url(), "--to", sql}).out, synced);
    const auto snapshot = write("inspected.json", tusk({"inspect", "--format", "json"}).out);
    EXPECT_EQ(tusk({"diff", "--from", db_.url(), "--to", snapshot}).out, synced);
    const auto diagram = tusk({"inspect", "--format", "mermaid"}).out;
    EXPECT_TRUE(contains(diagram, "erDiagram\n    orders {\n        bigint id PK\n")) << diagram;
}

TEST_F(schema_command, clean_drops_everything) {
    ASSERT_EQ(tusk({"apply", "--to", shop(), "--auto-approve"}).status, 0);
    const auto done = tusk({"clean", "--auto-approve"});
    EXPECT_EQ(done.status, 0) << done.err;
    EXPECT_TRUE(
        db_.connect().one<bool>("select to_regclass('orders') is null and to_regtype('state') is null"));
    EXPECT_EQ(tusk({"clean", "--auto-approve"}).out, "The database is clean already.\n");
}

TEST_F(schema_command, lint_finds_what_is_seldom_meant) {
    const auto odd =
        write("odd.sql", "create table keyless (a int); create table parent (id int primary key);"
                         "create table child (id int primary key, parent int references parent);");
    const auto found = tusk({"lint", "--url", odd});
    EXPECT_EQ(found.status, 3);
    EXPECT_TRUE(contains(found.out, "[no_primary_key]")) << found.out << found.err;
    EXPECT_TRUE(contains(found.out, "[foreign_key_without_index]")) << found.out;
    EXPECT_EQ(tusk({"lint", "--url", shop()}).status, 0);
}

TEST_F(schema_command, fmt_prints_the_servers_own_words) {
    write("short.sql", "create table t (a int8)");
    EXPECT_EQ(tusk({"fmt", path("short.sql")}).out, "CREATE TABLE public.t (\n    a bigint\n);\n");
}

TEST_F(schema_command, test_runs_each_file_on_a_schema_of_its_own) {
    write("good.sql", "insert into orders values (1, 'open');\nselect count(*) = 1 from open_orders;\n");
    write("bad.sql", "select true;\nselect count(*) = 1 from open_orders;\n");
    const auto done = tusk({"test", "--to", shop(), path("good.sql"), path("bad.sql")});
    EXPECT_EQ(done.status, 3) << done.err;
    EXPECT_TRUE(contains(done.out, "ok " + path("good.sql"))) << done.out;
    EXPECT_TRUE(contains(done.out, path("bad.sql") + ":2: returned false")) << done.out;
}

} // namespace schema_test
} // namespace tusk::cli
