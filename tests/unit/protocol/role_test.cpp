// What a server says of its role, unasked and asked.
#include <tusk/protocol/role.hpp>

#include <gtest/gtest.h>

#include "algo_test.hpp"

using namespace algo;
using tusk::errc;
using tusk::protocol::reported_role;
using tusk::protocol::role_query;
using namespace tusk::literals;

namespace role_test {

class role_fixture final : public holding<role_query> {};

make_fixture asking() {
    return [] {
        auto f = std::make_unique<role_fixture>();
        f->request = false;
        f->session.transaction = tusk::transaction_status::idle;
        f->held = std::make_unique<role_query>(f->session);
        return f;
    };
}

std::string one_value(const std::string& name, const std::string& value, const std::string& tag) {
    return be::row_description({{name, 25, 0}}) + be::data_row({value}) + be::command_complete(tag);
}
std::string answer(const std::string& read_only, const std::string& in_recovery) {
    return one_value("transaction_read_only", read_only, "SHOW") +
           one_value("pg_is_in_recovery", in_recovery, "SELECT 1") + be::ready_for_query();
}

TEST(role, is_known_from_two_reported_parameters) {
    EXPECT_FALSE(reported_role("", ""));
    EXPECT_FALSE(reported_role("off", "")); // half of it says nothing
    EXPECT_FALSE(reported_role("", "off"));
    const auto primary = reported_role("off", "off");
    ASSERT_TRUE(primary);
    EXPECT_FALSE(primary->standby);
    EXPECT_FALSE(primary->read_only);
    const auto locked = reported_role("off", "on");
    ASSERT_TRUE(locked);
    EXPECT_FALSE(locked->standby);
    EXPECT_TRUE(locked->read_only);
    const auto standby = reported_role("on", "off");
    ASSERT_TRUE(standby);
    EXPECT_TRUE(standby->standby);
    EXPECT_TRUE(standby->read_only);
}

TEST(role, is_asked_for_in_one_round_trip) {
    struct expectation {
        const char *read_only, *in_recovery;
        bool is_read_only, is_standby;
    };
    for (const auto& e :
         {expectation{"off", "f", false, false}, {"on", "f", true, false}, {"on", "t", true, true}}) {
        const auto s = script{}.sends("Query").receives(answer(e.read_only, e.in_recovery)).done();
        s.run_however_cut(asking(), [&](fixture& f) {
            const auto role = dynamic_cast<role_fixture&>(f).held->role();
            EXPECT_EQ(role.read_only, e.is_read_only);
            EXPECT_EQ(role.standby, e.is_standby);
            EXPECT_FALSE(f.session.broken);
            EXPECT_EQ(f.session.transaction, tusk::transaction_status::idle);
        });
    }
}

TEST(role, a_refusal_is_the_servers_own_error) {
    const auto s = script{}
                       .sends("Query")
                       .receives(be::error_response("42501", "not you") + be::ready_for_query())
                       .fails(make_error_code("42501"_sqlstate), true);
    s.run_however_cut(asking());
}

TEST(role, strange_answers_are_violations) {
    for (const auto& bytes :
         {be::ready_for_query(), answer("maybe", "f"), answer("off", "yes"), answer("", "f"),
          be::row_description({{"a"}}) + be::data_row({"on", "on"}) + be::ready_for_query(),
          one_value("a", "on", "SHOW") + be::ready_for_query(),
          one_value("a", "on", "SHOW") + one_value("b", "t", "SELECT 1") + one_value("c", "t", "SELECT 1") +
              be::ready_for_query(),
          be::message('D', "\0"), be::message('W', {}), be::message('E', "x")})
        script{}.sends("Query").receives(bytes).fails(errc::protocol_violation, true).run(asking());
}

TEST(role, failures_anywhere_end_it) {
    script{}.sends("Query").receives(answer("off", "f")).done().check_failures_everywhere(asking());
}

} // namespace role_test
