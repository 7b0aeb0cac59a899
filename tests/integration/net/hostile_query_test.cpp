// Connections that die, servers that lie, deadlines and cancellation, after a good beginning.
#include "both_drivers.hpp"

using namespace net_test;
using tusk::errc;
using tusk::make_error_code;
using tusk::options;
using namespace tusk::literals;

namespace hostile_query_test {

class hostile_query : public driver_test {
protected:
    /// A statement must fail like this and in time, and leave the connection closed.
    void expect_broken(client& c, std::error_code code, std::string_view word) {
        const auto f = c.exec(options{}.timeout(4s), "select value");
        expect_in_time();
        EXPECT_EQ(f.code(), code) << f.message();
        EXPECT_NE(f.message().find(word), std::string::npos) << f.message();
        EXPECT_EQ(f.sql(), "select value");
        EXPECT_FALSE(c.is_open());
        const auto next = c.exec(options{}, "select value");
        EXPECT_EQ(next.code(), make_error_code(errc::connection_closed)) << next.message();
        EXPECT_EQ(next.retry(), tusk::retry_advice::safe);
    }
    void expect_value(client& c, const std::string& value) {
        const auto rows = c.all("select value");
        ASSERT_TRUE(rows) << rows.error().message();
        EXPECT_EQ(*rows, std::vector<std::string>{value});
    }
};
INSTANTIATE_TEST_SUITE_P(drivers, hostile_query, both_drivers,
                         [](const auto& tested) { return tested.param.name; });

server_script describes() { return server_script{}.let_in().expect_all("PDS").send(described()); }

TEST_P(hostile_query, a_friendly_server_answers) {
    scripted_server server{{describes()
                                .expect_all("BES")
                                .send_in_pieces(answered("one"), 1)
                                .expect_all("BES")
                                .send(answered("two"))
                                .wait_for_hang_up()}};
    {
        const auto c = connected(server);
        ASSERT_NE(c, nullptr);
        expect_value(*c, "one");
        expect_value(*c, "two");
    }
    EXPECT_EQ(server.problems(), "");
}

// ---- the connection ends
// --------------------------------------------------------------------------------------

TEST_P(hostile_query, a_hang_up_at_any_byte_of_the_answer) {
    const auto answer = answered("value");
    for (std::size_t n = 0; n < answer.size(); n += n < 8 ? 1 : 5) {
        SCOPED_TRACE(n);
        scripted_server server{{describes().expect_all("BES").send(answer.substr(0, n)).close()}};
        const auto c = connected(server);
        ASSERT_NE(c, nullptr);
        const auto rows = c->all("select value");
        ASSERT_FALSE(rows) << "half an answer was believed";
        EXPECT_EQ(rows.error().code(), make_error_code(errc::connection_lost)) << rows.error().message();
        EXPECT_EQ(rows.error().sent(), tusk::sent_state::complete);
        EXPECT_EQ(rows.error().retry(), tusk::retry_advice::if_idempotent);
        EXPECT_FALSE(c->is_open());
        expect_in_time();
    }
}

TEST_P(hostile_query, a_reset_in_the_middle) {
    scripted_server server{{describes().expect_all("BES").send(be::bind_complete()).reset()}};
    const auto c = connected(server);
    ASSERT_NE(c, nullptr);
    expect_broken(*c, make_error_code(errc::connection_lost), "connection");
}

TEST_P(hostile_query, a_fatal_error_while_idle_is_told_at_the_next_use) {
    scripted_server server{{server_script{}
                                .let_in()
                                .send(be::error_response(
                                    "57P01", "terminating connection due to administrator command", "FATAL"))
                                .close()}};
    const auto c = connected(server);
    ASSERT_NE(c, nullptr);
    ASSERT_TRUE(server.finished(0));
    expect_broken(*c, make_error_code("57P01"_sqlstate), "administrator");
}

TEST_P(hostile_query, a_fatal_error_while_idle_is_seen_without_a_round_trip) {
    scripted_server server{
        {server_script{}.let_in().send(be::error_response("57P01", "bye", "FATAL")).close()}};
    const auto c = connected(server);
    ASSERT_NE(c, nullptr);
    ASSERT_TRUE(server.finished(0));
    EXPECT_FALSE(c->looks_alive());
    EXPECT_FALSE(c->is_open());
    scripted_server quiet{{server_script{}.let_in().send(be::notice_response("hello")).wait_for_hang_up()}};
    const auto good = connected(quiet);
    ASSERT_NE(good, nullptr);
    EXPECT_TRUE(good->looks_alive()) << "a notice is no reason";
}

TEST_P(hostile_query, a_connection_reset_while_idle_has_sent_nothing) {
    scripted_server server{{server_script{}.let_in().stall().reset()}};
    const auto c = connected(server);
    ASSERT_NE(c, nullptr);
    server.release();
    ASSERT_TRUE(server.finished(0));
    const auto f = c->exec(options{}.timeout(4s), "select value");
    expect_in_time();
    EXPECT_EQ(f.code(), make_error_code(errc::connection_lost)) << f.message();
    EXPECT_EQ(f.sent(), tusk::sent_state::none) << "the kernel took not one byte";
    EXPECT_EQ(f.retry(), tusk::retry_advice::safe);
}

TEST_P(hostile_query, a_fatal_error_in_the_middle) {
    scripted_server server{{describes()
                                .expect_all("BES")
                                .send(be::bind_complete() + be::data_row({"x"}) +
                                      be::error_response("57P02", "crash of another server process", "FATAL"))
                                .close()}};
    const auto c = connected(server);
    ASSERT_NE(c, nullptr);
    expect_broken(*c, make_error_code("57P02"_sqlstate), "crash");
}

// ---- the server lies
// ------------------------------------------------------------------------------------------

TEST_P(hostile_query, messages_that_cannot_be) {
    const std::pair<std::string, const char*> cases[] = {
        {be::message('D', {}, INT32_MAX), "1 GiB"},
        {be::message('D', {}, -1), "length"},
        {be::message('2', {}, 0), "length"},
        {be::message('?', "x"), "'?'"},
        {be::ready_for_query(), "Execute"},
        {be::data_row({"x"}), "Execute"},
        {be::bind_complete() + be::message('Z', "I"), "Execute"},
        {be::bind_complete() + be::message('C', "x"), "malformed"}};
    for (const auto& [bytes, word] : cases) {
        SCOPED_TRACE(word);
        scripted_server server{{describes().expect_all("BES").send(bytes).wait_for_hang_up()}};
        const auto c = connected(server);
        ASSERT_NE(c, nullptr);
        expect_broken(*c, make_error_code(errc::protocol_violation), word);
    }
}

TEST_P(hostile_query, a_row_that_does_not_fit_its_description) {
    scripted_server server{{describes()
                                .expect_all("BES")
                                .send(be::bind_complete() + be::data_row({"a", "b"}) +
                                      be::command_complete("SELECT 1") + be::ready_for_query())
                                .wait_for_hang_up()}};
    const auto c = connected(server);
    ASSERT_NE(c, nullptr);
    const auto rows = c->all("select value");
    ASSERT_FALSE(rows);
    EXPECT_EQ(rows.error().code(), make_error_code(errc::protocol_violation)) << rows.error().message();
    EXPECT_FALSE(c->is_open());
    EXPECT_EQ(server.problems(), "");
}

// ---- what this side refuses
// -----------------------------------------------------------------------------------

TEST_P(hostile_query, a_nul_in_the_text_is_refused_and_in_an_argument_it_is_the_servers_error) {
    using namespace std::string_view_literals;
    scripted_server server{
        {server_script{}
             .let_in()
             .expect_all("PDS")
             .send(be::parse_complete() + be::parameter_description({25}) + be::no_data() +
                   be::ready_for_query())
             .expect_all("BES")
             .send(be::error_response("22021", "invalid byte sequence for encoding \"UTF8\": 0x00") +
                   be::ready_for_query())
             .expect_all("BES")
             .send(be::bind_complete() + be::command_complete("INSERT 0 1") + be::ready_for_query())
             .wait_for_hang_up()}};
    const auto c = connected(server);
    ASSERT_NE(c, nullptr);
    const auto in_text = c->exec(options{}, "select 'a\0b'"sv);
    EXPECT_EQ(in_text.code(), make_error_code(errc::invalid_argument)) << in_text.message();
    EXPECT_NE(in_text.message().find("NUL"), std::string::npos);
    EXPECT_EQ(in_text.sent(), tusk::sent_state::none);
    const auto in_argument = c->exec_with("insert into t values ($1)", "a\0b"sv);
    EXPECT_EQ(in_argument.code(), make_error_code("22021"_sqlstate)) << in_argument.message();
    const auto next = c->exec_with("insert into t values ($1)", "ab");
    EXPECT_FALSE(next) << next.message();
}

TEST_P(hostile_query, a_server_that_talks_before_it_listens_does_not_block_us) {
    // Both sides send more than the sockets hold: only a client that reads while it writes comes through.
    const std::string large(6'000'000, 'x');
    std::string talk;
    while (talk.size() < large.size()) talk += be::notice_response(std::string(1000, 'n'));
    scripted_server server{
        {server_script{}
             .let_in()
             .expect_all("PDS")
             .send(be::parse_complete() + be::parameter_description({25}) + be::no_data() +
                   be::ready_for_query())
             .send(talk)
             .expect('B', "the whole argument",
                     [&](const received_message& m) { return m.body.size() > large.size(); })
             .expect_all("ES")
             .send(be::bind_complete() + be::command_complete("INSERT 0 1") + be::ready_for_query())
             .wait_for_hang_up()}};
    {
        const auto c = connected(server);
        ASSERT_NE(c, nullptr);
        const auto f = c->exec_with("insert into t values ($1)", large);
        EXPECT_FALSE(f) << f.message();
    }
    EXPECT_EQ(server.problems(), "");
}

// ---- deadlines and cancellation
// -------------------------------------------------------------------------------

/// The connection that a CancelRequest comes on.
server_script cancelled_with(std::int32_t pid) {
    return server_script{}.expect(
        received_message::cancel_request, "process id and key",
        [pid](const received_message& m) { return m.body == be::number(pid) + "KEY!"; });
}

std::string obeyed() {
    return be::error_response("57014", "canceling statement due to user request") + be::ready_for_query();
}

TEST_P(hostile_query, a_deadline_cancels_at_the_server_and_keeps_the_connection) {
    scripted_server server{{server_script{}
                                .let_in(99)
                                .expect_all("PDS")
                                .send(described())
                                .expect_all("BES")
                                .stall()
                                .send(obeyed())
                                .expect('S')
                                .send(be::ready_for_query())
                                .expect_all("BES")
                                .send(answered("after"))
                                .wait_for_hang_up(),
                            cancelled_with(99).release()}};
    const auto c = connected(server);
    ASSERT_NE(c, nullptr);
    const auto f = c->exec(options{}.timeout(150ms), "select value");
    EXPECT_EQ(f.code(), make_error_code(errc::timeout)) << f.message();
    EXPECT_EQ(f.sent(), tusk::sent_state::complete);
    EXPECT_EQ(f.retry(), tusk::retry_advice::if_idempotent);
    ASSERT_TRUE(c->is_open());
    expect_value(*c, "after");
    expect_in_time();
}

TEST_P(hostile_query, an_answer_that_overtakes_the_cancel_request_counts) {
    scripted_server server{{server_script{}
                                .let_in(99)
                                .expect_all("PDS")
                                .send(described())
                                .expect_all("BES")
                                .stall()
                                .send(answered("late"))
                                .expect('S')
                                .send(be::ready_for_query())
                                .wait_for_hang_up(),
                            cancelled_with(99).release()}};
    const auto c = connected(server);
    ASSERT_NE(c, nullptr);
    const auto f = c->exec(options{}.timeout(150ms), "select value");
    EXPECT_FALSE(f) << f.message();
    EXPECT_TRUE(c->is_open());
}

TEST_P(hostile_query, a_server_that_does_not_obey_is_given_up_after_the_grace_time) {
    scripted_server server{{describes().expect_all("BES").wait_for_hang_up(), cancelled_with(4711)}};
    const auto c = connected(server);
    ASSERT_NE(c, nullptr);
    const auto f = c->exec(options{}.timeout(100ms), "select value");
    expect_in_time();
    EXPECT_EQ(f.code(), make_error_code(errc::timeout)) << f.message();
    EXPECT_FALSE(c->is_open());
    EXPECT_EQ(server.problems(), "");
}

TEST_P(hostile_query, a_cancel_connection_that_never_ends_is_given_up_after_the_grace_time) {
    scripted_server server{{describes().expect_all("BES").send(obeyed()).wait_for_hang_up(),
                            server_script{}.expect(received_message::cancel_request).stall()}};
    const auto c = connected(server);
    ASSERT_NE(c, nullptr);
    // The error 57014 comes of the server's own accord: no cancelling yet.
    EXPECT_EQ(c->exec(options{}.timeout(4s), "select value").code(), make_error_code("57014"_sqlstate));
    const auto f = c->exec(options{}.timeout(100ms), "select value");
    expect_in_time();
    EXPECT_EQ(f.code(), make_error_code(errc::timeout)) << f.message();
    EXPECT_FALSE(c->is_open()) << "a cancel that is still under way could hit the next statement";
}

TEST_P(hostile_query, a_server_without_cancel_keys_is_given_up_at_once) {
    scripted_server server{{server_script{}
                                .expect(received_message::startup)
                                .send(be::authentication_ok() + be::ready_for_query())
                                .expect_all("PDS")
                                .wait_for_hang_up()}};
    const auto c = connected(server);
    ASSERT_NE(c, nullptr);
    const auto f = c->exec(options{}.timeout(100ms), "select value");
    expect_in_time();
    EXPECT_EQ(f.code(), make_error_code(errc::timeout));
    EXPECT_FALSE(c->is_open());
}

} // namespace hostile_query_test
