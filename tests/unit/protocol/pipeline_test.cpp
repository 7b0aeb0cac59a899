// The walk through the expected answers: order, groups, simple queries, and everything that does not belong
// there.
#include "algo_test.hpp"

#include <gtest/gtest.h>

#include <cstring>

using namespace algo;
using tusk::errc;
using tusk::make_error_code;
using tusk::protocol::pipeline;
using tusk::protocol::session;
using namespace tusk::literals;

namespace pipeline_test {

using progress = pipeline::progress;

/// A session that has received these bytes.
class receiving {
public:
    explicit receiving(const std::string& bytes) { add(bytes); }
    void add(std::string_view bytes) {
        while (!bytes.empty()) {
            const auto space = s.input.prepare();
            const auto n = std::min(space.size(), bytes.size());
            std::memcpy(space.data(), bytes.data(), n);
            s.input.commit(n);
            bytes.remove_prefix(n);
        }
    }
    session s;
};

std::string one_row() { return be::bind_complete() + be::data_row({"1"}) + be::command_complete("SELECT 1"); }

TEST(pipeline, walks_several_groups_in_one_go) {
    recording_sink first;
    recording_sink second;
    pipeline p;
    p.expect_execute(first);
    p.expect_sync();
    p.expect_close();
    p.expect_execute(second);
    p.expect_sync();
    receiving r{one_row() + be::ready_for_query() + be::close_complete() + one_row() +
                be::ready_for_query('T')};
    EXPECT_EQ(p.advance(r.s), progress::finished);
    EXPECT_TRUE(p.answered());
    EXPECT_EQ(first.rows.size(), 1U);
    EXPECT_EQ(second.rows.size(), 1U);
    EXPECT_EQ(r.s.transaction, tusk::transaction_status::in_transaction);
}

TEST(pipeline, rows_in_a_row_are_counted_wherever_they_are_cut_and_whatever_comes_between) {
    const auto notice = be::parameter_status("TimeZone", "UTC");
    const auto all = be::bind_complete() + be::data_row({"1"}) + be::data_row({"2"}) + notice +
                     be::data_row({"3"}) + be::data_row({"4"}) + be::command_complete("SELECT 4") +
                     be::ready_for_query();
    for (std::size_t cut = 0; cut <= all.size(); ++cut) {
        recording_sink sink;
        pipeline p;
        p.expect_execute(sink);
        p.expect_sync();
        receiving r{all.substr(0, cut)};
        if (cut < all.size()) {
            ASSERT_EQ(p.advance(r.s), progress::need_input) << cut;
            r.add(all.substr(cut));
        }
        ASSERT_EQ(p.advance(r.s), progress::finished) << cut;
        EXPECT_EQ(sink.rows, (std::vector<std::string>{"1", "2", "3", "4"}));
        EXPECT_EQ(r.s.parameter("TimeZone"), "UTC");
    }
}

TEST(pipeline, a_sink_that_pauses_gets_one_of_several_received_rows_at_a_time) {
    recording_sink sink;
    sink.pausing = true;
    pipeline p;
    p.expect_execute(sink);
    p.expect_sync();
    receiving r{be::bind_complete() + be::data_row({"1"}) + be::data_row({"2"}) + be::data_row({"3"}) +
                be::command_complete("SELECT 3") + be::ready_for_query()};
    for (std::size_t rows = 1; rows <= 3; ++rows) {
        ASSERT_EQ(p.advance(r.s), progress::paused);
        EXPECT_EQ(sink.rows.size(), rows);
    }
    EXPECT_EQ(p.advance(r.s), progress::finished);
}

TEST(pipeline, an_error_skips_the_rest_of_its_group_only) {
    recording_sink failed;
    recording_sink skipped;
    recording_sink good;
    pipeline p;
    p.expect_execute(failed);
    p.expect_execute(skipped);
    p.expect_sync();
    p.expect_execute(good);
    p.expect_sync();
    receiving r{be::bind_complete() + be::error_response("22012", "division by zero") +
                be::ready_for_query() + one_row() + be::ready_for_query()};
    EXPECT_EQ(p.advance(r.s), progress::finished);
    EXPECT_EQ(p.error().code(), make_error_code("22012"_sqlstate));
    EXPECT_TRUE(skipped.tags.empty());
    EXPECT_EQ(good.rows.size(), 1U);
    EXPECT_TRUE(p.take_error());
    EXPECT_FALSE(p.take_error());
}

TEST(pipeline, keeps_the_first_of_several_errors) {
    recording_sink sink;
    pipeline p;
    p.expect_execute(sink);
    p.expect_sync();
    receiving r{be::error_response("22012", "first") + be::error_response("XX000", "second") +
                be::ready_for_query()};
    EXPECT_EQ(p.advance(r.s), progress::finished);
    EXPECT_EQ(p.error().text(), "first");
}

TEST(pipeline, is_reusable_once_finished) {
    recording_sink sink;
    pipeline p;
    for (int i = 0; i < 3; ++i) {
        p.expect_execute(sink);
        p.expect_sync();
        EXPECT_FALSE(p.answered());
        receiving r{one_row() + be::ready_for_query()};
        EXPECT_EQ(p.advance(r.s), progress::finished);
    }
    EXPECT_EQ(sink.rows.size(), 3U);
}

TEST(pipeline, leaves_what_follows_the_last_answer_for_later) {
    recording_sink sink;
    pipeline p;
    p.expect_execute(sink);
    p.expect_sync();
    const auto fatal = be::error_response("57P01", "terminating", "FATAL");
    receiving r{one_row() + be::ready_for_query() + fatal};
    EXPECT_EQ(p.advance(r.s), progress::finished);
    EXPECT_FALSE(r.s.broken);
    EXPECT_EQ(r.s.input.unread().size(), fatal.size());
}

// ---- simple queries
// -------------------------------------------------------------------------------------------

TEST(pipeline_simple, takes_any_number_of_results) {
    recording_sink sink;
    pipeline p;
    p.expect_simple(sink);
    receiving r{be::row_description({{"a"}}) + be::data_row({"1"}) + be::command_complete("SELECT 1") +
                be::command_complete("UPDATE 2") + be::empty_query_response() +
                be::row_description({{"a"}, {"b"}}) + be::command_complete("SELECT 0") +
                be::ready_for_query()};
    EXPECT_EQ(p.advance(r.s), progress::finished);
    EXPECT_EQ(sink.columns, (std::vector<std::size_t>{1, 2}));
    EXPECT_EQ(sink.tags, (std::vector<std::string>{"SELECT 1", "UPDATE 2", "", "SELECT 0"}));
}

TEST(pipeline_simple, reports_an_error_in_the_middle) {
    recording_sink sink;
    pipeline p;
    p.expect_simple(sink);
    receiving r{be::command_complete("UPDATE 2") + be::error_response("42P01", "no table") +
                be::ready_for_query()};
    EXPECT_EQ(p.advance(r.s), progress::finished);
    EXPECT_EQ(p.error().code(), make_error_code("42P01"_sqlstate));
    EXPECT_EQ(sink.tags, std::vector<std::string>{"UPDATE 2"});
}

TEST(pipeline_simple, ends_a_copy_that_nobody_feeds) {
    recording_sink sink;
    pipeline p;
    p.expect_simple(sink);
    receiving r{be::copy_response('G')};
    EXPECT_EQ(p.advance(r.s), progress::need_input);
    EXPECT_EQ(frontend_names(as_string(r.s.pending_output())), "CopyFail") << "a simple query needs no Sync";
    r.add(be::error_response("57014", "COPY from stdin failed") + be::ready_for_query());
    EXPECT_EQ(p.advance(r.s), progress::finished);
    EXPECT_EQ(p.error().code(), make_error_code(errc::invalid_argument));
    EXPECT_FALSE(r.s.broken);
}

TEST(pipeline_simple, refuses_rows_before_their_columns) {
    recording_sink sink;
    pipeline p;
    p.expect_simple(sink);
    receiving r{be::data_row({"1"})};
    EXPECT_EQ(p.advance(r.s), progress::broken);
    EXPECT_TRUE(sink.rows.empty());
}

// ---- what does not belong there
// -------------------------------------------------------------------------------

struct expected_step {
    const char* name;
    std::string allowed; ///< Types that the step accepts; asynchronous ones and errors are always accepted.
    void (*add)(pipeline&, recording_sink&, pipeline::described&);
};

const std::vector<expected_step> steps{
    {"Parse", "1", [](pipeline& p, recording_sink&, pipeline::described&) { p.expect_parse(); }},
    {"Describe", "tTn", [](pipeline& p, recording_sink&, pipeline::described& d) { p.expect_describe(d); }},
    {"Execute", "2", [](pipeline& p, recording_sink& s, pipeline::described&) { p.expect_execute(s); }},
    {"Close", "3", [](pipeline& p, recording_sink&, pipeline::described&) { p.expect_close(); }},
    {"Sync", "Z", [](pipeline& p, recording_sink&, pipeline::described&) { p.expect_sync(); }},
    {"Query", "TCIGHdcZ", [](pipeline& p, recording_sink& s, pipeline::described&) { p.expect_simple(s); }},
};

std::string sample_of(char type) {
    switch (type) {
    case 'C': return be::command_complete("SELECT 1");
    case 'D': return be::data_row({"1"});
    case 'G':
    case 'H':
    case 'W': return be::copy_response(type);
    case 'K': return be::backend_key_data(1);
    case 'R': return be::authentication_ok();
    case 'T': return be::row_description({{"a"}});
    case 'Z': return be::ready_for_query();
    case 't': return be::parameter_description({});
    default: return be::message(type, {});
    }
}

TEST(pipeline_violations, every_message_that_a_step_does_not_expect_breaks_the_connection) {
    for (const auto& step : steps)
        for (int code = 0; code < 256; ++code) {
            const char type = static_cast<char>(code);
            if (std::string_view{"ENSA"}.find(type) != std::string_view::npos ||
                step.allowed.find(type) != std::string::npos)
                continue;
            SCOPED_TRACE(std::string{step.name} + " and message type " + std::to_string(code));
            recording_sink sink;
            pipeline::described d;
            pipeline p;
            step.add(p, sink, d);
            p.expect_sync();
            receiving r{sample_of(type)};
            ASSERT_EQ(p.advance(r.s), progress::broken);
            EXPECT_TRUE(r.s.broken);
            EXPECT_EQ(p.error().code(), make_error_code(errc::protocol_violation));
            EXPECT_NE(p.error().message().find(step.name), std::string::npos) << p.error().message();
            EXPECT_TRUE(sink.rows.empty());
        }
}

TEST(pipeline_violations, rows_before_bind_complete_and_a_second_bind_complete) {
    for (const auto& bytes :
         {be::data_row({"1"}), be::command_complete("SELECT 1"), be::bind_complete() + be::bind_complete(),
          be::bind_complete() + be::row_description({{"a"}}), be::bind_complete() + be::ready_for_query(),
          be::bind_complete() + be::message('s', {})}) {
        recording_sink sink;
        pipeline p;
        p.expect_execute(sink);
        p.expect_sync();
        receiving r{bytes};
        EXPECT_EQ(p.advance(r.s), progress::broken);
        EXPECT_EQ(p.error().code(), make_error_code(errc::protocol_violation));
    }
}

TEST(pipeline_violations, malformed_bodies) {
    const std::vector<std::pair<std::string, void (*)(pipeline&, recording_sink&, pipeline::described&)>>
        cases{
            {be::message('Z', "X"), steps[4].add},
            {be::message('Z', ""), steps[4].add},
            {be::message('Z', "II"), steps[4].add},
            {be::message('T', "\x01"), steps[1].add},
            {be::message('T', be::number(std::uint16_t{65535})), steps[1].add},
            {be::message('t', be::number(std::uint16_t{2}) + be::number(std::uint32_t{23})), steps[1].add},
            {be::message('t', be::number(std::uint16_t{0}) + "x"), steps[1].add},
            {be::message('C', "SELECT 1"), steps[5].add},
            {be::message('C', be::text("SELECT") + be::text("1")), steps[5].add},
            {be::message('E', "SERROR"), steps[5].add},
            {be::message('N', "M"), steps[5].add},
            {be::message('S', be::text("TimeZone")), steps[5].add},
            {be::message('A', be::number(std::int16_t{1})), steps[5].add},
        };
    for (const auto& [bytes, add] : cases) {
        SCOPED_TRACE(bytes.substr(0, 1) + " of " + std::to_string(bytes.size()) + " bytes");
        recording_sink sink;
        pipeline::described d;
        pipeline p;
        add(p, sink, d);
        p.expect_sync();
        receiving r{bytes};
        EXPECT_EQ(p.advance(r.s), progress::broken);
        EXPECT_TRUE(r.s.broken);
        EXPECT_EQ(p.error().code(), make_error_code(errc::protocol_violation));
        EXPECT_NE(p.error().message().find("malformed"), std::string::npos) << p.error().message();
    }
}

TEST(pipeline_violations, impossible_lengths) {
    for (const std::int32_t length : {0, 1, 2, 3, -1, INT32_MIN, INT32_MAX, 0x40000004}) {
        recording_sink sink;
        pipeline p;
        p.expect_execute(sink);
        receiving r{be::message('2', {}, length)};
        EXPECT_EQ(p.advance(r.s), progress::broken) << length;
        EXPECT_EQ(p.error().code(), make_error_code(errc::protocol_violation));
        EXPECT_TRUE(r.s.broken);
        EXPECT_LE(r.s.input.capacity(), tusk::wire::read_buffer::initial_capacity);
    }
}

TEST(pipeline_violations, an_error_without_sqlstate_is_still_an_error) {
    // PgBouncer's CVE-2026-6666: a client must not fall over a missing field.
    recording_sink sink;
    pipeline p;
    p.expect_execute(sink);
    p.expect_sync();
    receiving r{be::error_response({{'M', "no code"}}) + be::ready_for_query()};
    EXPECT_EQ(p.advance(r.s), progress::finished);
    EXPECT_EQ(p.error().code(), make_error_code(errc::protocol_violation));
    EXPECT_EQ(p.error().text(), "no code");
}

/// Whether the answer of one Execute, or of a simple query, is taken.
bool is_believed(const std::string& answer, bool simple) {
    recording_sink sink;
    pipeline p;
    if (simple)
        p.expect_simple(sink);
    else
        p.expect_execute(sink);
    if (!simple) p.expect_sync();
    receiving r{answer + be::ready_for_query()};
    const auto result = p.advance(r.s);
    EXPECT_EQ(result == progress::broken, r.s.broken);
    return result == progress::finished;
}

TEST(pipeline_violations, a_select_that_counts_other_rows_than_came) {
    const auto row = be::data_row({"1"});
    for (const int rows : {1, 2, 3}) {
        const bool right = rows == 2;
        const auto tag = be::command_complete("SELECT " + std::to_string(rows));
        EXPECT_EQ(is_believed(be::bind_complete() + row + row + tag, false), right) << rows;
        EXPECT_EQ(is_believed(be::row_description({{"n"}}) + row + row + tag, true), right) << rows;
    }
    EXPECT_FALSE(is_believed(be::row_description({{"n"}}) + be::command_complete("SELECT 1"), true));
    // These count what they did, not what they return.
    for (const char* tag : {"SELECT", "INSERT 0 7", "UPDATE 7", "FETCH 7"})
        EXPECT_TRUE(is_believed(be::bind_complete() + row + be::command_complete(tag), false)) << tag;
    EXPECT_TRUE(is_believed(be::bind_complete() + be::command_complete("SELECT 5"), false))
        << "CREATE TABLE AS";
    EXPECT_TRUE(is_believed(be::command_complete("SELECT 5"), true)) << "CREATE TABLE AS";
}

TEST(pipeline_violations, ready_for_query_without_an_answer) {
    EXPECT_FALSE(is_believed("", true));
    EXPECT_FALSE(is_believed(be::row_description({{"n"}}), true));
    EXPECT_TRUE(is_believed(be::empty_query_response(), true));
    EXPECT_TRUE(is_believed(be::error_response("42601", "no"), true));
    EXPECT_TRUE(is_believed(be::command_complete("BEGIN"), true));
}

TEST(pipeline_violations, bodies_where_there_are_none) {
    EXPECT_FALSE(is_believed(be::message('2', "x") + be::command_complete("SELECT"), false));
    EXPECT_FALSE(is_believed(be::message('I', "x"), true));
}

TEST(pipeline_violations, truncated_at_any_byte_nothing_is_believed) {
    const auto whole = one_row() + be::ready_for_query();
    for (std::size_t n = 0; n < whole.size(); ++n) {
        recording_sink sink;
        pipeline p;
        p.expect_execute(sink);
        p.expect_sync();
        receiving r{whole.substr(0, n)};
        EXPECT_EQ(p.advance(r.s), progress::need_input);
        EXPECT_FALSE(p.finished());
        EXPECT_FALSE(r.s.broken);
    }
}

TEST(pipeline_violations, one_changed_byte_never_leads_outside_the_rules) {
    // Every byte of an answer replaced by every value of a small set: finished, waiting or broken, nothing
    // else; and what is broken says why.
    const auto whole =
        be::parse_complete() + query_fixture::description() + one_row() + be::ready_for_query();
    for (std::size_t at = 0; at < whole.size(); ++at)
        for (const char value : {'\0', '\1', '\xff', 'Z', 'E', '\x7f'}) {
            auto bytes = whole;
            bytes[at] = value;
            recording_sink sink;
            pipeline::described d;
            pipeline p;
            p.expect_parse();
            p.expect_describe(d);
            p.expect_execute(sink, &d);
            p.expect_sync();
            receiving r{bytes};
            const auto result = p.advance(r.s);
            EXPECT_EQ(result == progress::broken, r.s.broken);
            EXPECT_EQ(result == progress::broken, static_cast<bool>(p.error()) && r.s.broken);
            EXPECT_LE(r.s.input.capacity(), tusk::wire::read_buffer::initial_capacity);
        }
}

// ---- descriptions
// ---------------------------------------------------------------------------------------------

TEST(pipeline_descriptions, complete_only_with_columns_or_no_data) {
    pipeline::described d;
    pipeline p;
    p.expect_describe(d);
    p.expect_sync();
    receiving r{be::parameter_description({23, 25})};
    EXPECT_EQ(p.advance(r.s), progress::need_input);
    EXPECT_FALSE(d.complete);
    EXPECT_EQ(d.parameters, (std::vector<std::uint32_t>{23, 25}));
    r.add(be::no_data() + be::ready_for_query());
    EXPECT_EQ(p.advance(r.s), progress::finished);
    EXPECT_TRUE(d.complete);
}

TEST(pipeline_descriptions, begin_with_the_parameters_once) {
    for (const auto& answer : {be::no_data(), be::row_description({{"id", 23}}),
                               be::parameter_description() + be::parameter_description()}) {
        pipeline::described d;
        pipeline p;
        p.expect_describe(d);
        receiving r{answer};
        EXPECT_EQ(p.advance(r.s), progress::broken);
        EXPECT_FALSE(d.complete);
    }
}

TEST(pipeline_descriptions, differ_by_type_name_or_number_of_columns) {
    const auto expected = query_fixture::known_description();
    const std::vector<std::pair<std::string, bool>> cases{
        {be::row_description({{"id", 23}, {"name", 25}}), false},
        {be::row_description({{"id", 20}, {"name", 25}}), true},
        {be::row_description({{"id", 23}, {"nick", 25}}), true},
        {be::row_description({{"id", 23}}), true},
        {be::row_description({{"id", 23}, {"name", 25}, {"x", 25}}), true},
        {be::no_data(), true}};
    for (const auto& [bytes, stale] : cases) {
        recording_sink sink;
        pipeline::described d;
        d.expected = expected.get();
        pipeline p;
        p.expect_describe(d);
        p.expect_execute(sink, &d);
        p.expect_sync();
        receiving r{be::parameter_description({23}) + bytes + one_row() + be::ready_for_query()};
        EXPECT_EQ(p.advance(r.s), progress::finished);
        EXPECT_EQ(d.stale, stale);
        EXPECT_EQ(sink.rows.empty(), stale);
        EXPECT_EQ(sink.tags.size(), 1U) << "how many rows there were is still true";
    }
}

} // namespace pipeline_test
