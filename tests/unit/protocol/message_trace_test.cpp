// Every message is shown, in both directions, and nothing of a value or a secret.
#include "algo_test.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include <tusk/protocol/message_trace.hpp>
#include <tusk/wire/frontend.hpp>

using namespace algo;
using tusk::protocol::session;

namespace message_trace_test {

/// A session whose messages are kept as lines.
class traced {
public:
    traced() {
        s.on_message = [this](const tusk::traced_message& m) { lines.push_back(to_string(m)); };
    }
    void receive(std::string_view bytes) {
        const auto space = s.input.prepare();
        ASSERT_GE(space.size(), bytes.size());
        std::memcpy(space.data(), bytes.data(), bytes.size());
        s.input.commit(bytes.size());
        tusk::wire::frame f;
        tusk::failure why;
        while (s.next(f, why) == session::next_result::frame) s.consume(f);
    }
    session s;
    std::vector<std::string> lines;
};

using lines = std::vector<std::string>;

TEST(message_trace, shows_what_is_sent_without_the_arguments) {
    traced t;
    ASSERT_FALSE(tusk::wire::write_parse(t.s.output, "s1", "select $1::text\n as x", {}));
    const std::int16_t text[] = {0};
    std::string value{"\0\0\0\6secret", 10};
    ASSERT_FALSE(tusk::wire::write_bind(t.s.output, "", "s1", {text, std::as_bytes(std::span{value})}, {}));
    ASSERT_FALSE(tusk::wire::write_execute(t.s.output, "", 10));
    t.s.show_output();
    tusk::wire::write_sync(t.s.output);
    t.s.show_output();
    t.s.show_output(); // nothing is shown twice
    const auto head = [](const std::string& line) { return line.substr(0, line.find(' ', 2)); };
    ASSERT_EQ(t.lines.size(), 4U);
    EXPECT_EQ(head(t.lines[0]), "> Parse");
    EXPECT_NE(t.lines[0].find("statement \"s1\", select $1::text  as x"), std::string::npos) << t.lines[0];
    EXPECT_NE(t.lines[1].find("> Bind 27 statement \"s1\", 1 argument"), std::string::npos) << t.lines[1];
    EXPECT_NE(t.lines[2].find("10 rows at most"), std::string::npos) << t.lines[2];
    EXPECT_EQ(t.lines[3], "> Sync 5");
    for (const auto& line : t.lines) EXPECT_EQ(line.find("secret"), std::string::npos) << line;
    t.s.sent(t.s.pending_output().size());
    tusk::wire::write_terminate(t.s.output); // from the start of the buffer again
    t.s.show_output();
    EXPECT_EQ(t.lines.back(), "> Terminate 5");
}

TEST(message_trace, shows_what_comes_without_the_values) {
    traced t;
    t.receive(be::parameter_status("TimeZone", "UTC") + be::data_row({"secret", "two"}) +
              be::command_complete("SELECT 1") + be::ready_for_query('T'));
    EXPECT_EQ(t.lines, (lines{"< ParameterStatus 18 TimeZone = UTC", "< DataRow 24 2 values",
                              "< CommandComplete 14 SELECT 1", "< ReadyForQuery 6 T"}));
}

TEST(message_trace, shows_no_password) {
    traced t;
    const std::pair<std::string, std::string> user[] = {{"user", "ann"}};
    ASSERT_FALSE(tusk::wire::write_startup(t.s.output, 0, user));
    ASSERT_FALSE(tusk::wire::write_query(t.s.output, "alter role ann PassWord 'hunter2'"));
    ASSERT_FALSE(tusk::wire::write_password(t.s.output, "hunter2"));
    t.s.show_output();
    ASSERT_EQ(t.lines.size(), 3U);
    EXPECT_EQ(t.lines[0].substr(0, 9), "> Startup");
    EXPECT_NE(t.lines[0].find("protocol 3.0"), std::string::npos) << t.lines[0];
    EXPECT_EQ(t.lines[2], "> Password 13");
    for (const auto& line : t.lines) EXPECT_EQ(line.find("hunter2"), std::string::npos) << line;
}

TEST(message_trace, bodies_that_are_cut_short_are_shown_as_far_as_they_go) {
    for (int type = 0; type < 128; ++type)
        for (std::size_t n = 0; n < 12; ++n) {
            const std::vector<std::byte> body(n, std::byte{'a'});
            EXPECT_FALSE(to_string(tusk::protocol::trace_sent(static_cast<char>(type), body)).empty());
            EXPECT_FALSE(to_string(tusk::protocol::trace_received(static_cast<char>(type), body)).empty());
        }
}

} // namespace message_trace_test
