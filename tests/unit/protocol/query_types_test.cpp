// A query whose source has questions about types: when they are asked, and what comes of the answers.
#include "algo_test.hpp"

#include <gtest/gtest.h>

using namespace algo;
using tusk::errc;
using tusk::make_error_code;
using tusk::protocol::exec_mode;
using namespace tusk::literals;

namespace query_types_test {

constexpr const char* ask = "Parse Bind Execute Sync";

std::string two_rows() {
    return be::bind_complete() + be::data_row({"5", "eve"}) + be::data_row({"6", std::nullopt}) +
           be::command_complete("SELECT 2") + be::ready_for_query();
}
std::string types(int rows, char transaction = 'I') {
    std::string out = be::parse_complete() + be::bind_complete();
    for (int i = 0; i < rows; ++i) out += be::data_row({"x"});
    return out + be::command_complete("SELECT " + std::to_string(rows)) + be::ready_for_query(transaction);
}
std::string described() { return be::parse_complete() + query_fixture::description(); }

template <class Prepare>
make_fixture fixtures(Prepare prepare, int questions = 1) {
    return [prepare, questions] {
        auto f = std::make_unique<query_fixture>();
        prepare(*f);
        f->source->types.left = questions;
        f->questions = static_cast<std::size_t>(questions);
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
    EXPECT_EQ(query_of(f).source->types.left, 0);
}

TEST(query_types, are_asked_before_a_prepared_statement_is_bound) {
    const auto s =
        script{}.sends(ask).receives(types(3)).sends("Bind Execute Sync").receives(two_rows()).done();
    s.run_however_cut(prepared, expect_two_rows);
    s.check_failures_everywhere(prepared);
    const auto held = s.run(prepared);
    EXPECT_EQ(query_of(*held).source->types.rows, 3);
}

TEST(query_types, are_asked_as_often_as_it_takes) {
    const auto twice = fixtures([](query_fixture& f) { f.prepared(); }, 2);
    script{}
        .sends(ask)
        .receives(types(1))
        .sends(ask)
        .receives(types(2))
        .sends("Bind Execute Sync")
        .receives(two_rows())
        .done()
        .run_however_cut(twice, expect_two_rows);
}

TEST(query_types, are_asked_after_the_description) {
    const auto s = script{}
                       .sends("Parse Describe Sync")
                       .receives(described() + be::ready_for_query())
                       .sends(ask)
                       .receives(types(1))
                       .sends("Bind Execute Sync")
                       .receives(two_rows())
                       .done();
    s.run_however_cut(unknown, expect_two_rows);
    s.check_failures_everywhere(unknown);
}

TEST(query_types, travel_with_the_parse_of_a_known_statement) {
    const auto s = script{}
                       .sends("Parse Describe Parse Bind Execute Sync")
                       .receives(described() + types(1))
                       .sends("Bind Execute Sync")
                       .receives(two_rows())
                       .done();
    s.run_however_cut(known, expect_two_rows);
    s.check_failures_everywhere(known);
}

TEST(query_types, a_description_that_turns_out_to_be_stale_is_replaced_in_between) {
    const auto other = be::parse_complete() + be::parameter_description({23}) +
                       be::row_description({{"id", 20, 0}, {"name", 25, 0}});
    const auto held = script{}
                          .sends("Parse Describe Parse Bind Execute Sync")
                          .receives(other + types(1))
                          .sends("Bind Execute Sync")
                          .receives(two_rows())
                          .done()
                          .run(known);
    expect_two_rows(*held);
    EXPECT_EQ(query_of(*held).source->bound_for.back()->columns[0].type_oid, 20U);
}

TEST(query_types, the_unnamed_statement_is_parsed_again_after_them) {
    for (const auto mode : {exec_mode::cache_describe, exec_mode::describe_exec}) {
        const auto unnamed = fixtures([mode](query_fixture& f) { f.session.mode = mode; });
        script{}
            .sends("Parse Describe Sync")
            .receives(described() + be::ready_for_query())
            .sends(ask)
            .receives(types(1))
            .sends("Parse Bind Execute Sync")
            .receives(be::parse_complete() + two_rows())
            .done()
            .run_however_cut(unnamed, expect_two_rows);
    }
}

TEST(query_types, an_answer_that_cannot_be_read_is_the_failure) {
    const auto failing = fixtures([](query_fixture& f) {
        f.prepared();
        f.source->types.failing_with = tusk::failure{errc::protocol_violation, "no types"};
    });
    const auto held =
        script{}.sends(ask).receives(types(1)).fails(errc::protocol_violation, false).run(failing);
    EXPECT_EQ(query_of(*held).held->result().sent(), tusk::sent_state::none) << "nothing was executed";
}

TEST(query_types, an_error_leaves_the_statement_unexecuted) {
    const auto refused = be::error_response("42501", "permission denied") + be::ready_for_query();
    const auto held = script{}
                          .sends("Parse Describe Sync")
                          .receives(described() + be::ready_for_query())
                          .sends(ask)
                          .receives(refused)
                          .fails(make_error_code("42501"_sqlstate), false)
                          .run(unknown);
    EXPECT_TRUE(query_of(*held).sink.rows.empty());
    const auto failed = fixtures([](query_fixture& f) { f.prepared().in_transaction(); });
    script{}
        .sends(ask)
        .receives(be::error_response("25P02", "aborted") + be::ready_for_query('E'))
        .fails(make_error_code("25P02"_sqlstate), false)
        .run_however_cut(failed);
}

TEST(query_types, that_are_distrusted_make_it_start_anew_once) {
    const auto distrusting = fixtures(
        [](query_fixture& f) {
            f.prepared();
            f.source->distrusted = make_error_code("22P03"_sqlstate);
        },
        0);
    const auto wrong = be::error_response("22P03", "wrong number of columns") + be::ready_for_query();
    script{}
        .sends("Bind Execute Sync")
        .receives(wrong)
        .sends("Close Parse Describe Sync")
        .receives(be::close_complete() + described() + be::ready_for_query())
        .sends("Bind Execute Sync")
        .receives(two_rows())
        .done()
        .run_however_cut(distrusting, expect_two_rows);
    script{}
        .sends("Bind Execute Sync")
        .receives(wrong)
        .sends("Close Parse Describe Sync")
        .receives(be::close_complete() + described() + be::ready_for_query())
        .sends("Bind Execute Sync")
        .receives(wrong)
        .fails(make_error_code("22P03"_sqlstate), false)
        .run_however_cut(distrusting);
}

TEST(query_types, a_parameter_type_that_is_gone_makes_it_start_anew) {
    const auto with_none = fixtures([](query_fixture& f) { f.prepared(); }, 0);
    script{}
        .sends("Bind Execute Sync")
        .receives(be::error_response("XX000", "cache lookup failed for type 16390") + be::ready_for_query())
        .sends("Close Parse Describe Sync")
        .receives(be::close_complete() + described() + be::ready_for_query())
        .sends("Bind Execute Sync")
        .receives(two_rows())
        .done()
        .run_however_cut(with_none, expect_two_rows);
}

} // namespace query_types_test
