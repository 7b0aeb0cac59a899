// Statements of several callers on one connection: each its own transaction, error, deadline and fate.
#include "algo_test.hpp"

#include <cstring>

#include <gtest/gtest.h>

#include <tusk/protocol/shared_run.hpp>

using namespace algo;
using tusk::errc;
using tusk::failure;
using tusk::make_error_code;
using tusk::sent_state;
using tusk::protocol::event_kind;
using tusk::protocol::shared_end;
using namespace tusk::literals;

namespace shared_run_test {

class statement final : public tusk::protocol::shared_statement {
public:
    statement(tusk::protocol::known_statement what, std::string n)
        : text{std::move(what)}, name{std::move(n)} {
        text.arguments = {"5"};
    }
    tusk::protocol::query_source& source() noexcept override { return text; }
    tusk::protocol::reply_sink& sink() noexcept override { return rows; }
    text_source text;
    recording_sink rows;
    std::string name;
    failure given_up;
    failure result;
    shared_end end = shared_end::over;
    bool over = false;
};

/// Gives its statements in turn, at most `limit` at a time.
class feed_fixture final : public holding<tusk::protocol::shared_run>, public tusk::protocol::shared_feed {
public:
    explicit feed_fixture(std::size_t statements, bool prepared = true, std::size_t limit = 3)
        : limit_{limit} {
        session.transaction = tusk::transaction_status::idle;
        session.cancel_key.assign(4, std::byte{1});
        const auto text = registry.intern(query_fixture::sql).text;
        registry.describe(text, query_fixture::known_description());
        const auto known = registry.intern(query_fixture::sql);
        if (prepared) session.statements.insert(known.text, known.description, session.to_close);
        for (std::size_t i = 0; i < statements; ++i)
            all.push_back(std::make_unique<statement>(known, std::string(1, static_cast<char>('a' + i))));
        held = std::make_unique<tusk::protocol::shared_run>(session, registry, *this);
        request = false;
    }
    tusk::protocol::shared_statement* next(std::size_t in_flight) override {
        if (in_flight >= limit_ || next_ == all.size()) return nullptr;
        return all[next_++].get();
    }
    void finished(tusk::protocol::shared_statement& which, failure f, shared_end end) override {
        auto& s = dynamic_cast<statement&>(which);
        EXPECT_FALSE(s.over) << s.name << " is finished twice";
        s.over = true;
        s.result = std::move(f);
        s.end = end;
        order += s.name;
    }
    failure given_up(const tusk::protocol::shared_statement& which) override {
        return dynamic_cast<const statement&>(which).given_up;
    }
    statement& at(std::size_t i) { return *all[i]; }

    tusk::protocol::statement_registry registry;
    std::vector<std::unique_ptr<statement>> all;
    std::string order;

private:
    std::size_t limit_;
    std::size_t next_ = 0;
};

feed_fixture& feed_of(fixture& f) { return dynamic_cast<feed_fixture&>(f); }
make_fixture feeding(std::size_t statements, bool prepared = true, std::size_t limit = 3) {
    return [=] { return std::make_unique<feed_fixture>(statements, prepared, limit); };
}
std::string one(const char* id) {
    return be::bind_complete() + be::data_row({id, "eve"}) + be::command_complete("SELECT 1") +
           be::ready_for_query();
}
const std::string bes = "Bind Execute Sync";
const std::string three = bes + " " + bes + " " + bes;

TEST(shared_run, statements_travel_together_and_answers_find_their_callers) {
    const auto s = script{}.sends(three).receives(one("1") + one("2") + one("3")).done();
    s.run_however_cut(feeding(3), [](fixture& f) {
        auto& feed = feed_of(f);
        EXPECT_EQ(feed.order, "abc");
        for (std::size_t i = 0; i < 3; ++i) {
            EXPECT_FALSE(feed.at(i).result);
            EXPECT_EQ(feed.at(i).rows.rows, std::vector<std::string>{std::to_string(i + 1) + ",eve"});
        }
    });
}

TEST(shared_run, an_answer_makes_room_for_the_next_statement) {
    const auto held = script{}
                          .sends(bes + " " + bes)
                          .receives(one("1"))
                          .sends(bes)
                          .receives(one("2") + one("3"))
                          .done()
                          .run(feeding(3, true, 2));
    EXPECT_EQ(feed_of(*held).order, "abc");
}

TEST(shared_run, an_error_is_its_statements_own) {
    const auto held =
        script{}
            .sends(three)
            .receives(one("1") + be::bind_complete() + be::error_response("22012", "division by zero") +
                      be::ready_for_query() + one("3"))
            .done()
            .run(feeding(3));
    auto& feed = feed_of(*held);
    EXPECT_FALSE(feed.at(0).result);
    EXPECT_EQ(feed.at(1).result.code(), make_error_code("22012"_sqlstate));
    EXPECT_EQ(feed.at(1).result.sql(), query_fixture::sql);
    EXPECT_EQ(feed.at(1).result.sent(), sent_state::answered);
    EXPECT_EQ(feed.at(1).end, shared_end::over);
    EXPECT_FALSE(feed.at(2).result);
}

TEST(shared_run, an_error_at_the_end_of_a_transaction_is_its_statements_own) {
    const auto held = script{}
                          .sends(bes)
                          .receives(be::bind_complete() + be::command_complete("INSERT 0 1") +
                                    be::error_response("23503", "deferred") + be::ready_for_query())
                          .done()
                          .run(feeding(1));
    EXPECT_EQ(feed_of(*held).at(0).result.code(), make_error_code("23503"_sqlstate));
}

TEST(shared_run, a_statement_is_parsed_once_for_all) {
    const auto held =
        script{}
            .sends("Parse Describe Bind Execute Sync " + bes + " " + bes)
            .receives(be::parse_complete() + query_fixture::description() + one("1") + one("2") + one("3"))
            .done()
            .run(feeding(3, false));
    EXPECT_EQ(feed_of(*held).order, "abc");
    EXPECT_EQ(held->session.statements.size(), 1U);
}

TEST(shared_run, statements_that_vanished_are_to_be_executed_again) {
    const auto gone =
        be::error_response("26000", "prepared statement does not exist") + be::ready_for_query();
    const auto held = script{}.sends(three).receives(gone + gone + gone).done().run(feeding(3));
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(feed_of(*held).at(i).end, shared_end::again);
}

TEST(shared_run, a_statement_whose_arguments_do_not_fit_sends_nothing) {
    const make_fixture make = [] {
        auto f = std::make_unique<feed_fixture>(3);
        f->at(1).text.failing_with = failure{errc::value_out_of_range, "no"};
        return f;
    };
    const auto held = script{}.sends(bes + " " + bes).receives(one("1") + one("3")).done().run(make);
    EXPECT_EQ(feed_of(*held).order, "bac");
    EXPECT_EQ(feed_of(*held).at(1).result.code(), errc::value_out_of_range);
    EXPECT_EQ(feed_of(*held).at(1).result.sent(), sent_state::none);
}

TEST(shared_run, a_lost_connection_takes_what_was_on_it_and_says_how_far_each_got) {
    const auto held = script{}.sends(three).receives(one("1")).event(event_kind::failed).run(feeding(3));
    auto& feed = feed_of(*held);
    EXPECT_FALSE(feed.at(0).result);
    for (std::size_t i = 1; i < 3; ++i) {
        EXPECT_EQ(feed.at(i).result.sent(), sent_state::complete);
        EXPECT_EQ(feed.at(i).end, shared_end::over);
    }
    EXPECT_TRUE(held->session.broken);
}

TEST(shared_run, what_never_left_is_to_be_executed_again) {
    feed_fixture f{2};
    f.held->resume({event_kind::start, {}});
    const auto half = f.session.pending_output().size() / 2;
    f.session.sent(half); // the first one, exactly
    f.held->resume({event_kind::failed, failure{errc::connection_lost, "gone"}});
    EXPECT_EQ(f.at(0).result.sent(), sent_state::complete);
    EXPECT_EQ(f.at(0).end, shared_end::over);
    EXPECT_EQ(f.at(1).result.sent(), sent_state::none);
    EXPECT_EQ(f.at(1).end, shared_end::again);
}

TEST(shared_run, a_fatal_error_is_about_the_statement_that_was_executed) {
    const auto held =
        script{}
            .sends(three)
            .receives(one("1") +
                      be::error_response({{'S', "FATAL"}, {'V', "FATAL"}, {'C', "57P01"}, {'M', "bye"}}))
            .fails(make_error_code("57P01"_sqlstate), true)
            .run(feeding(3));
    auto& feed = feed_of(*held);
    EXPECT_FALSE(feed.at(0).result);
    EXPECT_EQ(feed.at(1).result.code(), make_error_code("57P01"_sqlstate));
    EXPECT_EQ(feed.at(2).result.code(), errc::connection_lost);
    EXPECT_EQ(feed.at(2).result.sent(), sent_state::complete);
}

TEST(shared_run, a_waiting_statement_that_is_given_up_leaves_and_disturbs_nobody) {
    feed_fixture f{3};
    f.held->resume({event_kind::start, {}});
    f.session.discard_output();
    f.at(1).given_up = failure{errc::timeout, "late"};
    EXPECT_EQ(f.held->resume({event_kind::poked, {}}).kind, tusk::protocol::action_kind::transfer);
    EXPECT_EQ(f.order, "b");
    EXPECT_EQ(f.at(1).result.code(), errc::timeout);
    EXPECT_EQ(f.at(1).result.sent(), sent_state::complete);
    const auto answers = one("1") + one("2") + one("3");
    const auto room = f.session.input.prepare();
    std::memcpy(room.data(), answers.data(), answers.size());
    f.session.input.commit(answers.size());
    EXPECT_EQ(f.held->resume({event_kind::transferred, {}}).kind, tusk::protocol::action_kind::done);
    EXPECT_EQ(f.order, "bac");
    EXPECT_TRUE(f.at(1).rows.rows.empty());
    EXPECT_EQ(f.at(2).rows.rows, std::vector<std::string>{"3,eve"});
}

TEST(shared_run, a_given_up_statement_that_the_server_works_on_is_cancelled_and_its_neighbour_is_not_blamed) {
    const make_fixture make = [] {
        auto f = std::make_unique<feed_fixture>(4, true, 2);
        f->at(0).given_up = failure{errc::canceled, "enough"};
        return f;
    };
    const auto canceled =
        be::error_response("57014", "canceling statement due to user request") + be::ready_for_query();
    const auto held = script{}
                          .sends(bes + " " + bes)
                          .event(event_kind::poked)
                          .wants_cancel_request()
                          .receives(one("1") + canceled) // the cancel came late and hit the second one
                          .event(event_kind::cancel_finished)
                          .sends("Sync")
                          .receives(be::ready_for_query())
                          .done()
                          .run(make);
    auto& feed = feed_of(*held);
    EXPECT_EQ(feed.order, "ab") << "the others are for the next run";
    EXPECT_EQ(feed.at(0).result.code(), errc::canceled);
    EXPECT_EQ(feed.at(1).end, shared_end::again);
    EXPECT_FALSE(held->session.broken);
}

TEST(shared_run, every_given_up_statement_is_cancelled_when_its_turn_comes) {
    const make_fixture make = [] {
        auto f = std::make_unique<feed_fixture>(3);
        f->at(0).given_up = f->at(1).given_up = failure{errc::canceled, "enough"};
        return f;
    };
    const auto canceled =
        be::error_response("57014", "canceling statement due to user request") + be::ready_for_query();
    const auto held = script{}
                          .sends(three)
                          .event(event_kind::poked)
                          .wants_cancel_request()
                          .receives(be::bind_complete() + canceled)
                          .event(event_kind::cancel_finished)
                          .wants_cancel_request()
                          .receives(be::bind_complete() + canceled + one("3"))
                          .event(event_kind::cancel_finished)
                          .sends("Sync")
                          .receives(be::ready_for_query())
                          .done()
                          .run(make);
    EXPECT_EQ(feed_of(*held).order, "abc");
    EXPECT_FALSE(feed_of(*held).at(2).result);
}

TEST(shared_run, a_server_that_does_not_obey_loses_its_connection) {
    const make_fixture make = [] {
        auto f = std::make_unique<feed_fixture>(2);
        f->at(0).given_up = failure{errc::timeout, "late"};
        return f;
    };
    const auto held = script{}
                          .sends(bes + " " + bes)
                          .event(event_kind::poked)
                          .wants_cancel_request()
                          .event(event_kind::timed_out)
                          .run(make);
    EXPECT_TRUE(feed_of(*held).at(1).result);
    EXPECT_EQ(feed_of(*held).at(1).result.sent(), sent_state::complete);
    EXPECT_TRUE(held->session.broken);
}

} // namespace shared_run_test
