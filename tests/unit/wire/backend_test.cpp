// Frames and bodies of the server's messages: exactly such a message, or refused.
#include <tusk/testing/scripted_server.hpp> // the builders of messages
#include <tusk/wire/backend.hpp>

#include <gtest/gtest.h>

using namespace tusk::wire;
using namespace std::string_view_literals;
namespace be = tusk::testing::backend;

namespace backend_test {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span{text}); }
std::span<const std::byte> body_of(const std::string& message) { return bytes_of(message).subspan(5); }

/// No body that is a little shorter, longer or empty passes.
template <class Parse>
void refuses_other_lengths(const std::string& message, Parse parse) {
    const auto body = message.substr(5);
    EXPECT_TRUE(parse(bytes_of(body)));
    for (std::size_t n = 0; n < body.size(); ++n)
        EXPECT_FALSE(parse(bytes_of(std::string_view{body}.substr(0, n)))) << n;
    EXPECT_FALSE(parse(bytes_of(body + 'x')));
    EXPECT_FALSE(parse(bytes_of(body + '\0')));
}

TEST(frames, are_found_when_they_are_whole) {
    const auto two = be::command_complete("SELECT 1") + be::ready_for_query();
    frame f;
    for (std::size_t n = 0; n < be::command_complete("SELECT 1").size(); ++n)
        EXPECT_EQ(next_frame(bytes_of(std::string_view{two}.substr(0, n)), f), frame_status::incomplete);
    ASSERT_EQ(next_frame(bytes_of(two), f), frame_status::ok);
    EXPECT_EQ(f.type, 'C');
    EXPECT_EQ(f.body.size(), 9U);
    ASSERT_EQ(next_frame(bytes_of(two).subspan(f.size()), f), frame_status::ok);
    EXPECT_EQ(f.type, 'Z');
}

TEST(frames, with_impossible_lengths_are_recognised_by_their_header) {
    frame f;
    for (const std::int32_t length : {INT32_MIN, -1, 0, 1, 2, 3})
        EXPECT_EQ(next_frame(bytes_of(be::message('D', {}, length)), f), frame_status::too_short) << length;
    EXPECT_EQ(next_frame(bytes_of(be::message('D', {}, 4)), f), frame_status::ok);
    EXPECT_EQ(next_frame(bytes_of(be::message('D', {}, 0x3fffffff)), f), frame_status::incomplete);
    for (const std::int32_t length : {0x40000004, INT32_MAX})
        EXPECT_EQ(next_frame(bytes_of(be::message('D', {}, length)), f), frame_status::too_long) << length;
}

TEST(row_descriptions, have_every_field_of_every_column) {
    std::vector<column_description> columns;
    const auto message = be::row_description({{"id", 23, 1}, {"name", 25, 0}, {"", 4294967295U, 0}});
    ASSERT_TRUE(parse_row_description(body_of(message), columns));
    ASSERT_EQ(columns.size(), 3U);
    EXPECT_EQ(columns[0].name, "id");
    EXPECT_EQ(columns[0].type_oid, 23U);
    EXPECT_EQ(columns[0].format, 1);
    EXPECT_EQ(columns[1].type_modifier, -1);
    EXPECT_EQ(columns[2].type_oid, 4294967295U);
    refuses_other_lengths(message, [&](auto body) { return parse_row_description(body, columns); });
    refuses_other_lengths(be::row_description({}),
                          [&](auto body) { return parse_row_description(body, columns); });
}

TEST(row_descriptions, do_not_reserve_for_columns_that_cannot_be_there) {
    std::vector<column_description> columns;
    EXPECT_FALSE(parse_row_description(bytes_of("\xff\xff"sv), columns));
    EXPECT_FALSE(parse_row_description(bytes_of("\xff\xff" + std::string(100, '\0')), columns));
    EXPECT_LE(columns.capacity(), 5U);
    EXPECT_FALSE(parse_row_description(body_of(be::row_description({{"a", 25, 2}})), columns))
        << "no such format";
    EXPECT_FALSE(parse_row_description(body_of(be::row_description({{"a", 25, -1}})), columns));
}

TEST(parameter_descriptions, list_the_types) {
    std::vector<std::uint32_t> oids;
    ASSERT_TRUE(parse_parameter_description(body_of(be::parameter_description({23, 4294967295U})), oids));
    EXPECT_EQ(oids, (std::vector<std::uint32_t>{23, 4294967295U}));
    refuses_other_lengths(be::parameter_description({23, 25}),
                          [&](auto body) { return parse_parameter_description(body, oids); });
    const std::vector<std::uint32_t> most(65535, 23);
    EXPECT_TRUE(parse_parameter_description(body_of(be::parameter_description(most)), oids));
    EXPECT_EQ(oids.size(), 65535U);
}

TEST(command_tags, may_end_with_a_number_of_rows) {
    struct row {
        const char* text;
        const char* command;
        std::uint64_t rows;
        bool has_rows;
    };
    constexpr row rows[] = {{"SELECT 5", "SELECT", 5, true},
                            {"INSERT 0 7", "INSERT", 7, true},
                            {"COPY 18446744073709551615", "COPY", UINT64_MAX, true},
                            {"COPY 18446744073709551616", "COPY", 0, false},
                            {"CREATE TABLE", "CREATE", 0, false},
                            {"BEGIN", "BEGIN", 0, false},
                            {"UPDATE -1", "UPDATE", 0, false},
                            {"UPDATE 5x", "UPDATE", 0, false},
                            {"UPDATE ", "UPDATE", 0, false},
                            {"", "", 0, false}};
    for (const auto& r : rows) {
        const auto message = be::command_complete(r.text);
        command_tag tag;
        ASSERT_TRUE(parse_command_complete(body_of(message), tag)) << r.text;
        EXPECT_EQ(tag.text, r.text);
        EXPECT_EQ(tag.command(), r.command);
        EXPECT_EQ(tag.rows, r.rows) << r.text;
        EXPECT_EQ(tag.has_rows, r.has_rows) << r.text;
    }
    command_tag tag;
    refuses_other_lengths(be::command_complete("SELECT 1"),
                          [&](auto body) { return parse_command_complete(body, tag); });
}

TEST(small_messages, are_exactly_what_they_are) {
    std::string_view name;
    std::string_view value;
    refuses_other_lengths(be::parameter_status("a", "bc"),
                          [&](auto body) { return parse_parameter_status(body, name, value); });
    const auto status = be::parameter_status("a", "bc");
    ASSERT_TRUE(parse_parameter_status(body_of(status), name, value));
    EXPECT_EQ(name, "a");
    EXPECT_EQ(value, "bc");

    tusk::transaction_status tx{};
    for (int c = 0; c < 256; ++c)
        EXPECT_EQ(parse_ready_for_query(bytes_of(std::string(1, static_cast<char>(c))), tx),
                  c == 'I' || c == 'T' || c == 'E');
    refuses_other_lengths(be::ready_for_query('T'),
                          [&](auto body) { return parse_ready_for_query(body, tx); });

    notification n;
    refuses_other_lengths(be::notification_response(5, "channel", "payload"),
                          [&](auto body) { return parse_notification(body, n); });
    const auto message = be::notification_response(-7, "channel", "");
    ASSERT_TRUE(parse_notification(body_of(message), n));
    EXPECT_EQ(n.pid, -7);
    EXPECT_EQ(n.channel, "channel");
    EXPECT_EQ(n.payload, "");
}

TEST(error_fields, all_reach_their_place) {
    const auto message = be::error_response({{'S', "FEHLER"},
                                             {'V', "ERROR"},
                                             {'C', "23505"},
                                             {'M', "message"},
                                             {'D', "detail"},
                                             {'H', "hint"},
                                             {'P', "12"},
                                             {'p', "3"},
                                             {'q', "select 1"},
                                             {'W', "where"},
                                             {'s', "schema"},
                                             {'t', "table"},
                                             {'c', "column"},
                                             {'d', "type"},
                                             {'n', "constraint"},
                                             {'F', "file.c"},
                                             {'L', "99"},
                                             {'R', "routine"},
                                             {'?', "new"}});
    tusk::server_error e;
    ASSERT_TRUE(parse_error(body_of(message), e));
    EXPECT_EQ(e.severity, "ERROR");
    EXPECT_EQ(e.sqlstate, "23505");
    EXPECT_EQ(e.message, "message");
    EXPECT_EQ(e.detail, "detail");
    EXPECT_EQ(e.hint, "hint");
    EXPECT_EQ(e.position, 12);
    EXPECT_EQ(e.internal_position, 3);
    EXPECT_EQ(e.internal_query, "select 1");
    EXPECT_EQ(e.where, "where");
    EXPECT_EQ(e.schema, "schema");
    EXPECT_EQ(e.table, "table");
    EXPECT_EQ(e.column, "column");
    EXPECT_EQ(e.data_type, "type");
    EXPECT_EQ(e.constraint, "constraint");
    EXPECT_EQ(e.file, "file.c");
    EXPECT_EQ(e.line, 99);
    EXPECT_EQ(e.routine, "routine");
    EXPECT_FALSE(e.is_fatal());
    refuses_other_lengths(message, [&](auto body) {
        tusk::server_error ignored;
        return parse_error(body, ignored);
    });
}

TEST(error_fields, may_be_missing_or_nonsense) {
    tusk::server_error e;
    ASSERT_TRUE(parse_error(body_of(be::error_response({})), e));
    EXPECT_EQ(e.severity, "");
    ASSERT_TRUE(parse_error(body_of(be::error_response({{'S', "FATAL"}})), e));
    EXPECT_TRUE(e.is_fatal()) << "old servers send the localised severity only";
    ASSERT_TRUE(parse_error(body_of(be::error_response({{'P', "x"}, {'L', "99999999999"}, {'p', ""}})), e));
    EXPECT_EQ(e.position, 0);
    EXPECT_EQ(e.line, 0);
    ASSERT_TRUE(parse_error(body_of(be::error_response({{'M', "first"}, {'M', "second"}})), e));
    EXPECT_EQ(e.message, "second");
    EXPECT_FALSE(parse_error({}, e)) << "the terminator is missing";
}

TEST(data_rows, hold_exactly_the_announced_values) {
    const auto message = be::data_row({"abc", std::nullopt, ""});
    EXPECT_TRUE(validate_data_row(body_of(message), 3));
    EXPECT_FALSE(validate_data_row(body_of(message), 2));
    EXPECT_FALSE(validate_data_row(body_of(message), 4));
    refuses_other_lengths(message, [&](auto body) { return validate_data_row(body, 3); });
    EXPECT_TRUE(validate_data_row(body_of(be::data_row({})), 0));
    for (const std::int32_t size : {-2, INT32_MIN, 1, INT32_MAX}) {
        const auto body = be::number(std::uint16_t{1}) + be::number(size);
        EXPECT_FALSE(validate_data_row(bytes_of(body), 1)) << size; // CVE-2026-32286
    }
}

TEST(copy_responses, have_a_format_for_the_whole_and_for_each_column) {
    copy_response r;
    const auto text = be::copy_response('G', 2);
    ASSERT_TRUE(parse_copy_response(body_of(text), r));
    EXPECT_FALSE(r.binary);
    EXPECT_EQ(r.columns, 2U);
    refuses_other_lengths(text, [&](auto body) { return parse_copy_response(body, r); });
    ASSERT_TRUE(parse_copy_response(bytes_of("\1\0\1\0\1"sv), r));
    EXPECT_TRUE(r.binary);
    ASSERT_TRUE(parse_copy_response(bytes_of("\1\0\0"sv), r));
    EXPECT_EQ(r.columns, 0U);
    for (const auto wrong : {"\2\0\0"sv, "\xff\0\0"sv, "\0\0\1\0\2"sv, "\0\0\1\xff\xff"sv})
        EXPECT_FALSE(parse_copy_response(bytes_of(wrong), r));
}

} // namespace backend_test
