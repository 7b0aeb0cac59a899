// The state of one connection: frames, asynchronous messages, output, and the fresh start between two
// servers.
#include "algo_test.hpp"

#include <gtest/gtest.h>

#include <cstring>

using namespace algo;
using tusk::errc;
using tusk::make_error_code;
using tusk::protocol::session;

namespace session_test {

void receive(session& s, std::string_view bytes) {
    const auto space = s.input.prepare();
    ASSERT_GE(space.size(), bytes.size());
    std::memcpy(space.data(), bytes.data(), bytes.size());
    s.input.commit(bytes.size());
}

session::next_result next(session& s, tusk::failure& why) {
    tusk::wire::frame f;
    const auto result = s.next(f, why);
    if (result == session::next_result::frame) s.consume(f);
    return result;
}

TEST(session, hands_out_messages_of_requests_and_deals_with_the_others) {
    session s;
    std::vector<std::string> heard;
    s.on_notice = [&](const tusk::server_error& n) { heard.push_back("notice " + n.message); };
    s.on_notification = [&](tusk::wire::notification&& n) {
        heard.push_back(std::to_string(n.pid) + " " + n.channel + " " + n.payload);
    };
    receive(s, be::notice_response("a") + be::parameter_status("TimeZone", "UTC") +
                   be::notification_response(3, "ch", "p") + be::parse_complete() + be::notice_response("b"));
    tusk::wire::frame f;
    tusk::failure why;
    ASSERT_EQ(s.next(f, why), session::next_result::frame);
    EXPECT_EQ(f.type, '1');
    EXPECT_EQ(heard, (std::vector<std::string>{"notice a", "3 ch p"}));
    s.consume(f);
    EXPECT_EQ(s.next(f, why), session::next_result::need_input);
    EXPECT_EQ(heard.size(), 3U);
    EXPECT_TRUE(s.input.unread().empty());
}

TEST(session, works_without_anybody_listening) {
    session s;
    receive(s, be::notice_response("a") + be::notification_response(3, "ch", "p"));
    tusk::failure why;
    EXPECT_EQ(next(s, why), session::next_result::need_input);
    EXPECT_FALSE(why);
}

TEST(session, keeps_the_last_value_of_a_parameter) {
    session s;
    EXPECT_EQ(s.parameter("TimeZone"), "");
    receive(s, be::parameter_status("TimeZone", "UTC") + be::parameter_status("TimeZone", "Europe/Berlin") +
                   be::parameter_status("empty", ""));
    tusk::failure why;
    EXPECT_EQ(next(s, why), session::next_result::need_input);
    EXPECT_EQ(s.parameter("TimeZone"), "Europe/Berlin");
    EXPECT_EQ(s.parameter("empty"), "");
}

TEST(session, refuses_any_client_encoding_but_utf8) {
    for (const char* encoding : {"LATIN1", "SQL_ASCII", "utf8", ""}) {
        session s;
        receive(s, be::parameter_status("client_encoding", encoding));
        tusk::failure why;
        EXPECT_EQ(next(s, why), session::next_result::failed);
        EXPECT_EQ(why.code(), make_error_code(errc::protocol_violation));
        EXPECT_NE(why.message().find("client_encoding"), std::string::npos);
    }
}

TEST(session, refuses_lengths_that_cannot_be_before_their_bytes_arrive) {
    for (const std::int32_t length : {0, 3, -1, INT32_MIN, INT32_MAX}) {
        session s;
        receive(s, be::message('D', {}, length));
        tusk::failure why;
        EXPECT_EQ(next(s, why), session::next_result::failed) << length;
        EXPECT_EQ(why.code(), make_error_code(errc::protocol_violation));
    }
}

TEST(session, malformed_asynchronous_messages_are_violations) {
    for (const auto& bytes :
         {be::message('S', "TimeZone"), be::message('S', be::text("a") + be::text("b") + be::text("c")),
          be::message('N', "M"), be::message('A', "abc"), be::message('N', {})}) {
        session s;
        receive(s, bytes);
        tusk::failure why;
        EXPECT_EQ(next(s, why), session::next_result::failed);
        EXPECT_EQ(why.code(), make_error_code(errc::protocol_violation));
    }
}

TEST(session, counts_what_was_sent) {
    session s;
    s.output.put(std::string_view{"abcdef"});
    EXPECT_TRUE(s.output_pending());
    s.sent(2);
    EXPECT_EQ(as_string(s.pending_output()), "cdef");
    s.output.put(std::string_view{"gh"});
    EXPECT_EQ(as_string(s.pending_output()), "cdefgh");
    s.sent(6);
    EXPECT_FALSE(s.output_pending());
    EXPECT_EQ(s.output.size(), 0U) << "the buffer starts afresh";
    s.output.put(std::string_view{"x"});
    s.discard_output();
    EXPECT_FALSE(s.output_pending());
}

TEST(session, reset_leaves_nothing_of_one_server_for_the_next) {
    // CVE-2018-10915: libpq once carried state of a failed host over to the next.
    session s;
    s.output.put(std::string_view{"abc"});
    s.sent(1);
    receive(s, be::parameter_status("server_version", "9.0") + "rest");
    tusk::failure why;
    static_cast<void>(next(s, why));
    s.backend_pid = 3;
    s.cancel_key.resize(4);
    s.tls = true;
    s.channel_binding.resize(32);
    s.transaction = tusk::transaction_status::in_transaction;
    s.broken = true;
    tusk::protocol::statement_registry registry;
    s.statements.insert(registry.intern("select 1").text, nullptr, s.to_close);
    s.to_close.push_back(registry.intern("select 2").text);
    bool called = false;
    s.on_notice = [&](const tusk::server_error&) { called = true; };

    s.reset();
    EXPECT_FALSE(s.output_pending());
    EXPECT_TRUE(s.input.unread().empty());
    EXPECT_EQ(s.parameter("server_version"), "");
    EXPECT_EQ(s.backend_pid, 0);
    EXPECT_TRUE(s.cancel_key.empty());
    EXPECT_FALSE(s.tls);
    EXPECT_TRUE(s.channel_binding.empty());
    EXPECT_EQ(s.transaction, tusk::transaction_status::unknown);
    EXPECT_FALSE(s.broken);
    EXPECT_EQ(s.statements.size(), 0U);
    EXPECT_TRUE(s.to_close.empty());
    receive(s, be::notice_response("n"));
    static_cast<void>(next(s, why));
    EXPECT_TRUE(called) << "who listens stays";
}

} // namespace session_test
