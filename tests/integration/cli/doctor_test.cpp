// `tusk doctor` as a user runs it.
#include <gtest/gtest.h>

#include <tusk/testing/database.hpp>

#include "program.hpp"

namespace tusk::cli {
namespace doctor_test {

using namespace test;

class doctor : public ::testing::Test {
protected:
    static tusk::testing::database with(const std::string& script) {
        tusk::testing::database_options o;
        o.script(script);
        return tusk::testing::database::create(o);
    }
    static bool contains(const std::string& text, const std::string& part) {
        return text.find(part) != std::string::npos;
    }
};

TEST_F(doctor, says_what_is_wrong_and_what_to_do_and_ends_with_three) {
    const auto db = with("create table t (a int4 primary key); create index again on t (a)");
    const auto done = run_program({TUSK_PROGRAM, "doctor", "--url", db.url(), "--figures"}, {});
    EXPECT_EQ(done.status, 3) << done.out << done.err;
    EXPECT_TRUE(contains(done.out, "warning: duplicate_index: public.again: ")) << done.out;
    EXPECT_TRUE(contains(done.out, "  remedy: drop index concurrently public.again\n")) << done.out;
    EXPECT_TRUE(contains(done.out, "public.t ")) << "the table of sizes\n" << done.out;
}

TEST_F(doctor, answers_in_json) {
    const auto db = with("create table t (a int4 primary key); create index again on t (a)");
    const auto done = run_program({TUSK_PROGRAM, "doctor", "--json"}, {{"DATABASE_URL", db.url()}});
    EXPECT_EQ(done.status, 3);
    const auto answer = object_in(done.out);
    EXPECT_EQ(answer.at("schema"), "tusk.doctor/1");
    EXPECT_GE(answer.at("warnings").to_number<int>(), 1);
    EXPECT_EQ(answer.at("figures").at("tables").as_array().at(0).at("table"), "public.t");
    bool found = false;
    for (const auto& f : answer.at("findings").as_array()) found |= f.at("object") == "public.again";
    EXPECT_TRUE(found) << done.out;
}

TEST_F(doctor, tells_a_server_that_is_not_there_from_a_sick_one) {
    const auto done = run_program({TUSK_PROGRAM, "doctor", "--url", "postgres://127.0.0.1:1/none"}, {});
    EXPECT_EQ(done.status, 4) << done.out << done.err;
}

} // namespace doctor_test
} // namespace tusk::cli
