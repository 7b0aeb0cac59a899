// COPY in both directions: what is written, byte for byte, and every way in which it can end.
#include "algo_test.hpp"

#include <gtest/gtest.h>

#include <tusk/protocol/copy.hpp>
#include <tusk/wire/frontend.hpp>

using namespace algo;
using tusk::errc;
using tusk::make_error_code;
using tusk::protocol::copy_shape;
using tusk::protocol::event_kind;
using namespace tusk::literals;

namespace copy_test {

constexpr std::string_view copy_sql = "copy t from stdin";
constexpr std::string_view out_sql = "copy t to stdout";
constexpr std::string_view shape_sql = "select a from t";

/// Sends each piece as a CopyData of its own, and fails at its end when it is told to.
class pieces final : public tusk::protocol::copy_source {
public:
    progress fill(tusk::wire::write_buffer& out) override {
        if (next == data.size()) return failing_with ? progress::failed : progress::end;
        EXPECT_FALSE(tusk::wire::write_copy_data(out, std::as_bytes(std::span{data[next]})));
        ++next;
        return progress::more;
    }
    tusk::failure take_failure() override { return std::exchange(failing_with, tusk::failure{}); }

    std::vector<std::string> data{"1\n", "2\n"};
    std::size_t next = 0;
    tusk::failure failing_with;
};

template <class Machine>
class copy_fixture : public holding<Machine> {
public:
    copy_fixture() {
        this->session.transaction = tusk::transaction_status::idle;
        this->session.backend_pid = 7;
        this->session.cancel_key.assign(4, std::byte{1});
    }
    static tusk::protocol::description_ptr expected() {
        std::vector<tusk::wire::column_description> columns(1);
        columns[0].name = "a";
        columns[0].type_oid = 23;
        return std::make_shared<const tusk::protocol::statement_description>(std::vector<std::uint32_t>{},
                                                                             std::move(columns));
    }
    tusk::protocol::description_ptr known = expected();
};

class in_fixture final : public copy_fixture<tusk::protocol::copy_in> {
public:
    explicit in_fixture(bool shaped = false) {
        held = std::make_unique<tusk::protocol::copy_in>(
            session, copy_sql, source, shaped ? copy_shape{shape_sql, *known} : copy_shape{});
    }
    pieces source;
};

class recording_target final : public tusk::protocol::copy_target {
public:
    void begin(const tusk::wire::copy_response& format) override {
        begun = true;
        binary = format.binary;
    }
    tusk::protocol::flow take(std::span<const std::byte> bytes) override {
        if (stopped) return tusk::protocol::flow::proceed;
        data += as_string(bytes);
        stopped = data.size() >= enough;
        return stopped ? tusk::protocol::flow::pause : tusk::protocol::flow::proceed;
    }
    tusk::failure take_failure() override { return std::exchange(failing_with, tusk::failure{}); }

    std::string data;
    std::size_t enough = SIZE_MAX;
    bool begun = false;
    bool binary = false;
    bool stopped = false;
    tusk::failure failing_with;
};

class out_fixture final : public copy_fixture<tusk::protocol::copy_out> {
public:
    explicit out_fixture(bool shaped = false) {
        held = std::make_unique<tusk::protocol::copy_out>(
            session, out_sql, target, shaped ? copy_shape{shape_sql, *known} : copy_shape{});
    }
    recording_target target;
};

const make_fixture copying_in = [] { return std::make_unique<in_fixture>(); };
const make_fixture copying_in_shaped = [] { return std::make_unique<in_fixture>(true); };
const make_fixture copying_out = [] { return std::make_unique<out_fixture>(); };

in_fixture& in_of(fixture& f) { return dynamic_cast<in_fixture&>(f); }
out_fixture& out_of(fixture& f) { return dynamic_cast<out_fixture&>(f); }

make_fixture failing_source() {
    return [] {
        auto f = std::make_unique<in_fixture>();
        f->source.failing_with = tusk::failure{errc::value_out_of_range, "row 3 does not fit"};
        return f;
    };
}

std::string query_bytes(std::string_view sql) { return be::message('Q', be::text(sql)); }
std::string shape_answer(std::uint32_t type) {
    return be::parse_complete() + be::parameter_description() + be::row_description({{"a", type, 0}}) +
           be::ready_for_query();
}
std::string copy_failed() {
    return be::error_response("57014", "COPY from stdin failed") + be::ready_for_query();
}
std::string bad_row() {
    return be::error_response({{'S', "ERROR"},
                               {'V', "ERROR"},
                               {'C', "22P02"},
                               {'M', "invalid input syntax for type integer: \"x\""},
                               {'W', "COPY t, line 2, column a: \"x\""}}) +
           be::ready_for_query();
}
std::string copied(int rows) {
    return be::command_complete("COPY " + std::to_string(rows)) + be::ready_for_query();
}

// ---- in
// ---------------------------------------------------------------------------------------------------------

TEST(copy_in, sends_the_text_the_data_and_the_end) {
    const auto s = script{}
                       .sends_bytes(query_bytes(copy_sql))
                       .receives(be::copy_response('G'))
                       .streams("CopyData")
                       .streams("CopyData")
                       .sends_bytes(be::message('c', {}))
                       .receives(copied(2))
                       .done();
    s.run_however_cut(copying_in, [](fixture& f) { EXPECT_EQ(in_of(f).held->rows(), 2U); });
    s.check_failures_everywhere(copying_in);
}

TEST(copy_in, describes_the_columns_again_in_the_same_round_trip) {
    const auto s =
        script{}
            .sends_bytes(be::message('P', be::text("") + be::text(shape_sql) + be::number(std::uint16_t{0})) +
                         be::message('D', 'S' + be::text("")) + be::message('S', {}) + query_bytes(copy_sql))
            .receives(shape_answer(23) + be::copy_response('G'))
            .streams("CopyData")
            .streams("CopyData")
            .sends("CopyDone")
            .receives(copied(2))
            .done();
    s.run_however_cut(copying_in_shaped);
}

TEST(copy_in, into_columns_that_were_altered_sends_no_data) {
    script{}
        .sends("Parse Describe Sync Query")
        .receives(shape_answer(700) + be::copy_response('G')) // float4 has four bytes, as int4 has
        .sends("CopyFail")
        .receives(copy_failed())
        .fails(errc::column_mismatch, false)
        .run_however_cut(copying_in_shaped, [](fixture& f) {
            EXPECT_TRUE(in_of(f).held->stale());
            EXPECT_EQ(in_of(f).source.next, 0U);
        });
}

TEST(copy_in, of_a_shape_that_fails_sends_no_data) {
    script{}
        .sends("Parse Describe Sync Query")
        .receives(be::error_response("42703", "no column a") + be::ready_for_query() + be::copy_response('G'))
        .sends("CopyFail")
        .receives(copy_failed())
        .fails(make_error_code("42703"_sqlstate), false)
        .run_however_cut(copying_in_shaped, [](fixture& f) { EXPECT_EQ(in_of(f).source.next, 0U); });
}

TEST(copy_in, that_the_server_refuses_sends_no_data) {
    script{}
        .sends("Query")
        .receives(be::error_response("25P02", "current transaction is aborted") + be::ready_for_query('E'))
        .fails(make_error_code("25P02"_sqlstate), false)
        .run_however_cut(copying_in, [](fixture& f) {
            EXPECT_EQ(in_of(f).source.next, 0U);
            EXPECT_EQ(f.session.transaction, tusk::transaction_status::failed);
            EXPECT_EQ(in_of(f).held->result().sql(), copy_sql);
        });
}

TEST(copy_in, of_another_statement_is_an_error_that_says_so) {
    const std::string answers[] = {be::command_complete("INSERT 0 1"),
                                   be::row_description({{"a", 23, 0}}) + be::data_row({"1"}) +
                                       be::command_complete("SELECT 1"),
                                   be::empty_query_response(),
                                   be::copy_response('H') + be::message('d', "1\n") + be::message('c', {}) +
                                       be::command_complete("COPY 1")};
    for (const auto& answer : answers)
        script{}
            .sends("Query")
            .receives(answer + be::ready_for_query())
            .fails(errc::invalid_argument, false)
            .run_however_cut(copying_in, [](fixture& f) { EXPECT_EQ(in_of(f).source.next, 0U); });
}

TEST(copy_in, stops_at_once_when_the_server_reports_an_error) {
    script{}
        .sends("Query")
        .receives(be::copy_response('G'))
        .streams("CopyData", bad_row())
        .fails(make_error_code("22P02"_sqlstate), false)
        .run_however_cut(copying_in, [](fixture& f) {
            EXPECT_EQ(in_of(f).source.next, 1U) << "the second piece must not be asked for";
            ASSERT_NE(in_of(f).held->result().server(), nullptr);
            EXPECT_EQ(in_of(f).held->result().server()->where, "COPY t, line 2, column a: \"x\"");
        });
}

TEST(copy_in, that_meets_the_error_before_ready_for_query_waits_without_sending) {
    const auto error = be::error_response("23505", "duplicate");
    script{}
        .sends("Query")
        .receives(be::copy_response('G'))
        .streams("CopyData", error)
        .sends("") // nothing more, not even CopyDone
        .receives(be::ready_for_query())
        .fails(make_error_code("23505"_sqlstate), false)
        .run(copying_in);
}

TEST(copy_in, finishes_a_message_that_was_half_sent_when_the_error_came) {
    const auto held = script{}.sends("Query").receives(be::copy_response('G')).run(copying_in);
    auto& f = in_of(*held);
    ASSERT_EQ(as_string(f.session.pending_output()), be::message('d', "1\n"));
    f.session.sent(3);
    const auto answer = bad_row();
    const auto space = f.session.input.prepare();
    std::copy_n(reinterpret_cast<const std::byte*>(answer.data()), answer.size(), space.data());
    f.session.input.commit(answer.size());
    auto a = f.held->resume({event_kind::transferred, {}});
    ASSERT_EQ(a.kind, tusk::protocol::action_kind::transfer);
    EXPECT_TRUE(a.read);
    EXPECT_EQ(as_string(f.session.pending_output()),
              be::message('d', "1\n").substr(3) + be::message('S', {}));
    f.session.sent(f.session.pending_output().size());
    const auto ready = be::ready_for_query();
    std::copy_n(reinterpret_cast<const std::byte*>(ready.data()), ready.size(),
                f.session.input.prepare().data());
    f.session.input.commit(ready.size());
    a = f.held->resume({event_kind::transferred, {}});
    EXPECT_EQ(a.kind, tusk::protocol::action_kind::done);
    EXPECT_EQ(f.held->result().code(), make_error_code("22P02"_sqlstate));
    EXPECT_FALSE(f.session.broken);
    EXPECT_FALSE(f.session.output_pending());
}

TEST(copy_in, throws_away_messages_of_which_nothing_was_sent_when_the_error_came) {
    const auto held = script{}.sends("Query").receives(be::copy_response('G')).run(copying_in);
    auto& f = in_of(*held);
    ASSERT_TRUE(f.session.output_pending());
    const auto answer = bad_row();
    std::copy_n(reinterpret_cast<const std::byte*>(answer.data()), answer.size(),
                f.session.input.prepare().data());
    f.session.input.commit(answer.size());
    EXPECT_EQ(f.held->resume({event_kind::transferred, {}}).kind, tusk::protocol::action_kind::done);
    EXPECT_FALSE(f.session.output_pending());
    EXPECT_FALSE(f.session.broken);
}

TEST(copy_in, keeps_the_output_bounded_while_sending_blocks) {
    const auto held = script{}.sends("Query").receives(be::copy_response('G')).run(copying_in);
    auto& f = in_of(*held);
    const auto size = f.session.output.size();
    f.session.sent(2);
    for (int i = 0; i < 10; ++i) // notices arrive, and wake the machine up
        EXPECT_EQ(f.held->resume({event_kind::transferred, {}}).kind, tusk::protocol::action_kind::stream);
    EXPECT_EQ(f.session.output.size(), size);
    EXPECT_EQ(f.source.next, 1U);
}

TEST(copy_in, hears_notices_between_its_data) {
    std::vector<std::string> heard;
    const make_fixture listening = [&] {
        auto f = std::make_unique<in_fixture>();
        f->session.on_notice = [&](const tusk::server_error& n) { heard.push_back(n.message); };
        return f;
    };
    script{}
        .sends("Query")
        .receives(be::copy_response('G'))
        .streams("CopyData", be::notice_response("one"))
        .streams("CopyData", be::notice_response("two"))
        .sends("CopyDone")
        .receives(copied(2))
        .done()
        .run(listening);
    EXPECT_EQ(heard, (std::vector<std::string>{"one", "two"}));
}

TEST(copy_in, whose_source_fails_is_taken_back_and_reports_the_sources_failure) {
    const auto s = script{}
                       .sends("Query")
                       .receives(be::copy_response('G'))
                       .streams("CopyData")
                       .streams("CopyData")
                       .sends_bytes(be::message('f', be::text("the data could not be produced")))
                       .receives(copy_failed())
                       .fails(errc::value_out_of_range, false);
    s.run_however_cut(failing_source());
}

TEST(copy_in, in_which_the_deadline_passes_sends_copy_fail_and_a_cancel_request) {
    const auto s = script{}
                       .sends("Query")
                       .receives(be::copy_response('G'))
                       .streams("CopyData")
                       .event(event_kind::timed_out)
                       .wants_cancel_request()
                       .sends("CopyFail") // the second piece was written, but nothing of it was sent
                       .receives(copy_failed())
                       .event(event_kind::cancel_finished)
                       .sends("Sync")
                       .receives(be::ready_for_query())
                       .fails(errc::timeout, false);
    s.run_however_cut(copying_in, [](fixture& f) { EXPECT_TRUE(f.session.input.unread().empty()); });
}

TEST(copy_in, that_begins_after_the_deadline_has_passed_is_ended) {
    script{}
        .sends("Query")
        .event(event_kind::canceled)
        .wants_cancel_request()
        .receives(be::copy_response('G')) // the cancel came too early for it
        .sends("CopyFail")
        .receives(copy_failed())
        .event(event_kind::cancel_finished)
        .sends("Sync")
        .receives(be::ready_for_query())
        .fails(errc::canceled, false)
        .run_however_cut(copying_in, [](fixture& f) { EXPECT_EQ(in_of(f).source.next, 0U); });
}

TEST(copy_in, cancelled_after_its_last_byte_may_still_succeed) {
    script{}
        .sends("Query")
        .receives(be::copy_response('G'))
        .streams("CopyData")
        .streams("CopyData")
        .sends("CopyDone")
        .event(event_kind::timed_out)
        .wants_cancel_request()
        .receives(copied(2))
        .event(event_kind::cancel_finished)
        .sends("Sync")
        .receives(be::ready_for_query())
        .done()
        .run_however_cut(copying_in);
}

TEST(copy_in, twice_in_one_text_ends_the_second) {
    script{}
        .sends("Query")
        .receives(be::copy_response('G'))
        .streams("CopyData")
        .streams("CopyData")
        .sends("CopyDone")
        .receives(be::command_complete("COPY 2") + be::copy_response('G'))
        .sends("CopyFail")
        .receives(copy_failed())
        .fails(errc::invalid_argument, false)
        .run_however_cut(copying_in);
}

TEST(copy_in, that_both_directions_are_asked_for_is_a_protocol_violation) {
    script{}
        .sends("Query")
        .receives(be::copy_response('W'))
        .fails(errc::protocol_violation, true)
        .run(copying_in);
}

TEST(copy_in, of_a_text_with_a_nul_sends_nothing) {
    in_fixture f;
    f.held = std::make_unique<tusk::protocol::copy_in>(f.session, std::string_view{"copy\0t", 6}, f.source);
    EXPECT_EQ(f.held->resume({}).kind, tusk::protocol::action_kind::done);
    EXPECT_EQ(f.held->result().code(), errc::invalid_argument);
    EXPECT_FALSE(f.session.output_pending());
}

// ---- out
// --------------------------------------------------------------------------------------------------------

TEST(copy_out, hands_the_data_over) {
    const auto s = script{}
                       .sends_bytes(query_bytes(out_sql))
                       .receives(be::copy_response('H') + be::message('d', "1\n") + be::message('d', "2\n") +
                                 be::message('c', {}) + copied(2))
                       .done();
    s.run_however_cut(copying_out, [](fixture& f) {
        EXPECT_TRUE(out_of(f).target.begun);
        EXPECT_EQ(out_of(f).target.data, "1\n2\n");
        EXPECT_EQ(out_of(f).held->rows(), 2U);
    });
    s.check_failures_everywhere(copying_out);
}

TEST(copy_out, of_columns_that_were_altered_hands_nothing_over) {
    const make_fixture shaped = [] { return std::make_unique<out_fixture>(true); };
    script{}
        .sends("Parse Describe Sync Query")
        .receives(shape_answer(700) + be::copy_response('H') + be::message('d', "data") +
                  be::message('c', {}) + copied(1))
        .fails(errc::column_mismatch, false)
        .run_however_cut(shaped, [](fixture& f) {
            EXPECT_TRUE(out_of(f).held->stale());
            EXPECT_EQ(out_of(f).target.data, "");
        });
}

TEST(copy_out, that_fails_in_the_middle_reports_the_servers_error) {
    script{}
        .sends("Query")
        .receives(be::copy_response('H') + be::message('d', "1\n") +
                  be::error_response("22012", "division by zero") + be::ready_for_query())
        .fails(make_error_code("22012"_sqlstate), false)
        .run_however_cut(copying_out, [](fixture& f) { EXPECT_EQ(out_of(f).target.data, "1\n"); });
}

TEST(copy_out, of_another_statement_is_an_error_that_says_so) {
    script{}
        .sends("Query")
        .receives(be::command_complete("DELETE 5") + be::ready_for_query())
        .fails(errc::invalid_argument, false)
        .run_however_cut(copying_out);
    script{}
        .sends("Query")
        .receives(be::copy_response('G'))
        .sends("CopyFail")
        .receives(copy_failed())
        .fails(errc::invalid_argument, false)
        .run_however_cut(copying_out);
}

TEST(copy_out, whose_target_has_enough_is_cancelled_and_drained) {
    const make_fixture limited = [] {
        auto f = std::make_unique<out_fixture>();
        f->target.enough = 2;
        return f;
    };
    const auto held =
        script{}
            .sends("Query")
            .receives(be::copy_response('H') + be::message('d', "1\n") + be::message('d', "2\n"))
            .run(limited);
    auto& f = out_of(*held);
    EXPECT_EQ(f.target.data, "1\n");
    EXPECT_EQ(f.held->resume({event_kind::canceled, {}}).kind, tusk::protocol::action_kind::cancel_request);
    const auto feed = [&](const std::string& bytes) {
        std::copy_n(reinterpret_cast<const std::byte*>(bytes.data()), bytes.size(),
                    f.session.input.prepare().data());
        f.session.input.commit(bytes.size());
        return f.held->resume({event_kind::transferred, {}}).kind;
    };
    EXPECT_EQ(feed(be::message('d', "3\n") + be::error_response("57014", "canceled") + be::ready_for_query()),
              tusk::protocol::action_kind::transfer);
    EXPECT_EQ(f.held->resume({event_kind::cancel_finished, {}}).kind, tusk::protocol::action_kind::transfer);
    f.session.sent(f.session.pending_output().size());
    EXPECT_EQ(feed(be::ready_for_query()), tusk::protocol::action_kind::done);
    EXPECT_EQ(f.target.data, "1\n");
    EXPECT_FALSE(f.session.broken);
}

TEST(copy_out, with_a_failing_target_reports_its_failure_after_the_data) {
    const make_fixture failing = [] {
        auto f = std::make_unique<out_fixture>();
        f->target.failing_with = tusk::failure{errc::malformed_value, "not a row"};
        return f;
    };
    script{}
        .sends("Query")
        .receives(be::copy_response('H') + be::message('c', {}) + copied(0))
        .fails(errc::malformed_value, false)
        .run_however_cut(failing);
}

TEST(copy_out, data_that_nobody_announced_are_a_protocol_violation) {
    for (const char type : {'d', 'c'})
        script{}
            .sends("Query")
            .receives(be::message(type, {}))
            .fails(errc::protocol_violation, true)
            .run(copying_out);
}

TEST(copy_out, a_malformed_answer_is_a_protocol_violation) {
    for (const char type : {'G', 'H'})
        script{}
            .sends("Query")
            .receives(be::message(type, std::string{"\0\0\1\0", 4}))
            .fails(errc::protocol_violation, true)
            .run(copying_out);
}

// ---- describing
// --------------------------------------------------------------------------------------------------

TEST(describe, asks_for_the_columns_and_executes_nothing) {
    class describe_fixture final : public copy_fixture<tusk::protocol::describe> {
    public:
        describe_fixture() { held = std::make_unique<tusk::protocol::describe>(session, shape_sql); }
    };
    const make_fixture describing = [] { return std::make_unique<describe_fixture>(); };
    script{}
        .sends("Parse Describe Sync")
        .receives(shape_answer(23))
        .done()
        .run_however_cut(describing, [](fixture& f) {
            const auto d = dynamic_cast<describe_fixture&>(f).held->take();
            ASSERT_NE(d, nullptr);
            ASSERT_EQ(d->columns.size(), 1U);
            EXPECT_EQ(d->columns[0].type_oid, 23U);
        });
    const auto held = script{}
                          .sends("Parse Describe Sync")
                          .receives(be::error_response("42P01", "no table t") + be::ready_for_query())
                          .fails(make_error_code("42P01"_sqlstate), false)
                          .run(describing);
    EXPECT_EQ(dynamic_cast<describe_fixture&>(*held).held->take(), nullptr);
}

} // namespace copy_test
