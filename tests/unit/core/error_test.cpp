// Failures as values, the exception, and what the conditions tell apart.
#include <tusk/core/error.hpp>

#include <gtest/gtest.h>

#include <set>
#include <sstream>

using tusk::condition;
using tusk::errc;
using tusk::failure;
using tusk::make_error_code;
using tusk::sqlstate;

namespace error_test {

TEST(failure_text, is_what_streams_and_tests_show) {
    const failure late{errc::timeout, "too late"};
    std::ostringstream out;
    out << late;
    EXPECT_EQ(out.str(), "too late");
    EXPECT_EQ(testing::PrintToString(late), "too late");
    EXPECT_NE(testing::PrintToString(tusk::result<int>{late}).find("too late"), std::string::npos);
}

constexpr int last_errc = static_cast<int>(errc::environment);
constexpr int last_condition = static_cast<int>(condition::unavailable);

/// Codes that a condition matches, "23505" or the number of an errc.
struct row {
    condition which;
    std::vector<const char*> states;
    std::vector<errc> codes;
};

const std::vector<row>& table() {
    using enum condition;
    static const std::vector<row> rows{
        {duplicate, {"23505"}, {}},
        {foreign_key, {"23503"}, {}},
        {not_null, {"23502"}, {errc::null_value}},
        {check, {"23514"}, {}},
        {exclusion, {"23P01"}, {}},
        {integrity, {"23000", "23001", "23502", "23503", "23505", "23514", "23P01"}, {}},
        {invalid_input,
         {"22000", "22001", "22003", "22P02", "22021", "23502", "23514"},
         {errc::invalid_argument, errc::value_out_of_range}},
        {not_found, {}, {errc::not_found}},
        {too_many_rows, {}, {errc::too_many_rows}},
        {undefined_table, {"42P01"}, {}},
        {undefined_column, {"42703"}, {}},
        {duplicate_table, {"42P07"}, {}},
        {syntax_error, {"42601"}, {}},
        {serialization_failure, {"40001"}, {}},
        {deadlock, {"40P01"}, {}},
        {lock_timeout, {"55P03"}, {}},
        {read_only, {"25006"}, {}},
        {too_many_connections, {"53300"}, {}},
        {out_of_memory, {"53200"}, {}},
        {authentication, {"28000", "28P01"}, {errc::auth_failed, errc::auth_unsupported}},
        {tls, {}, {errc::tls_refused, errc::tls_failed, errc::tls_certificate}},
        {cannot_connect,
         {"57P03", "53300"},
         {errc::connect_failed, errc::host_not_found, errc::no_suitable_host, errc::tls_refused,
          errc::tls_failed, errc::tls_certificate}},
        {connection_lost,
         {"08000", "08001", "08003", "08004", "08006", "08P01", "57P01", "57P02", "57P05"},
         {errc::connection_lost}},
        {timeout, {}, {errc::timeout, errc::pool_timeout}},
        {canceled, {"57014"}, {errc::canceled}},
        {in_doubt, {"40003"}, {errc::in_doubt}},
        {pool_timeout, {}, {errc::pool_timeout}},
        {pool_closed, {}, {errc::pool_closed}},
        {circuit_open, {}, {errc::circuit_open}},
        {protocol_violation, {"08P01"}, {errc::protocol_violation}},
        {unavailable,
         {"53000", "53100", "53200", "53300", "53400", "57P01", "57P02", "57P03", "57P05", "08000", "08001",
          "08003", "08004", "08006", "08P01"},
         {errc::connect_failed, errc::host_not_found, errc::no_suitable_host, errc::tls_refused,
          errc::tls_failed, errc::tls_certificate, errc::connection_lost, errc::pool_timeout,
          errc::pool_closed, errc::circuit_open}},
    };
    return rows;
}

std::set<std::string> all_states() {
    std::set<std::string> out{"00000", "01000", "0A000", "21000", "25P02", "26000", "34000", "3D000",
                              "42000", "42P05", "54000", "55006", "57000", "57P04", "58030", "XX000"};
    for (const auto& r : table()) out.insert(r.states.begin(), r.states.end());
    return out;
}

tusk::server_error duplicate_error() {
    tusk::server_error e;
    e.severity = "ERROR";
    e.sqlstate = "23505";
    e.message = "duplicate key value violates unique constraint \"users_pkey\"";
    e.detail = "Key (id)=(1) already exists.";
    e.hint = "use another";
    e.constraint = "users_pkey";
    return e;
}

TEST(conditions, match_exactly_the_codes_of_the_table) {
    ASSERT_EQ(table().size(), static_cast<std::size_t>(last_condition));
    for (const auto& r : table()) {
        const std::set<std::string> states{r.states.begin(), r.states.end()};
        const std::set<errc> codes{r.codes.begin(), r.codes.end()};
        for (const auto& text : all_states())
            EXPECT_EQ(make_error_code(*sqlstate::parse(text)) == r.which, states.contains(text))
                << text << " and condition " << static_cast<int>(r.which);
        for (int i = 1; i <= last_errc; ++i)
            EXPECT_EQ(make_error_code(static_cast<errc>(i)) == r.which, codes.contains(static_cast<errc>(i)))
                << make_error_code(static_cast<errc>(i)).message() << " and condition "
                << static_cast<int>(r.which);
    }
}

TEST(conditions, are_not_confused_by_other_categories) {
    for (int i = 1; i <= last_condition; ++i)
        for (const int value : {0, 1, i, make_error_code(*sqlstate::parse("23505")).value()})
            EXPECT_FALSE((std::error_code{value, std::generic_category()} == static_cast<condition>(i)));
}

TEST(error_codes, all_have_a_text_of_their_own) {
    std::set<std::string> texts;
    for (int i = 1; i <= last_errc; ++i) {
        const auto text = make_error_code(static_cast<errc>(i)).message();
        EXPECT_EQ(text.find("unknown tusk error"), std::string::npos) << i;
        texts.insert(text);
    }
    EXPECT_EQ(texts.size(), static_cast<std::size_t>(last_errc));
    EXPECT_NE(make_error_code(static_cast<errc>(last_errc + 1)).message().find("unknown tusk error"),
              std::string::npos);
}

TEST(failures, are_empty_by_default) {
    const failure f;
    EXPECT_FALSE(f);
    EXPECT_EQ(f.server(), nullptr);
    EXPECT_EQ(f.sql(), "");
    EXPECT_EQ(f.sent(), tusk::sent_state::none);
    EXPECT_EQ(f.retry(), tusk::retry_advice::never);
}

TEST(failures, of_the_server_keep_every_field_and_make_one_line) {
    const failure f{duplicate_error()};
    EXPECT_EQ(f.code(), condition::duplicate);
    ASSERT_NE(f.server(), nullptr);
    EXPECT_EQ(f.server()->constraint, "users_pkey");
    EXPECT_EQ(f.sent(), tusk::sent_state::answered);
    for (const char* part : {"duplicate key", "[23505]", "already exists", "use another"})
        EXPECT_NE(f.message().find(part), std::string::npos) << f.message();
    EXPECT_EQ(f.message().find('\n'), std::string::npos);
}

TEST(failures, of_a_server_without_a_proper_sqlstate_are_violations) {
    for (const char* state : {"", "23", "abcde", "00000"}) {
        auto e = duplicate_error();
        e.sqlstate = state;
        EXPECT_EQ(failure{e}.code(), make_error_code(errc::protocol_violation)) << state;
    }
}

TEST(failures, are_values_a_changed_copy_leaves_the_original_alone) {
    failure a{errc::timeout, "too late"};
    a.set_sql("select 1");
    failure b = a;
    b.add_context("connecting")
        .set_sql("select 2")
        .set_sent(tusk::sent_state::partial, tusk::retry_advice::safe);
    b.set_code(make_error_code(errc::in_doubt));
    EXPECT_EQ(a.message(), "too late");
    EXPECT_EQ(a.sql(), "select 1");
    EXPECT_EQ(a.sent(), tusk::sent_state::none);
    EXPECT_EQ(a.code(), make_error_code(errc::timeout));
    EXPECT_EQ(b.message(), "connecting: too late");
    EXPECT_EQ(b.sql(), "select 2");
    EXPECT_EQ(b.retry(), tusk::retry_advice::safe);
    const failure c = std::move(b);
    EXPECT_EQ(c.message(), "connecting: too late");
    EXPECT_EQ(c.time(), failure{c}.time());
}

TEST(failures, without_a_message_have_that_of_their_code) {
    failure f{make_error_code(errc::timeout)};
    EXPECT_EQ(f.message(), "deadline exceeded");
    f.add_context("waiting");
    EXPECT_EQ(f.message(), "waiting: deadline exceeded");
}

TEST(errors, are_system_errors_with_everything_in_them) {
    failure f{duplicate_error()};
    f.set_sql("insert into users …").set_sent(tusk::sent_state::answered, tusk::retry_advice::never);
    try {
        tusk::throw_if(f);
        FAIL() << "nothing was thrown";
    } catch (const std::system_error& e) {
        EXPECT_EQ(e.code(), condition::duplicate);
        EXPECT_EQ(std::string{e.what()}, f.message());
        const auto& own = dynamic_cast<const tusk::error&>(e);
        EXPECT_TRUE(own.is(condition::integrity));
        EXPECT_EQ(own.sql(), "insert into users …");
        EXPECT_EQ(own.server()->detail, "Key (id)=(1) already exists.");
    }
    EXPECT_NO_THROW(tusk::throw_if(failure{}));
}

TEST(errors, are_thrown_by_results) {
    tusk::result<int> good = 3;
    EXPECT_EQ(good.value(), 3);
    tusk::result<int> bad = failure{errc::not_found, "no row"};
    EXPECT_THROW(
        {
            try {
                static_cast<void>(bad.value());
            } catch (const tusk::error& e) {
                EXPECT_EQ(e.code(), make_error_code(errc::not_found));
                throw;
            }
        },
        tusk::error);
    static_assert(std::is_nothrow_copy_constructible_v<tusk::error>);
}

} // namespace error_test
