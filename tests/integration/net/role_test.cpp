// Servers that do not report their role (before PostgreSQL 14) are asked for it; those that do are not.
#include "both_drivers.hpp"

using namespace net_test;
using tusk::errc;

namespace role_test {

class role : public driver_test {
protected:
    static std::string wanted(const scripted_server& server, const std::string& attrs) {
        return server.conninfo() + " target_session_attrs=" + attrs;
    }
};
INSTANTIATE_TEST_SUITE_P(drivers, role, both_drivers, [](const auto& tested) { return tested.param.name; });

/// Lets us in without a word of its role, and waits for the question.
server_script old_server() {
    return server_script{}
        .expect(received_message::startup)
        .send(be::authentication_ok() + be::parameter_status("server_version", "13.23") +
              be::backend_key_data(1) + be::ready_for_query())
        .expect('Q');
}
std::string answer(const std::string& read_only, const std::string& in_recovery) {
    return be::row_description({{"transaction_read_only"}}) + be::data_row({read_only}) +
           be::command_complete("SHOW") + be::row_description({{"pg_is_in_recovery"}}) +
           be::data_row({in_recovery}) + be::command_complete("SELECT 1") + be::ready_for_query();
}

TEST_P(role, is_asked_for_in_one_round_trip) {
    scripted_server server{{old_server().send(answer("off", "f")).wait_for_hang_up()}};
    {
        const auto c = open(wanted(server, "read-write"));
        EXPECT_TRUE(c) << c.error().message();
    }
    EXPECT_EQ(server.problems(), "");
}

TEST_P(role, a_server_that_does_not_fit_is_told_goodbye) {
    scripted_server server{{old_server().send(answer("on", "t")).expect('X')}};
    expect_refused(wanted(server, "read-write"), errc::no_suitable_host, "a standby, read-only");
    EXPECT_EQ(server.problems(), "");
}

TEST_P(role, prefer_standby_comes_back_without_asking) {
    scripted_server server{
        {old_server().send(answer("off", "f")).expect('X'), server_script{}.let_in().wait_for_hang_up()}};
    {
        const auto c = open(wanted(server, "prefer-standby"));
        EXPECT_TRUE(c) << c.error().message();
    }
    EXPECT_EQ(server.problems(), "");
}

TEST_P(role, a_server_that_reports_it_is_not_asked) {
    scripted_server server{{server_script{}.let_in().expect('X')}}; // the goodbye is the next that comes
    {
        const auto c = open(wanted(server, "primary"));
        EXPECT_TRUE(c) << c.error().message();
    }
    EXPECT_EQ(server.problems(), "");
}

TEST_P(role, a_server_that_does_not_answer_the_question_is_given_up_in_time) {
    scripted_server server{{old_server().wait_for_hang_up()}};
    expect_refused(wanted(server, "primary") + " connect_timeout=1", errc::timeout, "role");
}

} // namespace role_test
