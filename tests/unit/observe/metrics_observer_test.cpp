#include <tusk/observe/metrics_observer.hpp>

#include <thread>

#include <gtest/gtest.h>

#include "events.hpp"
#include <tusk/observe/detail/labels.hpp>
#include <tusk/observe/prometheus.hpp>

namespace metrics_observer_test {

using namespace std::chrono_literals;
using namespace tusk::observe;
using tusk::acquire_result;
using tusk::close_reason;
using tusk::failure;

class metrics_observer_test : public ::testing::Test {
protected:
    /// The value of one series, by its name and labels as exposed; "absent" when it is not there.
    std::string value(const std::string& series) const {
        const auto text = "\n" + to_prometheus(in);
        const auto at = text.find("\n" + series + " ");
        if (at == std::string::npos) return "absent";
        const auto from = at + series.size() + 2;
        return text.substr(from, text.find('\n', from) - from);
    }

    registry in;
    metrics_observer observer{in};
};

failure server_failure(std::string sqlstate) {
    tusk::server_error e;
    e.sqlstate = std::move(sqlstate);
    return failure{std::move(e)};
}

TEST_F(metrics_observer_test, times_queries_by_type_and_table) {
    events::query(observer, "SELECT", "users", 5ms);
    events::query(observer, "SELECT", "users", 300ms);
    events::query(observer, "INSERT", "", 1ms);
    EXPECT_EQ(
        value("postgres_query_duration_seconds_bucket{query_type=\"select\",table=\"users\",le=\"0.005\"}"),
        "1");
    EXPECT_EQ(
        value("postgres_query_duration_seconds_bucket{query_type=\"select\",table=\"users\",le=\"0.25\"}"),
        "1");
    EXPECT_EQ(
        value("postgres_query_duration_seconds_bucket{query_type=\"select\",table=\"users\",le=\"0.5\"}"),
        "2");
    EXPECT_EQ(value("postgres_query_duration_seconds_sum{query_type=\"select\",table=\"users\"}"), "0.305");
    EXPECT_EQ(value("postgres_query_duration_seconds_count{query_type=\"insert\",table=\"none\"}"), "1");
}

TEST_F(metrics_observer_test, counts_queries_by_status) {
    const auto duplicate = server_failure("23505");
    events::query(observer, "SELECT", "users", 1ms);
    events::query(observer, "SELECT", "users", 1ms);
    events::query(observer, "", "users", 1ms, &duplicate);
    EXPECT_EQ(value("postgres_queries_total{query_type=\"select\",table=\"users\",status=\"ok\"}"), "2");
    EXPECT_EQ(value("postgres_queries_total{query_type=\"unknown\",table=\"users\",status=\"error\"}"), "1");
    EXPECT_EQ(value("postgres_query_duration_seconds_count{query_type=\"unknown\",table=\"users\"}"), "1");
}

TEST_F(metrics_observer_test, counts_a_copy_as_a_query_even_when_it_fails) {
    const auto duplicate = server_failure("23505");
    events::copy(observer, "users", 3ms);
    events::copy(observer, "", 3ms, &duplicate);
    EXPECT_EQ(value("postgres_queries_total{query_type=\"copy\",table=\"users\",status=\"ok\"}"), "1");
    EXPECT_EQ(value("postgres_queries_total{query_type=\"copy\",table=\"none\",status=\"error\"}"), "1");
    EXPECT_EQ(value("postgres_query_duration_seconds_count{query_type=\"copy\",table=\"users\"}"), "1");
    EXPECT_EQ(value("postgres_errors_total{class=\"23\",sqlstate=\"23505\"}"), "1");
}

TEST_F(metrics_observer_test, counts_errors_by_class_and_sqlstate) {
    const auto duplicate = server_failure("23505");
    const auto foreign_key = server_failure("23503");
    const failure lost{tusk::errc::connection_lost, "gone"};
    const failure refused{std::make_error_code(std::errc::connection_refused), "refused"};
    events::query(observer, "", "users", 1ms, &duplicate);
    events::query(observer, "", "users", 1ms, &duplicate);
    events::query(observer, "", "users", 1ms, &foreign_key);
    events::query(observer, "", "", 1ms, &lost);
    events::connect(observer, "main", 1ms, &refused);
    EXPECT_EQ(value("postgres_errors_total{class=\"23\",sqlstate=\"23505\"}"), "2");
    EXPECT_EQ(value("postgres_errors_total{class=\"23\",sqlstate=\"23503\"}"), "1");
    EXPECT_EQ(value("postgres_errors_total{class=\"connection_lost\",sqlstate=\"none\"}"), "1");
    EXPECT_EQ(value("postgres_errors_total{class=\"system\",sqlstate=\"none\"}"), "1");
}

TEST_F(metrics_observer_test, counts_connections_that_were_made) {
    const failure lost{tusk::errc::connect_failed, "nobody listens"};
    events::connect(observer, "main", 20ms);
    events::connect(observer, "main", 7s, &lost);
    EXPECT_EQ(value("postgres_connections_created_total{pool=\"main\"}"), "1");
    EXPECT_EQ(value("postgres_connection_create_duration_seconds_sum{pool=\"main\"}"), "0.02");
    EXPECT_EQ(value("postgres_errors_total{class=\"connect_failed\",sqlstate=\"none\"}"), "1");
}

TEST_F(metrics_observer_test, counts_connections_that_were_closed_by_reason) {
    for (const auto reason : {close_reason::lifetime, close_reason::idle, close_reason::broken,
                              close_reason::reset_failed, close_reason::health, close_reason::shutdown})
        events::close(observer, "main", reason);
    events::close(observer, "main", close_reason::idle);
    for (const std::string reason : {"lifetime", "broken", "reset_failed", "health", "shutdown"})
        EXPECT_EQ(value("postgres_connections_closed_total{pool=\"main\",reason=\"" + reason + "\"}"), "1");
    EXPECT_EQ(value("postgres_connections_closed_total{pool=\"main\",reason=\"idle\"}"), "2");
}

TEST_F(metrics_observer_test, counts_acquires_by_result) {
    for (const auto result : {acquire_result::ok, acquire_result::timeout, acquire_result::canceled,
                              acquire_result::closed, acquire_result::circuit_open, acquire_result::failed})
        events::acquire(observer, "main", 10ms, result);
    for (const std::string result : {"ok", "timeout", "canceled", "closed", "circuit_open", "failed"})
        EXPECT_EQ(value("postgres_acquires_total{pool=\"main\",result=\"" + result + "\"}"), "1");
}

TEST_F(metrics_observer_test, times_waiting_but_not_refusals_at_once) {
    events::acquire(observer, "main", 250ms);
    events::acquire(observer, "main", 5s, acquire_result::timeout);
    events::acquire(observer, "main", 0ms, acquire_result::circuit_open);
    events::acquire(observer, "main", 0ms, acquire_result::closed);
    EXPECT_EQ(value("postgres_connection_wait_duration_seconds_count{pool=\"main\"}"), "2");
    EXPECT_EQ(value("postgres_connection_wait_duration_seconds_sum{pool=\"main\"}"), "5.25");
}

TEST_F(metrics_observer_test, times_how_long_leases_were_held) {
    events::release(observer, "main", 125ms);
    EXPECT_EQ(value("postgres_connection_use_duration_seconds_sum{pool=\"main\"}"), "0.125");
}

TEST_F(metrics_observer_test, shows_health_as_it_is_now_and_counts_failures) {
    events::health(observer, "main", true);
    EXPECT_EQ(value("postgres_health_status{pool=\"main\"}"), "1");
    EXPECT_EQ(value("postgres_health_check_failures_total{pool=\"main\"}"), "absent");
    events::health(observer, "main", false);
    events::health(observer, "main", false);
    EXPECT_EQ(value("postgres_health_status{pool=\"main\"}"), "0");
    EXPECT_EQ(value("postgres_health_check_failures_total{pool=\"main\"}"), "2");
    events::health(observer, "main", true);
    EXPECT_EQ(value("postgres_health_status{pool=\"main\"}"), "1");
    EXPECT_EQ(value("postgres_health_check_failures_total{pool=\"main\"}"), "2");
}

TEST_F(metrics_observer_test, shows_the_breaker_and_counts_retries_pressure_and_leaks) {
    tusk::breaker_event change;
    change.pool = "main";
    change.to = tusk::breaker_state::open;
    observer.breaker_changed(change);
    EXPECT_EQ(value("postgres_circuit_breaker_state{pool=\"main\"}"), "2");
    change.to = tusk::breaker_state::closed;
    observer.breaker_changed(change);
    EXPECT_EQ(value("postgres_circuit_breaker_state{pool=\"main\"}"), "0");

    tusk::retry_event again;
    again.pool = "main";
    observer.retried(again);
    EXPECT_EQ(value("postgres_retries_total{pool=\"main\"}"), "1");

    tusk::pressure_event pressure;
    pressure.pool = "main";
    observer.under_pressure(pressure);
    EXPECT_EQ(value("postgres_pool_pressure_total{pool=\"main\",kind=\"usage\"}"), "1");

    tusk::leak_event leak;
    leak.pool = "main";
    observer.leaked(leak);
    leak.returned = true;
    observer.leaked(leak);
    EXPECT_EQ(value("postgres_leaked_leases_total{pool=\"main\"}"), "1");
}

TEST_F(metrics_observer_test, keeps_pools_apart) {
    events::acquire(observer, "main", 1ms);
    events::acquire(observer, "replica", 1ms);
    events::acquire(observer, "replica", 1ms);
    events::acquire(observer, "", 1ms);
    EXPECT_EQ(value("postgres_acquires_total{pool=\"main\",result=\"ok\"}"), "1");
    EXPECT_EQ(value("postgres_acquires_total{pool=\"replica\",result=\"ok\"}"), "2");
    EXPECT_EQ(value("postgres_acquires_total{pool=\"none\",result=\"ok\"}"), "1");
}

TEST_F(metrics_observer_test, names_the_build) {
    const auto text = to_prometheus(in);
    EXPECT_NE(text.find("postgres_build_info{version=\""), std::string::npos);
    EXPECT_EQ(text.find("postgres_build_info{version=\"\""), std::string::npos);
}

TEST_F(metrics_observer_test, two_observers_share_one_registry) {
    metrics_observer second{in};
    events::query(observer, "SELECT", "users", 1ms);
    events::query(second, "SELECT", "users", 1ms);
    EXPECT_EQ(value("postgres_queries_total{query_type=\"select\",table=\"users\",status=\"ok\"}"), "2");
}

TEST_F(metrics_observer_test, many_tables_do_not_make_many_series) {
    for (int i = 0; i < 130; ++i) events::query(observer, "SELECT", "t" + std::to_string(i), 1ms);
    EXPECT_EQ(value("postgres_queries_total{query_type=\"select\",table=\"other\",status=\"ok\"}"), "30");
    EXPECT_EQ(value("postgres_query_duration_seconds_count{query_type=\"select\",table=\"other\"}"), "30");
}

TEST_F(metrics_observer_test, loses_nothing_when_four_threads_work) {
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; ++t)
            threads.emplace_back([&] {
                for (int i = 0; i < 2'000; ++i) {
                    events::query(observer, i % 2 == 0 ? "SELECT" : "UPDATE", "users", 1ms);
                    events::acquire(observer, "main", 1ms);
                }
            });
    }
    EXPECT_EQ(value("postgres_queries_total{query_type=\"select\",table=\"users\",status=\"ok\"}"), "4000");
    EXPECT_EQ(value("postgres_queries_total{query_type=\"update\",table=\"users\",status=\"ok\"}"), "4000");
    EXPECT_EQ(value("postgres_connection_wait_duration_seconds_count{pool=\"main\"}"), "8000");
}

TEST(query_type, is_the_lower_case_first_word_of_the_command_tag) {
    EXPECT_EQ(detail::query_type("SELECT", false), "select");
    EXPECT_EQ(detail::query_type("INSERT 0 1", false), "insert");
    EXPECT_EQ(detail::query_type("CREATE TABLE", false), "create");
    EXPECT_EQ(detail::query_type("merge", false), "merge");
    EXPECT_EQ(detail::query_type("ROLLBACK", true), "rollback");
    EXPECT_EQ(detail::query_type("ALTER", false), "alter");
    EXPECT_EQ(detail::query_type("VACUUM", false), "vacuum");
}

TEST(query_type, start_transaction_is_a_begin) {
    EXPECT_EQ(detail::query_type("START TRANSACTION", false), "begin");
}

TEST(query_type, comes_from_a_fixed_set) {
    EXPECT_EQ(detail::query_type("FROBNICATE", false), "other");
    EXPECT_EQ(detail::query_type("SELECTED", false), "other");
    EXPECT_EQ(detail::query_type("A_WORD_LONGER_THAN_ANY_COMMAND", false), "other");
    EXPECT_EQ(detail::query_type("", false), "other") << "an empty query has no tag";
}

TEST(query_type, is_unknown_when_a_failed_statement_has_no_tag) {
    EXPECT_EQ(detail::query_type("", true), "unknown");
}

} // namespace metrics_observer_test
