// `tusk objectives` as a user runs it.
#include <gtest/gtest.h>

#include <tusk/testing/database.hpp>

#include "program.hpp"

namespace tusk::cli {
namespace objectives_test {

using namespace test;

boost::json::object one(const boost::json::object& answer, std::string_view name) {
    for (const auto& o : answer.at("objectives").as_array())
        if (o.at("name") == boost::json::string_view{name.data(), name.size()}) return o.as_object();
    ADD_FAILURE() << name << " is not there";
    return {};
}

TEST(objectives, are_measured_and_judged_in_json) {
    const auto db = tusk::testing::database::create();
    const auto done = run_program({TUSK_PROGRAM, "objectives", "--url", db.url(), "--seconds", "1",
                                   "--connections", "4", "--workers", "8", "--json"},
                                  {});
    const auto answer = object_in(done.out);
    EXPECT_EQ(answer.at("schema"), "tusk.objectives/1") << done.out << done.err;
    EXPECT_GT(answer.at("statements").to_number<int>(), 20);
    for (const char* name : {"query_success", "error_rate"}) // times are the machine's
        EXPECT_EQ(one(answer, name).at("met"), true) << done.out;
    EXPECT_EQ(one(answer, "query_success").at("measured"), 100.0);
    EXPECT_EQ(one(answer, "error_rate").at("measured"), 0.0);
    EXPECT_GT(one(answer, "pool_utilisation").at("measured").to_number<double>(), 50);
    EXPECT_GT(one(answer, "query_time").at("measured").to_number<double>(), 0);
    EXPECT_EQ(done.status, answer.at("met").as_bool() ? 0 : 3);
}

TEST(objectives, that_are_missed_end_with_three) {
    const auto db = tusk::testing::database::create();
    const auto slow =
        run_program({TUSK_PROGRAM, "objectives", "--url", db.url(), "--seconds", "1", "--connections", "2",
                     "--workers", "4", "--statement", "select pg_sleep(0.12)"},
                    {});
    EXPECT_EQ(slow.status, 3) << slow.out << slow.err;
    const auto line = slow.out.find("query_time");
    ASSERT_NE(line, std::string::npos) << slow.out;
    EXPECT_NE(slow.out.find("missed", line), std::string::npos) << slow.out;
    const auto wrong = run_program({TUSK_PROGRAM, "objectives", "--url", db.url(), "--seconds", "1",
                                    "--connections", "2", "--statement", "select * from missing", "--json"},
                                   {});
    EXPECT_EQ(wrong.status, 3);
    const auto answer = object_in(wrong.out);
    EXPECT_EQ(one(answer, "query_success").at("met"), false);
    EXPECT_EQ(one(answer, "error_rate").at("met"), false);
    EXPECT_NE(answer.at("last_error").as_string().find("missing"), std::string::npos);
}

TEST(objectives, of_a_server_that_is_away_end_with_four) {
    const auto done = run_program({TUSK_PROGRAM, "objectives", "--url", "postgres://127.0.0.1:1/none"}, {});
    EXPECT_EQ(done.status, 4) << done.err;
}

} // namespace objectives_test
} // namespace tusk::cli
