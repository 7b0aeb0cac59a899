// Statements that are not described first, portals with a limit of rows, and what begins a transaction.
#include "algo_test.hpp"

#include <gtest/gtest.h>

using namespace algo;
using tusk::errc;
using tusk::make_error_code;
using tusk::protocol::event_kind;
using tusk::protocol::exec_mode;
using namespace tusk::literals;

namespace query_modes_test {

template <class Prepare>
make_fixture fixtures(Prepare prepare) {
    return [prepare] {
        auto f = std::make_unique<query_fixture>();
        prepare(*f);
        f->start();
        return f;
    };
}
query_fixture& query_of(fixture& f) { return dynamic_cast<query_fixture&>(f); }

const auto by_twos = fixtures([](query_fixture& f) {
    f.prepared();
    f.source->limit = 2;
});
const auto by_twos_pausing = fixtures([](query_fixture& f) {
    f.prepared();
    f.source->limit = 2;
    f.sink.pausing = true;
});
const auto undescribed = fixtures([](query_fixture& f) {
    f.known();
    f.source->wanted_mode = exec_mode::exec;
});
const auto simple = fixtures([](query_fixture& f) {
    f.source->wanted_mode = exec_mode::simple_protocol;
    f.source->arguments.clear();
});
const auto beginning = fixtures([](query_fixture& f) {
    f.prepared();
    f.session.preamble = {"begin", "savepoint s"};
});

std::string row(const char* id) { return be::data_row({id, "eve"}); }
std::string columns() { return be::row_description({{"id", 23, 0}, {"name", 25, 0}}); }
std::string executed(std::string_view tag) {
    return be::parse_complete() + be::bind_complete() + be::command_complete(tag);
}

// ---- portals

TEST(portal, is_executed_again_until_it_is_empty_and_only_then_synchronised) {
    const auto s = script{}
                       .sends("Bind Execute Flush")
                       .receives(be::bind_complete() + row("1") + row("2") + be::portal_suspended())
                       .sends("Execute Flush")
                       .receives(row("3") + be::command_complete("SELECT 1"))
                       .sends("Sync")
                       .receives(be::ready_for_query())
                       .done();
    s.run_however_cut(by_twos, [](fixture& f) {
        EXPECT_EQ(query_of(f).sink.rows, (std::vector<std::string>{"1,eve", "2,eve", "3,eve"}));
    });
    s.check_failures_everywhere(by_twos);
}

TEST(portal, that_fails_is_synchronised) {
    const auto s =
        script{}
            .sends("Bind Execute Flush")
            .receives(be::bind_complete() + row("1") + be::error_response("22012", "division by zero"))
            .sends("Sync")
            .receives(be::ready_for_query())
            .fails(make_error_code("22012"_sqlstate), false);
    s.run_however_cut(by_twos);
}

TEST(portal, a_reader_that_has_enough_ends_it_without_a_cancel_request) {
    script{}
        .sends("Bind Execute Flush")
        .receives(be::bind_complete() + row("1") + row("2") + be::portal_suspended())
        .pauses()
        .event(event_kind::canceled)
        .sends("Sync")
        .receives(be::ready_for_query())
        .done()
        .run(by_twos_pausing);
}

TEST(portal, whose_statement_is_stale_is_prepared_again) {
    script{}
        .sends("Bind Execute Flush")
        .receives(be::error_response("26000", "prepared statement does not exist"))
        .sends("Sync")
        .receives(be::ready_for_query())
        .sends("Parse Describe Sync")
        .receives(be::parse_complete() + query_fixture::description() + be::ready_for_query())
        .sends("Parse Bind Execute Flush") // a pooler is suspected: nothing stays prepared
        .receives(be::parse_complete() + be::bind_complete() + row("1") + be::command_complete("SELECT 1"))
        .sends("Sync")
        .receives(be::ready_for_query())
        .done()
        .run(by_twos);
}

TEST(portal, suspended_without_having_been_asked_to_is_a_violation) {
    const auto all = fixtures([](query_fixture& f) { f.prepared(); });
    script{}
        .sends("Bind Execute Sync")
        .receives(be::bind_complete() + row("1") + be::portal_suspended())
        .fails(errc::protocol_violation, true)
        .run(all);
}

// ---- statements that nobody describes

TEST(undescribed, takes_one_round_trip_and_its_columns_come_with_its_rows) {
    const auto s = script{}
                       .sends("Parse Bind Describe Execute Sync")
                       .receives(be::parse_complete() + be::bind_complete() + columns() + row("5") +
                                 be::command_complete("SELECT 1") + be::ready_for_query())
                       .done();
    s.run_however_cut(undescribed, [](fixture& f) {
        EXPECT_EQ(query_of(f).sink.columns, std::vector<std::size_t>{2});
        EXPECT_EQ(query_of(f).sink.rows, std::vector<std::string>{"5,eve"});
    });
    s.check_failures_everywhere(undescribed);
}

TEST(undescribed, without_a_result) {
    script{}
        .sends("Parse Bind Describe Execute Sync")
        .receives(be::parse_complete() + be::bind_complete() + be::no_data() +
                  be::command_complete("UPDATE 3") + be::ready_for_query())
        .done()
        .run_however_cut(undescribed);
}

TEST(undescribed, rows_before_their_columns_are_a_violation) {
    script{}
        .sends("Parse Bind Describe Execute Sync")
        .receives(be::parse_complete() + be::bind_complete() + row("5"))
        .fails(errc::protocol_violation, true)
        .run(undescribed);
}

TEST(undescribed, an_error_of_a_statement_inside_of_it_is_not_taken_for_its_own) {
    // "execute gone": the same SQLSTATE as a prepared statement that vanished.
    script{}
        .sends("Parse Bind Describe Execute Sync")
        .receives(be::parse_complete() + be::error_response("26000", "gone") + be::ready_for_query())
        .fails(make_error_code("26000"_sqlstate), false)
        .run(undescribed);
}

TEST(simple_mode, is_one_query_message) {
    const auto s =
        script{}
            .sends("Query")
            .receives(columns() + row("5") + be::command_complete("SELECT 1") + be::ready_for_query())
            .done();
    s.run_however_cut(
        simple, [](fixture& f) { EXPECT_EQ(query_of(f).sink.rows, std::vector<std::string>{"5,eve"}); });
    s.check_failures_everywhere(simple);
}

TEST(simple_mode, takes_no_arguments) {
    const auto with_arguments =
        fixtures([](query_fixture& f) { f.source->wanted_mode = exec_mode::simple_protocol; });
    script{}.fails(errc::invalid_argument, false).run(with_arguments);
}

// ---- what begins

TEST(preamble, travels_with_the_first_statement) {
    const auto s = script{}
                       .sends("Parse Bind Execute Parse Bind Execute Bind Execute Sync")
                       .receives(executed("BEGIN") + executed("SAVEPOINT") + be::bind_complete() + row("5") +
                                 be::command_complete("SELECT 1") + be::ready_for_query('T'))
                       .done();
    s.run_however_cut(beginning, [](fixture& f) {
        EXPECT_TRUE(f.session.preamble.empty());
        EXPECT_EQ(query_of(f).sink.tags, std::vector<std::string>{"SELECT 1"});
    });
    s.check_failures_everywhere(beginning);
}

TEST(preamble, that_fails_stays_and_the_statement_is_not_executed) {
    const auto held = script{}
                          .sends("Parse Bind Execute Parse Bind Execute Bind Execute Sync")
                          .receives(be::error_response("25001", "no") + be::ready_for_query())
                          .fails(make_error_code("25001"_sqlstate), false)
                          .run(beginning);
    EXPECT_EQ(held->session.preamble, (std::vector<std::string>{"begin", "savepoint s"}));
    EXPECT_EQ(held->machine().result().sql(), "begin");
}

TEST(preamble, that_fails_half_way_leaves_the_rest) {
    const auto held =
        script{}
            .sends("Parse Bind Execute Parse Bind Execute Bind Execute Sync")
            .receives(executed("BEGIN") + be::error_response("42601", "no") + be::ready_for_query('E'))
            .fails(make_error_code("42601"_sqlstate), false)
            .run(beginning);
    EXPECT_EQ(held->session.preamble, std::vector<std::string>{"savepoint s"});
    EXPECT_EQ(held->machine().result().sql(), "savepoint s");
}

TEST(preamble, of_a_statement_that_fails_is_over) {
    const auto held =
        script{}
            .sends("Parse Bind Execute Parse Bind Execute Bind Execute Sync")
            .receives(executed("BEGIN") + executed("SAVEPOINT") +
                      be::error_response("22012", "division by zero") + be::ready_for_query('E'))
            .fails(make_error_code("22012"_sqlstate), false)
            .run(beginning);
    EXPECT_TRUE(held->session.preamble.empty());
    EXPECT_EQ(held->machine().result().retry(), tusk::retry_advice::never);
}

TEST(preamble, stays_when_the_statement_is_never_sent) {
    const auto refusing = fixtures([](query_fixture& f) {
        f.prepared();
        f.session.preamble = {"begin"};
        f.source->failing_with = tusk::failure{errc::invalid_argument, "no"};
    });
    const auto held = script{}.fails(errc::invalid_argument, false).run(refusing);
    EXPECT_EQ(held->session.preamble, std::vector<std::string>{"begin"});
    EXPECT_FALSE(held->session.output_pending());
}

TEST(preamble, is_over_when_the_arguments_turn_out_wrong_after_describing) {
    const auto refusing = fixtures([](query_fixture& f) {
        f.session.preamble = {"begin"};
        f.source->failing_with = tusk::failure{errc::invalid_argument, "no"};
    });
    const auto held = script{}
                          .sends("Parse Bind Execute Parse Describe Sync")
                          .receives(executed("BEGIN") + be::parse_complete() + query_fixture::description() +
                                    be::ready_for_query('T'))
                          .fails(errc::invalid_argument, false)
                          .run(refusing);
    EXPECT_TRUE(held->session.preamble.empty());
}

TEST(preamble, of_a_script_stands_in_front_of_its_text) {
    class simple_fixture final : public holding<tusk::protocol::simple_query> {
    public:
        recording_sink sink;
    };
    const make_fixture make = [] {
        auto f = std::make_unique<simple_fixture>();
        f->session.transaction = tusk::transaction_status::idle;
        f->session.preamble = {"begin"};
        f->held = std::make_unique<tusk::protocol::simple_query>(f->session, "select 1", f->sink, true);
        return f;
    };
    const auto held =
        script{}
            .sends_bytes(be::message('Q', be::text("begin; select 1")))
            .receives(be::command_complete("BEGIN") + be::row_description({{"a"}}) + be::data_row({"1"}) +
                      be::command_complete("SELECT 1") + be::ready_for_query('T'))
            .done()
            .run(make);
    EXPECT_TRUE(held->session.preamble.empty());
}

} // namespace query_modes_test
