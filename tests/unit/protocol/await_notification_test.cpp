// Waiting for a notification on an idle connection.
#include "algo_test.hpp"

#include <tusk/protocol/await_notification.hpp>

#include <gtest/gtest.h>

using namespace algo;
using tusk::errc;
using tusk::protocol::event_kind;

namespace await_notification_test {

class waiting final : public holding<tusk::protocol::await_notification> {
public:
    waiting() {
        request = false;
        session.on_notification = [this](tusk::wire::notification&& n) { heard.push_back(n.payload); };
        held = std::make_unique<tusk::protocol::await_notification>(session);
    }
    std::vector<std::string> heard;
};

std::unique_ptr<fixture> make() { return std::make_unique<waiting>(); }

const std::vector<std::string>& heard(const fixture& f) { return dynamic_cast<const waiting&>(f).heard; }

TEST(await_notification, ends_with_the_first_one) {
    const auto after =
        script{}.sends("").receives(be::notification_response(7, "ch", "one")).done().run(make);
    EXPECT_EQ(heard(*after), std::vector<std::string>{"one"});
}

TEST(await_notification, takes_all_that_came_with_it) {
    const auto after =
        script{}
            .sends("")
            .receives(be::notification_response(7, "ch", "one") + be::notification_response(7, "ch", "two"))
            .done()
            .run(make);
    EXPECT_EQ(heard(*after), (std::vector<std::string>{"one", "two"}));
}

TEST(await_notification, goes_on_after_notices_and_parameters) {
    const auto after = script{}
                           .sends("")
                           .receives(be::notice_response("hm") + be::parameter_status("TimeZone", "UTC"))
                           .receives(be::notification_response(7, "ch", "one"))
                           .done()
                           .run(make);
    EXPECT_EQ(heard(*after).size(), 1U);
}

TEST(await_notification, leaves_the_connection_alone_when_nothing_came_in_time) {
    script{}.sends("").event(event_kind::timed_out).fails(errc::timeout, false).run(make);
    script{}.sends("").event(event_kind::canceled).fails(errc::canceled, false).run(make);
}

TEST(await_notification, tells_why_the_server_went) {
    script{}
        .sends("")
        .receives(be::error_response("57P01", "terminating connection", "FATAL"))
        .fails(tusk::make_error_code(*tusk::sqlstate::parse("57P01")), true)
        .run(make);
}

TEST(await_notification, takes_an_answer_without_a_question_for_a_broken_protocol) {
    script{}.sends("").receives(be::parse_complete()).fails(errc::protocol_violation, true).run(make);
}

} // namespace await_notification_test
