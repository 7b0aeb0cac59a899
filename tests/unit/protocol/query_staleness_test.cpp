// What this side knows about a statement may no longer be true: it was deallocated, a pooler gave the session
// away, a table was altered. One retry outside a transaction, none inside, and never after something was
// executed.
#include "algo_test.hpp"

#include <gtest/gtest.h>

using namespace algo;
using tusk::errc;
using tusk::make_error_code;
using namespace tusk::literals;

namespace query_staleness_test {

std::string result_type_changed() {
    return be::error_response({{'S', "ERROR"},
                               {'V', "ERROR"},
                               {'C', "0A000"},
                               {'M', "cached plan must not change result type"},
                               {'R', "RevalidateCachedQuery"}});
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
query_fixture& query_of(fixture& f) { return dynamic_cast<query_fixture&>(f); }

std::string answer(char status = 'I') {
    return be::bind_complete() + be::data_row({"5", "eve"}) + be::command_complete("SELECT 1") +
           be::ready_for_query(status);
}

/// An error before anything was executed, then a fresh Parse of the statement, and its answer.
script retried_after(const std::string& error) {
    return script{}
        .sends("Bind Execute Sync")
        .receives(error + be::ready_for_query())
        .sends("Close Parse Describe Sync")
        .receives(be::close_complete() + be::parse_complete() + query_fixture::description() +
                  be::ready_for_query())
        .sends("Bind Execute Sync")
        .receives(answer());
}

/// The same when a pooler is suspected: nothing stays prepared, and Parse travels along each time.
script unprepared_after(const std::string& first, const std::string& error) {
    return script{}
        .sends(first)
        .receives(error + be::ready_for_query())
        .sends("Parse Describe Sync")
        .receives(be::parse_complete() + query_fixture::description() + be::ready_for_query())
        .sends("Parse Bind Execute Sync")
        .receives(be::parse_complete() + answer());
}

TEST(query_staleness, a_statement_that_vanished_is_executed_without_staying_prepared) {
    const auto gone = be::error_response("26000", "prepared statement does not exist");
    unprepared_after("Bind Execute Sync", gone).done().run_however_cut(prepared, [](fixture& f) {
        EXPECT_EQ(query_of(f).sink.rows, std::vector<std::string>{"5,eve"});
        EXPECT_EQ(f.session.mode, tusk::protocol::exec_mode::cache_describe);
        EXPECT_EQ(f.session.statements.size(), 0U);
    });
}

TEST(query_staleness, a_statement_that_was_deallocated_is_prepared_again) {
    const auto deallocated = fixtures([](query_fixture& f) {
        f.prepared();
        const auto text = f.source->text();
        f.session.statements_gone();
        f.session.statements.insert(text, f.registry->intern(query_fixture::sql).description,
                                    f.session.to_close);
    });
    const auto gone = be::error_response("26000", "prepared statement does not exist");
    retried_after(gone).done().run_however_cut(deallocated, [](fixture& f) {
        EXPECT_EQ(f.session.mode, tusk::protocol::exec_mode::cache_statement);
    });
}

TEST(query_staleness, a_statement_that_changed_is_prepared_again_once) {
    for (const auto& error :
         {result_type_changed(), be::error_response("42704", "type with OID 9999 does not exist"),
          be::error_response("42804", "column is of type text but expression is of type integer")}) {
        const auto s = retried_after(error).done();
        s.run_however_cut(prepared, [](fixture& f) {
            EXPECT_EQ(query_of(f).sink.rows, std::vector<std::string>{"5,eve"});
            EXPECT_NE(f.session.statements.find(*query_of(f).source->text()), nullptr);
        });
    }
}

TEST(query_staleness, the_second_failure_is_reported) {
    const auto gone = be::error_response("26000", "prepared statement does not exist");
    script{}
        .sends("Bind Execute Sync")
        .receives(gone + be::ready_for_query())
        .sends("Parse Describe Sync")
        .receives(be::parse_complete() + query_fixture::description() + be::ready_for_query())
        .sends("Parse Bind Execute Sync")
        .receives(be::parse_complete() + gone + be::ready_for_query())
        .fails(make_error_code("26000"_sqlstate), false)
        .run_however_cut(prepared);
}

TEST(query_staleness, a_statement_that_exists_already_is_executed_without_staying_prepared) {
    const auto there = be::error_response("42P05", "prepared statement already exists");
    unprepared_after("Parse Describe Bind Execute Sync", there).done().run_however_cut(known, [](fixture& f) {
        EXPECT_EQ(f.session.mode, tusk::protocol::exec_mode::cache_describe);
    });
}

TEST(query_staleness, by_a_remembered_description_the_unnamed_statement_needs_one_round_trip) {
    const auto described = fixtures([](query_fixture& f) {
        f.known();
        f.session.mode = tusk::protocol::exec_mode::cache_describe;
    });
    const auto s = script{}
                       .sends("Parse Describe Bind Execute Sync")
                       .receives(be::parse_complete() + query_fixture::description() + answer())
                       .done();
    s.run_however_cut(described, [](fixture& f) { EXPECT_EQ(f.session.statements.size(), 0U); });
}

TEST(query_staleness, without_a_memory_every_statement_is_described_first) {
    const auto forgetful = fixtures([](query_fixture& f) {
        f.known();
        f.session.mode = tusk::protocol::exec_mode::describe_exec;
    });
    const auto s = script{}
                       .sends("Parse Describe Sync")
                       .receives(be::parse_complete() + query_fixture::description() + be::ready_for_query())
                       .sends("Parse Bind Execute Sync")
                       .receives(be::parse_complete() + answer())
                       .done();
    s.run_however_cut(forgetful);
}

TEST(query_staleness, a_wrong_parameter_type_that_another_connection_learnt_is_not_used_for_ever) {
    // The column's type was changed since: Parse with the types of then fails on every new connection.
    const auto s =
        script{}
            .sends("Parse Describe Bind Execute Sync")
            .receives(
                be::error_response("42804", "column is of type text but expression is of type integer") +
                be::ready_for_query())
            .sends("Close Parse Describe Sync")
            .receives(be::close_complete() + be::parse_complete() + be::parameter_description({25}) +
                      be::row_description({{"id", 25, 0}, {"name", 25, 0}}) + be::ready_for_query())
            .sends("Bind Execute Sync")
            .receives(answer())
            .done();
    s.run_however_cut(known, [](fixture& f) {
        const auto now = query_of(f).registry->intern(query_fixture::sql).description;
        ASSERT_NE(now, nullptr);
        EXPECT_EQ(now->parameters, std::vector<std::uint32_t>{25});
    });
}

TEST(query_staleness, inside_a_transaction_nothing_is_retried_but_the_statement_is_forgotten) {
    const auto inside = fixtures([](query_fixture& f) { f.prepared().in_transaction(); });
    for (const auto& error :
         {be::error_response("26000", "prepared statement does not exist"), result_type_changed()}) {
        const auto held =
            script{}.sends("Bind Execute Sync").receives(error + be::ready_for_query('E')).run(inside);
        auto& f = query_of(*held);
        ASSERT_TRUE(f.held->result());
        EXPECT_FALSE(f.session.broken);
        EXPECT_EQ(f.session.statements.find(*f.source->text()), nullptr)
            << "a program that always uses transactions would fail for ever";
        EXPECT_EQ(f.registry->intern(query_fixture::sql).description, nullptr);
        EXPECT_FALSE(f.session.output_pending());
    }
}

TEST(query_staleness, nothing_is_retried_once_something_was_executed) {
    // A function may raise any SQLSTATE, after it has done something.
    for (const auto& error : {be::error_response("26000", "raised by a function"), result_type_changed(),
                              be::error_response("42883", "raised by a function")}) {
        const auto s =
            script{}
                .sends("Bind Execute Sync")
                .receives(be::bind_complete() + be::data_row({"5", "eve"}) + error + be::ready_for_query());
        s.run_however_cut(prepared, [](fixture& f) {
            EXPECT_TRUE(query_of(f).held->result());
            EXPECT_EQ(query_of(f).sink.rows, std::vector<std::string>{"5,eve"});
            EXPECT_FALSE(f.session.output_pending());
        });
    }
}

TEST(query_staleness, an_unsupported_feature_is_no_stale_plan) {
    script{}
        .sends("Bind Execute Sync")
        .receives(be::error_response("0A000", "not supported") + be::ready_for_query())
        .fails(make_error_code("0A000"_sqlstate), false)
        .run_however_cut(prepared);
}

TEST(query_staleness, an_error_of_a_fresh_statement_is_the_statements_own) {
    script{}
        .sends("Parse Describe Sync")
        .receives(be::error_response("42P01", "relation does not exist") + be::ready_for_query())
        .fails(make_error_code("42P01"_sqlstate), false)
        .run_however_cut(fixtures([](query_fixture&) {}));
}

TEST(query_staleness, rows_of_other_columns_than_described_are_dropped_and_reported) {
    const auto changed =
        be::parameter_description({23}) + be::row_description({{"id", 20, 0}, {"name", 25, 0}});
    const auto s = script{}
                       .sends("Parse Describe Bind Execute Sync")
                       .receives(be::parse_complete() + changed + answer())
                       .fails(errc::column_mismatch, false);
    s.run_however_cut(known, [](fixture& f) {
        EXPECT_TRUE(query_of(f).sink.rows.empty());
        EXPECT_EQ(query_of(f).held->result().sent(), tusk::sent_state::answered);
        EXPECT_EQ(query_of(f).held->result().retry(), tusk::retry_advice::never) << "it was executed";
        const auto now = query_of(f).registry->intern(query_fixture::sql).description;
        ASSERT_NE(now, nullptr);
        EXPECT_EQ(now->columns[0].type_oid, 20U) << "the next call reads the new columns";
    });
}

TEST(query_staleness, a_bind_refused_for_other_columns_than_described_is_retried) {
    const auto changed = be::parameter_description({23}) + be::row_description({{"id", 23, 0}});
    const auto s =
        script{}
            .sends("Parse Describe Bind Execute Sync")
            .receives(
                be::parse_complete() + changed +
                be::error_response("08P01", "bind message has 2 result formats but query has 1 columns") +
                be::ready_for_query())
            .sends("Close Parse Describe Sync")
            .receives(be::close_complete() + be::parse_complete() + changed + be::ready_for_query())
            .sends("Bind Execute Sync")
            .receives(be::bind_complete() + be::data_row({"5"}) + be::command_complete("SELECT 1") +
                      be::ready_for_query())
            .done();
    s.run_however_cut(known,
                      [](fixture& f) { EXPECT_EQ(query_of(f).sink.rows, std::vector<std::string>{"5"}); });
}

/// It may be the description that is wrong, and not the caller: the server is asked once more, also in a
/// transaction, for nothing is executed.
TEST(query_staleness, columns_that_do_not_fit_what_is_remembered_are_described_again) {
    const auto does_not_fit = [](query_fixture& f) {
        f.source->failing_with = tusk::failure{errc::column_mismatch, "the statement returns 0 columns"};
    };
    for (const bool in_transaction : {false, true})
        for (const bool is_prepared : {false, true}) {
            const auto failing = fixtures([=](query_fixture& f) {
                if (in_transaction) f.in_transaction();
                is_prepared ? f.prepared() : f.known();
                does_not_fit(f);
            });
            const auto held =
                script{}
                    .sends("Close Parse Describe Sync")
                    .receives(be::close_complete() + be::parse_complete() + query_fixture::description() +
                              be::ready_for_query(in_transaction ? 'T' : 'I'))
                    .fails(errc::column_mismatch, false)
                    .run(failing);
            EXPECT_EQ(query_of(*held).held->result().sent(), tusk::sent_state::none);
            EXPECT_NE(query_of(*held).held->description(), query_fixture::known_description()) << "a new one";
        }
}

TEST(query_staleness, a_text_that_was_interned_anew_is_still_prepared) {
    // The registry forgets the least recently used texts; the connection may still have them prepared.
    const auto held = fixtures([](query_fixture& f) {
        f.registry = std::make_shared<tusk::protocol::statement_registry>(1);
        f.source = std::make_unique<text_source>(f.registry->intern(query_fixture::sql));
        f.source->arguments = {"5"};
        f.prepared();
        static_cast<void>(f.registry->intern("select 1"));
        f.source = std::make_unique<text_source>(f.registry->intern(query_fixture::sql));
        f.source->arguments = {"5"};
    });
    const auto after = script{}.sends("Bind Execute Sync").receives(answer()).done().run(held);
    EXPECT_EQ(after->session.statements.size(), 1U) << "one name at the server, one entry here";
}

} // namespace query_staleness_test
