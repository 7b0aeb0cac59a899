// `tusk verify` as a user runs it: a program and SQL files against a server.
#include <fstream>

#include <gtest/gtest.h>

#include <tusk/testing/database.hpp>

#include "program.hpp"

namespace tusk::cli {
namespace verify_test {

using namespace test;

class verify : public ::testing::Test {
protected:
    /// A database where `name` may be NULL or not, or is missing.
    static tusk::testing::database with(const std::string& name_column) {
        tusk::testing::database_options o;
        o.script("create table users (id int8 primary key" + name_column + ")");
        return tusk::testing::database::create(o);
    }
    outcome tusk(const tusk::testing::database& db, std::vector<std::string> arguments) {
        std::vector<std::string> line{TUSK_PROGRAM, "verify", "--database", db.url()};
        line.insert(line.end(), arguments.begin(), arguments.end());
        return run_program(line, {});
    }
    std::string file(const std::string& name, const std::string& contents) {
        const auto path = directory_.path() / name;
        std::ofstream{path} << contents;
        return path.string();
    }

private:
    temporary_directory directory_;
};

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

TEST_F(verify, is_content_with_a_program_that_fits) {
    const auto db = with(", name text not null");
    const auto done = tusk(db, {TUSK_VERIFIED});
    EXPECT_EQ(done.status, 0) << done.out << done.err;
    EXPECT_EQ(done.out, "");
    EXPECT_TRUE(contains(done.err, "2 statements verified")) << done.err;
}

TEST_F(verify, warns_of_a_column_that_may_be_null) {
    const auto db = with(", name text");
    const auto done = tusk(db, {TUSK_VERIFIED, "--json"});
    EXPECT_EQ(done.status, 0);
    const auto answer = object_in(done.out);
    EXPECT_EQ(answer.at("schema"), "tusk.verify/1");
    EXPECT_EQ(answer.at("errors"), 0);
    EXPECT_EQ(answer.at("warnings"), 1);
    const auto& checked = answer.at("checked").as_array().at(0).as_object();
    EXPECT_EQ(checked.at("statements"), 2);
    EXPECT_EQ(checked.at("problems").as_array().at(0).at("severity"), "warning");
}

TEST_F(verify, finds_a_program_that_is_ahead_of_the_schema) {
    const auto db = with("");
    const auto done = tusk(db, {TUSK_VERIFIED});
    EXPECT_EQ(done.status, 3);
    EXPECT_TRUE(contains(done.out, "column \"name\" does not exist")) << done.out;
    EXPECT_TRUE(contains(done.out, "select id, name from users where id = $1")) << done.out;
}

TEST_F(verify, checks_each_statement_of_sql_files) {
    const auto db = with(", name text");
    const auto good = file("good.sql", "-- users\nselect * from users where id = $1;\n"
                                       "update users set name = {name} where id = {id};\ncreate table t ();");
    EXPECT_EQ(tusk(db, {good}).status, 0);
    const auto bad = file("bad.sql", "select 1;\n\nselect nme from users;\nselect {a b};\n");
    const auto done = tusk(db, {good, bad});
    EXPECT_EQ(done.status, 3);
    EXPECT_TRUE(contains(done.out, bad + ":3: error: ")) << done.out;
    EXPECT_TRUE(contains(done.out, bad + ":4: error: ")) << done.out;
    const auto answer = object_in(tusk(db, {"--json", good, bad}).out);
    EXPECT_EQ(answer.at("errors"), 2);
    EXPECT_EQ(answer.at("checked").as_array().at(1).at("problems").as_array().at(0).at("line"), 3);
    EXPECT_EQ(db.connect().one<bool>("select to_regclass('t') is null"), true) << "nothing was executed";
}

TEST_F(verify, tells_a_server_that_is_not_there_from_problems) {
    const std::string nowhere = "postgres://u@127.0.0.1:1/d";
    const auto sql = file("a.sql", "select 1");
    EXPECT_EQ(run_program({TUSK_PROGRAM, "verify", "--database", nowhere, sql}, {}).status, 4);
    EXPECT_EQ(run_program({TUSK_PROGRAM, "verify", "--database", nowhere, TUSK_VERIFIED}, {}).status, 4);
    EXPECT_EQ(run_program({TUSK_PROGRAM, "verify", "/nowhere/a.sql"}, {{"DATABASE_URL", nowhere}}).status, 4);
}

TEST_F(verify, is_no_business_of_a_program_that_just_runs) {
    const auto db = with(", name text");
    db.connect().exec("insert into users values (1, 'ann')");
    EXPECT_EQ(run_program({TUSK_VERIFIED, db.url()}, {}).out, "a line of the program's own\nann of 1\n");
    const auto by_hand = run_program({TUSK_VERIFIED}, {{"TUSK_VERIFY", db.url()}});
    EXPECT_EQ(by_hand.status, 0);
    EXPECT_TRUE(contains(by_hand.out, "warning: ")) << by_hand.out;
    EXPECT_TRUE(contains(by_hand.out, "2 statements verified")) << by_hand.out;
}

} // namespace verify_test
} // namespace tusk::cli
