// Colours, tables, errors and statuses.
#include <sstream>

#include <gtest/gtest.h>

#include <cli/output.hpp>
#include <cli/problem.hpp>

namespace tusk::cli {
namespace output_test {

environment with(const char* name, const char* value) {
    environment variables;
    variables.set(name, value);
    return variables;
}

TEST(colour, is_for_terminals) {
    EXPECT_TRUE(wants_colour(colour_mode::automatic, true, {}));
    EXPECT_FALSE(wants_colour(colour_mode::automatic, false, {}));
    EXPECT_FALSE(wants_colour(colour_mode::automatic, true, with("TERM", "dumb")));
    EXPECT_TRUE(wants_colour(colour_mode::automatic, true, with("TERM", "xterm")));
}

TEST(colour, can_be_turned_off_and_on_by_the_environment) {
    EXPECT_FALSE(wants_colour(colour_mode::automatic, true, with("NO_COLOR", "1")));
    EXPECT_FALSE(wants_colour(colour_mode::automatic, true, with("NO_COLOR", "0"))) << "any value counts";
    EXPECT_TRUE(wants_colour(colour_mode::automatic, true, with("NO_COLOR", ""))) << "but the empty one";
    EXPECT_TRUE(wants_colour(colour_mode::automatic, false, with("CLICOLOR_FORCE", "1")));
    EXPECT_TRUE(wants_colour(colour_mode::automatic, false, with("FORCE_COLOR", "1")));
    EXPECT_FALSE(wants_colour(colour_mode::automatic, false, with("CLICOLOR_FORCE", "0")));
    EXPECT_FALSE(wants_colour(colour_mode::automatic, true, with("NO_COLOR", "1").set("FORCE_COLOR", "1")));
}

TEST(colour, is_first_of_all_what_the_option_says) {
    EXPECT_TRUE(wants_colour(colour_mode::always, false, with("NO_COLOR", "1")));
    EXPECT_FALSE(wants_colour(colour_mode::never, true, with("FORCE_COLOR", "1")));
}

TEST(colour, is_chosen_for_each_stream) {
    std::ostringstream out;
    std::ostringstream err;
    output to{{out, err, false, true}};
    to.colours(colour_mode::automatic, {});
    to.table({"A"}, {});
    to.note("b");
    EXPECT_EQ(out.str(), "A\n");
    EXPECT_EQ(err.str(), "\033[1;36mnote:\033[0m b\n");
}

class printed : public ::testing::Test {
protected:
    std::ostringstream out;
    std::ostringstream err;
    output to{{out, err}};
};

TEST_F(printed, tables_are_aligned_and_have_no_blanks_at_the_end) {
    to.table({"NAME", "PID", "URL"}, {{"default", "7", "x y"}, {"a", "12345", "z"}});
    EXPECT_EQ(out.str(), "NAME     PID    URL\n"
                         "default  7      x y\n"
                         "a        12345  z\n");
    EXPECT_EQ(err.str(), "");
}

TEST_F(printed, errors_have_a_remedy) {
    to.report(problem{failure{errc::environment, "no room"}, "make some"});
    EXPECT_EQ(out.str(), "");
    EXPECT_EQ(err.str(), "error: no room\nremedy: make some\n");
}

TEST_F(printed, errors_are_an_object_too_when_json_is_wanted) {
    to.json() = true;
    to.report(problem{failure{errc::connect_failed, "nobody \"there\""}, "start it"});
    EXPECT_EQ(out.str(),
              R"({"schema":"tusk.error/1","message":"nobody \"there\"","remedy":"start it","exit_code":4})"
              "\n");
    EXPECT_EQ(err.str(), "error: nobody \"there\"\nremedy: start it\n");
}

TEST(remedy, of_the_cause_counts_before_the_general_one) {
    const problem what{failure{errc::environment, "nothing found; searched:\n  here\nremedy: install it\n"},
                       "try again"};
    EXPECT_EQ(what.message(), "nothing found; searched:\n  here");
    EXPECT_EQ(what.remedy(), "install it");
    EXPECT_STREQ(what.what(), what.message().c_str());
}

TEST(status, tells_failures_apart) {
    const auto of = [](errc code) { return exit_code_of(failure{code, "x"}); };
    EXPECT_EQ(of(errc::environment), exit_code::failure);
    EXPECT_EQ(of(errc::timeout), exit_code::failure);
    EXPECT_EQ(of(errc::invalid_configuration), exit_code::failure);
    EXPECT_EQ(of(errc::invalid_connection_string), exit_code::usage);
    EXPECT_EQ(of(errc::connect_failed), exit_code::connection);
    EXPECT_EQ(of(errc::connection_lost), exit_code::connection);
    EXPECT_EQ(of(errc::host_not_found), exit_code::connection);
    EXPECT_EQ(of(errc::tls_refused), exit_code::connection);
    EXPECT_EQ(of(errc::auth_failed), exit_code::connection);
    EXPECT_EQ(of(errc::canceled), exit_code::interrupted);
    EXPECT_EQ(exit_code_of(failure{}), exit_code::ok);
}

TEST(status, of_the_server_s_errors_is_by_their_sqlstate) {
    const auto of = [](const char* sqlstate) {
        server_error answer;
        answer.severity = "ERROR";
        answer.sqlstate = sqlstate;
        answer.message = "x";
        return exit_code_of(failure{answer});
    };
    EXPECT_EQ(of("28P01"), exit_code::connection);
    EXPECT_EQ(of("57P03"), exit_code::connection);
    EXPECT_EQ(of("42P01"), exit_code::failure);
    EXPECT_EQ(of("57014"), exit_code::failure) << "a statement timeout has this one too";
}

} // namespace output_test
} // namespace tusk::cli
