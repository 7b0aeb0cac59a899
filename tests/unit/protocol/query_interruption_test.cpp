// Deadlines, cancellation and lost connections: every point of a script, and the rules of the CancelRequest.
#include "algo_test.hpp"

#include <gtest/gtest.h>

#include <cstring>

using namespace algo;
using tusk::errc;
using tusk::make_error_code;
using tusk::protocol::action_kind;
using tusk::protocol::event_kind;
using namespace tusk::literals;

namespace query_interruption_test {

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

std::string answer() {
    return be::bind_complete() + be::data_row({"5", "eve"}) + be::command_complete("SELECT 1") +
           be::ready_for_query();
}
std::string canceled() { return be::error_response("57014", "canceling statement due to user request"); }

TEST(query_interruption, of_a_prepared_statement_is_sound_at_every_point) {
    script{}.sends("Bind Execute Sync").receives(answer()).done().check_failures_everywhere(prepared);
}

TEST(query_interruption, of_an_unknown_statement_is_sound_at_every_point) {
    script{}
        .sends("Parse Describe Sync")
        .receives(be::parse_complete() + query_fixture::description() + be::ready_for_query())
        .sends("Bind Execute Sync")
        .receives(answer())
        .done()
        .check_failures_everywhere(unknown);
}

TEST(query_interruption, of_a_known_statement_is_sound_at_every_point) {
    script{}
        .sends("Parse Describe Bind Execute Sync")
        .receives(be::parse_complete() + query_fixture::description() + answer())
        .done()
        .check_failures_everywhere(known);
}

TEST(query_interruption, of_a_paused_statement_is_sound_at_every_point) {
    const auto pausing = fixtures([](query_fixture& f) {
        f.prepared();
        f.sink.pausing = true;
    });
    script{}.sends("Bind Execute Sync").receives(answer()).pauses().done().check_failures_everywhere(pausing);
}

TEST(query_interruption, of_a_script_is_sound_at_every_point) {
    const make_fixture simple = [] {
        class simple_fixture final : public holding<tusk::protocol::simple_query> {
        public:
            recording_sink sink;
        };
        auto f = std::make_unique<simple_fixture>();
        f->session.transaction = tusk::transaction_status::idle;
        f->session.cancel_key.assign(4, std::byte{1});
        f->held = std::make_unique<tusk::protocol::simple_query>(f->session, "select 1; select 2", f->sink);
        return f;
    };
    script{}
        .sends("Query")
        .receives(be::row_description({{"a"}}) + be::data_row({"1"}) + be::command_complete("SELECT 1") +
                  be::row_description({{"b"}}) + be::data_row({"2"}) + be::command_complete("SELECT 1") +
                  be::ready_for_query())
        .done()
        .check_failures_everywhere(simple);
}

TEST(query_interruption, before_anything_was_sent_leaves_the_connection_usable) {
    for (const auto& [kind, code] :
         {std::pair{event_kind::timed_out, errc::timeout}, std::pair{event_kind::canceled, errc::canceled}}) {
        const auto held = script{}.event(kind).fails(code, false).run(fixtures([](query_fixture& f) {
            f.session.to_close.push_back(f.registry->intern("select 1").text);
            f.prepared();
        }));
        const auto& why = query_of(*held).held->result();
        EXPECT_EQ(why.sent(), tusk::sent_state::none);
        EXPECT_EQ(why.retry(), tusk::retry_advice::safe);
        EXPECT_EQ(held->session.to_close.size(), 1U) << "the Close was not sent and is still due";
    }
}

TEST(query_interruption, in_flight_becomes_a_timeout_once_the_server_has_obeyed) {
    const auto s = script{}
                       .sends("Bind Execute Sync")
                       .event(event_kind::timed_out)
                       .wants_cancel_request()
                       .receives(canceled() + be::ready_for_query())
                       .event(event_kind::cancel_finished)
                       .sends("Sync")
                       .receives(be::ready_for_query())
                       .fails(errc::timeout, false);
    s.run_however_cut(prepared, [](fixture& f) {
        const auto& why = query_of(f).held->result();
        EXPECT_EQ(why.sent(), tusk::sent_state::complete);
        EXPECT_EQ(why.sql(), query_fixture::sql);
        EXPECT_TRUE(f.session.input.unread().empty());
    });
}

TEST(query_interruption, waits_for_the_end_of_the_cancel_connection_before_the_session_is_used_again) {
    // The answer to the query is there, the cancel connection is not over: a late cancel could hit the next
    // query.
    const auto f = script{}
                       .sends("Bind Execute Sync")
                       .event(event_kind::canceled)
                       .wants_cancel_request()
                       .receives(canceled() + be::ready_for_query())
                       .run(prepared);
    EXPECT_FALSE(f->session.output_pending()) << "the Sync has to wait";
    const auto a = f->machine().resume({event_kind::cancel_finished, {}});
    EXPECT_EQ(a.kind, action_kind::transfer);
    EXPECT_EQ(frontend_names(as_string(f->session.pending_output())), "Sync");
}

TEST(query_interruption, that_comes_too_late_for_the_server_is_a_success) {
    const auto s = script{}
                       .sends("Bind Execute Sync")
                       .event(event_kind::timed_out)
                       .wants_cancel_request()
                       .receives(answer())
                       .event(event_kind::cancel_finished)
                       .sends("Sync")
                       .receives(be::ready_for_query())
                       .done();
    s.run_however_cut(
        prepared, [](fixture& f) { EXPECT_EQ(query_of(f).sink.rows, std::vector<std::string>{"5,eve"}); });
}

TEST(query_interruption, does_not_hide_the_servers_own_error) {
    script{}
        .sends("Bind Execute Sync")
        .event(event_kind::timed_out)
        .wants_cancel_request()
        .receives(be::error_response("23505", "duplicate") + be::ready_for_query())
        .event(event_kind::cancel_finished)
        .sends("Sync")
        .receives(be::ready_for_query())
        .fails(make_error_code("23505"_sqlstate), false)
        .run_however_cut(prepared);
}

TEST(query_interruption, twice_gives_the_connection_up) {
    for (const auto second : {event_kind::timed_out, event_kind::canceled}) {
        const auto held = script{}
                              .sends("Bind Execute Sync")
                              .event(event_kind::timed_out)
                              .wants_cancel_request()
                              .event(second)
                              .fails(errc::timeout, true)
                              .run(prepared);
        EXPECT_EQ(query_of(*held).held->result().retry(), tusk::retry_advice::if_idempotent);
    }
}

TEST(query_interruption, twice_while_the_last_sync_is_under_way_gives_the_connection_up) {
    const auto held = script{}
                          .sends("Bind Execute Sync")
                          .event(event_kind::timed_out)
                          .wants_cancel_request()
                          .receives(canceled() + be::ready_for_query())
                          .event(event_kind::cancel_finished)
                          .sends("Sync")
                          .event(event_kind::timed_out)
                          .run(prepared);
    EXPECT_TRUE(held->machine().result());
    EXPECT_TRUE(held->session.broken) << "the state of the connection is unknown";
}

TEST(query_interruption, of_a_ping_has_nothing_to_cancel) {
    const make_fixture ping = [] {
        auto f = std::make_unique<holding<tusk::protocol::ping>>();
        f->session.transaction = tusk::transaction_status::idle;
        f->session.cancel_key.assign(4, std::byte{1});
        f->held = std::make_unique<tusk::protocol::ping>(f->session);
        return f;
    };
    script{}.sends("Sync").receives(be::ready_for_query()).done().check_failures_everywhere(ping);
    script{}.sends("Sync").event(event_kind::timed_out).fails(errc::timeout, true).run(ping);
}

TEST(query_interruption, without_a_cancel_key_closes_the_connection) {
    const auto keyless = fixtures([](query_fixture& f) {
        f.prepared();
        f.session.cancel_key.clear();
    });
    script{}.sends("Bind Execute Sync").event(event_kind::timed_out).fails(errc::timeout, true).run(keyless);
}

TEST(query_interruption, of_the_describing_executes_nothing_afterwards) {
    const auto held =
        script{}
            .sends("Parse Describe Sync")
            .event(event_kind::timed_out)
            .wants_cancel_request()
            .receives(be::parse_complete() + query_fixture::description() + be::ready_for_query())
            .event(event_kind::cancel_finished)
            .sends("Sync")
            .receives(be::ready_for_query())
            .fails(errc::timeout, false)
            .run(unknown);
    EXPECT_NE(held->session.statements.find(*query_of(*held).source->text()), nullptr)
        << "it was prepared all the same";
}

TEST(query_interruption, remembers_what_was_prepared_before_it) {
    // Parse and Describe came through, Execute was cancelled: the name is taken at the server, and a Parse of
    // it inside a transaction would fail.
    const auto held = script{}
                          .sends("Parse Describe Bind Execute Sync")
                          .receives(be::parse_complete() + query_fixture::description())
                          .event(event_kind::timed_out)
                          .wants_cancel_request()
                          .receives(canceled() + be::ready_for_query())
                          .event(event_kind::cancel_finished)
                          .sends("Sync")
                          .receives(be::ready_for_query())
                          .fails(errc::timeout, false)
                          .run(known);
    EXPECT_NE(held->session.statements.find(*query_of(*held).source->text()), nullptr);
}

TEST(query_interruption, of_a_stream_drops_the_rows_that_nobody_waits_for) {
    // The deadline passes while a row is on its way to a sink that pauses. Pausing again would leave the
    // machine in the middle of its cancelling, and a success would hide that rows were dropped.
    const auto pausing = fixtures([](query_fixture& f) {
        f.prepared();
        f.sink.pausing = true;
    });
    const auto s =
        script{}
            .sends("Bind Execute Sync")
            .event(event_kind::timed_out)
            .wants_cancel_request()
            .receives(be::bind_complete() + be::data_row({"5", "eve"}) + be::data_row({"6", "bob"}) +
                      be::command_complete("SELECT 2") + be::ready_for_query())
            .event(event_kind::cancel_finished)
            .sends("Sync")
            .receives(be::ready_for_query())
            .fails(errc::timeout, false);
    s.run_however_cut(pausing, [](fixture& f) { EXPECT_LE(query_of(f).sink.rows.size(), 1U); });
}

TEST(query_interruption, of_an_abandoned_stream_cancels_and_cleans_up) {
    const auto pausing = fixtures([](query_fixture& f) {
        f.prepared();
        f.sink.pausing = true;
    });
    const auto held = script{}
                          .sends("Bind Execute Sync")
                          .receives(be::bind_complete() + be::data_row({"5", "eve"}))
                          .run(pausing);
    auto& f = query_of(*held);
    f.sink.pausing = false; // as an abandoned sink behaves
    EXPECT_EQ(f.held->resume({event_kind::canceled, {}}).kind, action_kind::cancel_request);
    EXPECT_FALSE(f.session.broken);
}

// ---- lost connections
// -----------------------------------------------------------------------------------------

TEST(query_loss, of_the_connection_in_flight_is_not_safe_to_retry) {
    const auto held = script{}
                          .sends("Bind Execute Sync")
                          .receives(be::bind_complete())
                          .event(event_kind::failed)
                          .run(prepared);
    const auto& why = query_of(*held).held->result();
    ASSERT_TRUE(why);
    EXPECT_EQ(why.sent(), tusk::sent_state::complete);
    EXPECT_EQ(why.retry(), tusk::retry_advice::if_idempotent);
    EXPECT_TRUE(held->session.broken);
}

TEST(query_loss, inside_a_transaction_asks_for_the_whole_transaction) {
    const auto inside = fixtures([](query_fixture& f) { f.prepared().in_transaction(); });
    const auto held = script{}.sends("Bind Execute Sync").event(event_kind::failed).run(inside);
    EXPECT_EQ(query_of(*held).held->result().retry(), tusk::retry_advice::transaction);
}

TEST(query_loss, shows_the_fatal_error_that_came_before_it) {
    // The error and the end of the stream may arrive together: the bytes are in the buffer, the event is the
    // failure.
    query_fixture f;
    f.prepared().start();
    static_cast<void>(f.held->resume({}));
    f.session.sent(f.session.pending_output().size());
    const auto bytes = be::error_response("57P01", "terminating connection", "FATAL");
    const auto space = f.session.input.prepare();
    std::memcpy(space.data(), bytes.data(), bytes.size());
    f.session.input.commit(bytes.size());
    const auto a = f.held->resume({event_kind::failed, tusk::failure{errc::connection_lost, "gone"}});
    EXPECT_EQ(a.kind, action_kind::done);
    EXPECT_EQ(f.held->result().code(), make_error_code("57P01"_sqlstate));
    EXPECT_TRUE(f.session.broken);
}

TEST(query_loss, after_the_whole_answer_does_not_take_the_answer_back) {
    // With TLS the last answer and the server's goodbye are read in one go.
    query_fixture f;
    f.prepared().start();
    static_cast<void>(f.held->resume({}));
    f.session.sent(f.session.pending_output().size());
    const auto bytes = answer();
    const auto space = f.session.input.prepare();
    std::memcpy(space.data(), bytes.data(), bytes.size());
    f.session.input.commit(bytes.size());
    const auto a = f.held->resume({event_kind::failed, tusk::failure{errc::connection_lost, "gone"}});
    EXPECT_EQ(a.kind, action_kind::done);
    EXPECT_FALSE(f.held->result()) << f.held->result().message();
    EXPECT_EQ(f.sink.rows, std::vector<std::string>{"5,eve"});
    EXPECT_TRUE(f.session.broken) << "the connection is gone all the same";
}

} // namespace query_interruption_test
