// Statements by the extended protocol: what is written, byte for byte, and what the server may answer.
#include "algo_test.hpp"

#include <gtest/gtest.h>

#include <tusk/wire/frontend.hpp>

using namespace algo;
using tusk::errc;
using tusk::make_error_code;
using namespace tusk::literals;

namespace query_test {

std::string name_of_statement() {
    return tusk::protocol::statement_registry{}.intern(query_fixture::sql).text->server_name;
}

std::string parse_bytes(const std::vector<std::uint32_t>& types) {
    std::string body = be::text(name_of_statement()) + be::text(query_fixture::sql) +
                       be::number(static_cast<std::uint16_t>(types.size()));
    for (const auto t : types) body += be::number(t);
    return be::message('P', body);
}
std::string describe_bytes() { return be::message('D', 'S' + be::text(name_of_statement())); }
std::string sync_bytes() { return be::message('S', {}); }
/// Bind of the argument "5" as text, Execute of all rows, Sync.
std::string execute_bytes() {
    return be::message('B', be::text("") + be::text(name_of_statement()) + be::number(std::uint16_t{1}) +
                                be::number(std::int16_t{0}) + be::number(std::uint16_t{1}) +
                                be::number(std::int32_t{1}) + "5" + be::number(std::uint16_t{0})) +
           be::message('E', be::text("") + be::number(std::uint32_t{0})) + sync_bytes();
}

std::string two_rows() {
    return be::bind_complete() + be::data_row({"5", "eve"}) + be::data_row({"6", std::nullopt}) +
           be::command_complete("SELECT 2") + be::ready_for_query();
}

template <class Prepare>
make_fixture fixtures(Prepare prepare) {
    return [prepare] {
        auto f = std::make_unique<query_fixture>();
        prepare(*f);
        f->start();
        return f;
    };
}

const auto prepared = fixtures([](query_fixture& f) { f.prepared(); });
const auto known = fixtures([](query_fixture& f) { f.known(); });
const auto unknown = fixtures([](query_fixture&) {});

query_fixture& query_of(fixture& f) { return dynamic_cast<query_fixture&>(f); }

void expect_two_rows(fixture& f) {
    EXPECT_EQ(query_of(f).sink.rows, (std::vector<std::string>{"5,eve", "6,NULL"}));
    EXPECT_EQ(query_of(f).sink.tags, std::vector<std::string>{"SELECT 2"});
}

TEST(query_bytes, a_prepared_statement_needs_bind_execute_and_sync_only) {
    const auto s = script{}.sends_bytes(execute_bytes()).receives(two_rows()).done();
    s.run_however_cut(prepared, expect_two_rows);
    EXPECT_FALSE(query_of(*s.run(prepared)).held->described());
}

TEST(query_bytes, an_unknown_statement_is_described_before_it_is_bound) {
    const auto s = script{}
                       .sends_bytes(parse_bytes({}) + describe_bytes() + sync_bytes())
                       .receives(be::parse_complete() + query_fixture::description() + be::ready_for_query())
                       .sends_bytes(execute_bytes())
                       .receives(two_rows())
                       .done();
    s.run_however_cut(unknown, expect_two_rows);
    const auto held = s.run(unknown);
    auto& f = query_of(*held);
    EXPECT_TRUE(f.held->described());
    ASSERT_NE(f.session.statements.find(*f.source->text()), nullptr);
    const auto description = f.registry->intern(query_fixture::sql).description;
    ASSERT_NE(description, nullptr) << "other connections must profit from it";
    EXPECT_EQ(description->parameters, std::vector<std::uint32_t>{23});
    ASSERT_EQ(description->columns.size(), 2U);
    EXPECT_EQ(description->columns[1].name, "name");
}

TEST(query_bytes, a_statement_described_elsewhere_needs_one_round_trip) {
    const auto s = script{}
                       .sends_bytes(parse_bytes({23}) + describe_bytes() + execute_bytes())
                       .receives(be::parse_complete() + query_fixture::description() + two_rows())
                       .done();
    s.run_however_cut(known, expect_two_rows);
}

TEST(query_bytes, statements_that_had_to_go_are_closed_first) {
    const auto with_evicted = fixtures([](query_fixture& f) {
        f.session.statements.set_capacity(1);
        f.session.statements.insert(f.registry->intern("select 1").text, f.known_description(),
                                    f.session.to_close);
        f.known();
    });
    const auto gone = tusk::protocol::statement_registry{}.intern("select 1").text->server_name;
    const auto held = script{}
                          .sends("Parse Describe Bind Execute Sync")
                          .receives(be::parse_complete() + query_fixture::description() + two_rows())
                          .done()
                          .run(with_evicted);
    auto& f = query_of(*held);
    ASSERT_EQ(f.session.to_close.size(), 1U);
    EXPECT_EQ(f.session.to_close[0]->server_name, gone);

    tusk::protocol::query next{f.session, *f.registry, *f.source, f.sink};
    static_cast<void>(next.resume({}));
    EXPECT_EQ(as_string(f.session.pending_output()),
              be::message('C', 'S' + be::text(gone)) + execute_bytes());
    EXPECT_TRUE(f.session.to_close.empty());
}

TEST(query_bytes, a_second_query_on_the_session_finds_the_statement_prepared) {
    const auto held =
        script{}
            .sends("Parse Describe Sync")
            .receives(be::parse_complete() + query_fixture::description() + be::ready_for_query())
            .sends("Bind Execute Sync")
            .receives(two_rows())
            .done()
            .run(unknown);
    auto& f = query_of(*held);
    tusk::protocol::query next{f.session, *f.registry, *f.source, f.sink};
    EXPECT_EQ(next.resume({}).kind, tusk::protocol::action_kind::transfer);
    EXPECT_EQ(as_string(f.session.pending_output()), execute_bytes());
}

// ---- answers
// --------------------------------------------------------------------------------------------------

TEST(query_answers, notices_notifications_and_parameters_may_stand_between_any_two_messages) {
    const std::vector<std::string> pieces{be::bind_complete(), be::data_row({"5", "eve"}),
                                          be::data_row({"6", "x"}), be::command_complete("SELECT 2"),
                                          be::ready_for_query()};
    for (std::size_t at = 0; at < pieces.size(); ++at) {
        SCOPED_TRACE("before message " + std::to_string(at));
        std::string answer;
        for (std::size_t i = 0; i < pieces.size(); ++i) {
            if (i == at)
                answer += be::notice_response("watch out") + be::notification_response(9, "news", "rain") +
                          be::parameter_status("TimeZone", "UTC");
            answer += pieces[i];
        }
        std::vector<std::string> heard;
        const make_fixture listening = [&] {
            auto f = std::make_unique<query_fixture>();
            f->prepared().start();
            f->session.on_notice = [&](const tusk::server_error& n) { heard.push_back(n.message); };
            f->session.on_notification = [&](tusk::wire::notification&& n) {
                heard.push_back(n.channel + "/" + n.payload);
            };
            return f;
        };
        const auto s = script{}.sends("Bind Execute Sync").receives(answer).done();
        s.run_however_cut(listening, [&](fixture& f) {
            EXPECT_EQ(query_of(f).sink.rows, (std::vector<std::string>{"5,eve", "6,x"}));
            EXPECT_EQ(heard, (std::vector<std::string>{"watch out", "news/rain"}));
            EXPECT_EQ(f.session.parameter("TimeZone"), "UTC");
            heard.clear();
        });
    }
}

TEST(query_answers, an_empty_text_completes_without_a_tag) {
    const auto held = script{}
                          .sends("Bind Execute Sync")
                          .receives(be::bind_complete() + be::empty_query_response() + be::ready_for_query())
                          .done()
                          .run(prepared);
    EXPECT_EQ(query_of(*held).sink.tags, std::vector<std::string>{""});
}

TEST(query_answers, a_statement_without_rows_is_described_by_no_data) {
    const auto s =
        script{}
            .sends("Parse Describe Sync")
            .receives(be::parse_complete() + be::parameter_description({23}) + be::no_data() +
                      be::ready_for_query())
            .sends("Bind Execute Sync")
            .receives(be::bind_complete() + be::command_complete("UPDATE 3") + be::ready_for_query())
            .done();
    s.run_however_cut(unknown, [](fixture& f) {
        EXPECT_EQ(query_of(f).sink.tags, std::vector<std::string>{"UPDATE 3"});
        EXPECT_TRUE(query_of(f).registry->intern(query_fixture::sql).description->columns.empty());
    });
}

TEST(query_answers, the_transaction_status_is_that_of_ready_for_query) {
    const auto held =
        script{}
            .sends("Bind Execute Sync")
            .receives(be::bind_complete() + be::command_complete("BEGIN") + be::ready_for_query('T'))
            .done()
            .run(prepared);
    EXPECT_EQ(held->session.transaction, tusk::transaction_status::in_transaction);
}

TEST(query_answers, a_failed_sink_is_reported_when_the_connection_is_clean) {
    const auto failing = fixtures([](query_fixture& f) {
        f.prepared();
        f.sink.failing_with = tusk::failure{errc::null_value, "no name"};
    });
    const auto held =
        script{}.sends("Bind Execute Sync").receives(two_rows()).fails(errc::null_value, false).run(failing);
    const auto& why = query_of(*held).held->result();
    EXPECT_EQ(why.sql(), query_fixture::sql);
    EXPECT_EQ(why.sent(), tusk::sent_state::answered) << "the statement was executed";
    EXPECT_EQ(why.retry(), tusk::retry_advice::never) << "the same rows would come again";
}

TEST(query_answers, a_pausing_sink_gets_one_row_at_a_time) {
    const auto pausing = fixtures([](query_fixture& f) {
        f.prepared();
        f.sink.pausing = true;
    });
    const auto s = script{}.sends("Bind Execute Sync").receives(two_rows()).pauses().pauses().done();
    s.run_however_cut(pausing, expect_two_rows);
}

// ---- errors
// ---------------------------------------------------------------------------------------------------

void expect_answered_error(fixture& f) {
    const auto& why = query_of(f).held->result();
    ASSERT_NE(why.server(), nullptr);
    EXPECT_EQ(why.sql(), query_fixture::sql);
    EXPECT_EQ(why.sent(), tusk::sent_state::answered);
}

TEST(query_errors, in_parse_leave_the_connection_clean_and_the_statement_unknown) {
    const auto s = script{}
                       .sends("Parse Describe Sync")
                       .receives(be::error_response("42601", "syntax error") + be::ready_for_query())
                       .fails(make_error_code("42601"_sqlstate), false);
    s.run_however_cut(unknown, expect_answered_error);
    const auto held = s.run(unknown);
    EXPECT_EQ(held->session.statements.size(), 0U);
}

TEST(query_errors, in_describe_close_the_statement_that_parse_made) {
    const auto held =
        script{}
            .sends("Parse Describe Sync")
            .receives(be::parse_complete() + be::error_response("42809", "no") + be::ready_for_query())
            .fails(make_error_code("42809"_sqlstate), false)
            .run(unknown);
    ASSERT_EQ(held->session.to_close.size(), 1U);
    EXPECT_EQ(held->session.to_close[0]->server_name, name_of_statement());
}

TEST(query_errors, in_bind_and_execute_keep_the_statement) {
    for (const auto& before :
         {std::string{}, be::bind_complete(), be::bind_complete() + be::data_row({"5", "eve"})}) {
        const auto s =
            script{}
                .sends("Bind Execute Sync")
                .receives(before + be::error_response("22P02", "not a number") + be::ready_for_query())
                .fails(make_error_code("22P02"_sqlstate), false);
        s.run_however_cut(prepared, [](fixture& f) {
            expect_answered_error(f);
            EXPECT_NE(f.session.statements.find(*query_of(f).source->text()), nullptr);
        });
    }
}

TEST(query_errors, in_the_round_trip_of_a_known_statement_keep_what_parse_made) {
    const auto held = script{}
                          .sends("Parse Describe Bind Execute Sync")
                          .receives(be::parse_complete() + query_fixture::description() +
                                    be::error_response("22P02", "not a number") + be::ready_for_query())
                          .fails(make_error_code("22P02"_sqlstate), false)
                          .run(known);
    EXPECT_NE(held->session.statements.find(*query_of(*held).source->text()), nullptr);
    EXPECT_TRUE(held->session.to_close.empty());
}

TEST(query_errors, after_command_complete_make_the_statement_fail) {
    // A deferred constraint is checked at Sync.
    const auto s = script{}
                       .sends("Bind Execute Sync")
                       .receives(be::bind_complete() + be::command_complete("INSERT 0 1") +
                                 be::error_response("23503", "missing parent") + be::ready_for_query())
                       .fails(make_error_code("23503"_sqlstate), false);
    s.run_however_cut(prepared, expect_answered_error);
}

TEST(query_errors, that_are_fatal_end_the_session_without_ready_for_query) {
    for (const auto& before :
         {std::string{}, be::bind_complete(), be::bind_complete() + be::data_row({"5", "eve"}),
          be::bind_complete() + be::command_complete("SELECT 0")}) {
        const auto s = script{}
                           .sends("Bind Execute Sync")
                           .receives(before + be::error_response("57P01", "terminating connection", "FATAL"))
                           .fails(make_error_code("57P01"_sqlstate), true);
        s.run_however_cut(prepared, [](fixture& f) {
            expect_answered_error(f);
            EXPECT_EQ(query_of(f).held->result().retry(), tusk::retry_advice::if_idempotent);
        });
    }
}

TEST(query_errors, of_this_side_are_found_before_anything_is_sent) {
    const auto failing = fixtures([](query_fixture& f) {
        f.prepared();
        f.source->failing_with = tusk::failure{errc::value_out_of_range, "argument $1 is too large"};
    });
    const auto held = script{}.fails(errc::value_out_of_range, false).run(failing);
    EXPECT_EQ(query_of(*held).held->result().sent(), tusk::sent_state::none);
    EXPECT_EQ(held->session.output.size(), 0U);
}

TEST(query_errors, of_this_side_after_describe_execute_nothing) {
    const auto failing = fixtures([](query_fixture& f) {
        f.source->failing_with = tusk::failure{errc::parameter_count, "two arguments wanted"};
    });
    const auto s = script{}
                       .sends("Parse Describe Sync")
                       .receives(be::parse_complete() + query_fixture::description() + be::ready_for_query())
                       .fails(errc::parameter_count, false);
    s.run_however_cut(failing, [](fixture& f) {
        EXPECT_EQ(query_of(f).held->result().sent(), tusk::sent_state::none) << "nothing was executed";
        EXPECT_EQ(query_of(f).held->result().sql(), query_fixture::sql);
        EXPECT_NE(f.session.statements.find(*query_of(f).source->text()), nullptr);
    });
}

TEST(query_errors, of_this_side_forget_no_statement_that_is_to_be_closed) {
    const auto failing = fixtures([](query_fixture& f) {
        f.session.to_close.push_back(f.registry->intern("select 1").text);
        f.known();
        f.source->failing_with = tusk::failure{errc::value_out_of_range, "argument $1 is too large"};
    });
    const auto held = script{}.fails(errc::value_out_of_range, false).run(failing);
    EXPECT_EQ(held->session.to_close.size(), 1U) << "the statement still exists at the server";
}

TEST(query_errors, on_a_broken_session_say_that_it_is_closed) {
    const auto broken = fixtures([](query_fixture& f) {
        f.prepared();
        f.session.broken = true;
    });
    const auto held = script{}.fails(errc::connection_closed, true).run(broken);
    EXPECT_EQ(query_of(*held).held->result().retry(), tusk::retry_advice::safe);
}

// ---- COPY by exec
// ---------------------------------------------------------------------------------------------

TEST(query_copy, from_stdin_is_refused_and_the_connection_stays_usable) {
    // The server ignores the Sync that was sent before, so that CopyFail needs another one.
    const auto s = script{}
                       .sends("Bind Execute Sync")
                       .receives(be::bind_complete() + be::copy_response('G'))
                       .sends("CopyFail Sync Close Sync")
                       .receives(be::error_response("57014", "COPY from stdin failed") +
                                 be::ready_for_query() + be::close_complete() + be::ready_for_query())
                       .fails(errc::invalid_argument, false);
    s.run_however_cut(prepared, [](fixture& f) {
        EXPECT_NE(query_of(f).held->result().message().find("copy_in"), std::string::npos);
        EXPECT_TRUE(f.session.input.unread().empty());
    });
}

TEST(query_copy, that_fails_before_its_first_byte_leaves_no_answer_behind) {
    // As PostgreSQL 15 does when a BEFORE INSERT trigger of the statement raises: the first Sync is not
    // ignored then.
    const auto s = script{}
                       .sends("Bind Execute Sync")
                       .receives(be::bind_complete() + be::copy_response('G'))
                       .sends("CopyFail Sync Close Sync")
                       .receives(be::error_response("P0001", "no") + be::ready_for_query() +
                                 be::ready_for_query() + be::close_complete() + be::ready_for_query())
                       .fails(errc::invalid_argument, false);
    s.run_however_cut(prepared, [](fixture& f) { EXPECT_TRUE(f.session.input.unread().empty()); });
}

TEST(query_copy, to_stdout_is_refused_and_the_connection_stays_usable) {
    const auto s = script{}
                       .sends("Bind Execute Sync")
                       .receives(be::bind_complete() + be::copy_response('H') + be::message('d', "1\n") +
                                 be::message('d', "2\n") + be::message('c', {}) +
                                 be::command_complete("COPY 2") + be::ready_for_query())
                       .fails(errc::invalid_argument, false);
    s.run_however_cut(prepared, [](fixture& f) {
        EXPECT_NE(query_of(f).held->result().message().find("copy_out"), std::string::npos);
        EXPECT_TRUE(query_of(f).sink.rows.empty());
    });
}

TEST(query_copy, twice_in_one_statement_is_a_protocol_violation) {
    const auto held = script{}
                          .sends("Bind Execute Sync")
                          .receives(be::bind_complete() + be::copy_response('G') + be::copy_response('G'))
                          .fails(errc::protocol_violation, true)
                          .run(prepared);
    EXPECT_LT(held->session.output.size(), 1U);
}

} // namespace query_test
