// One call of a verb: arguments are encoded when it is made, or kept until the statement is described.
#include <tusk/client/request.hpp>

#include <gtest/gtest.h>

using namespace std::chrono_literals;
using tusk::errc;
using tusk::make_error_code;
using tusk::options;
using tusk::request;
using tusk::protocol::description_ptr;
using tusk::protocol::statement_description;
using tusk::protocol::statement_registry;

namespace request_test {

constexpr std::uint32_t int4 = 23;
constexpr std::uint32_t text = 25;

description_ptr with_parameters(std::vector<std::uint32_t> types) {
    return std::make_shared<const statement_description>(std::move(types),
                                                         std::vector<tusk::wire::column_description>{});
}

std::string values_of(const tusk::wire::bound_values& v) {
    return {reinterpret_cast<const char*>(v.values.data()), v.values.size()};
}

/// What the arguments are for a statement described like this.
template <class... A>
std::string encoded(std::vector<std::uint32_t> types, const A&... args) {
    statement_registry registry;
    request r{registry.intern("select"), options{}, args...};
    tusk::wire::bound_values out;
    const auto f = r.arguments_for(with_parameters(std::move(types)), out);
    return f ? f.message() : values_of(out);
}

using namespace std::string_literals;

TEST(request, encodes_at_once_what_is_described_already) {
    statement_registry registry;
    const auto description = with_parameters({int4, text});
    registry.describe(registry.intern("select $1, $2").text, description);
    request r{registry.intern("select $1, $2"), options{}, 5, "x"};
    EXPECT_FALSE(r.take_failure());
    EXPECT_EQ(r.known_description(), description);
    EXPECT_EQ(r.argument_count(), 2U);
    tusk::wire::bound_values out;
    ASSERT_FALSE(r.arguments_for(description, out));
    EXPECT_EQ(values_of(out), "\0\0\0\4\0\0\0\5\0\0\0\1x"s);
    ASSERT_EQ(out.formats.size(), 2U);
    EXPECT_EQ(out.formats[0], 1) << "integers go in binary";
}

TEST(request, keeps_arguments_until_the_statement_is_described) {
    EXPECT_EQ(encoded({int4, text}, 5, "x"), "\0\0\0\4\0\0\0\5\0\0\0\1x"s);
    EXPECT_EQ(encoded({int4}, std::optional<int>{}), "\xff\xff\xff\xff"s);
    EXPECT_EQ(encoded({}), "");
}

TEST(request, owns_what_it_was_given_by_view) {
    statement_registry registry;
    std::string volatile_text = "before";
    request r{registry.intern(std::string{"select $1"}), options{}, std::string_view{volatile_text}};
    volatile_text = "after!";
    tusk::wire::bound_values out;
    ASSERT_FALSE(r.arguments_for(with_parameters({text}), out));
    EXPECT_EQ(values_of(out), "\0\0\0\6before"s);
    EXPECT_EQ(r.text()->text, "select $1");
}

TEST(request, encodes_again_for_another_description) {
    statement_registry registry;
    request r{registry.intern("select $1"), options{}, 7};
    tusk::wire::bound_values out;
    ASSERT_FALSE(r.arguments_for(with_parameters({int4}), out));
    EXPECT_EQ(values_of(out), "\0\0\0\4\0\0\0\7"s);
    ASSERT_FALSE(r.arguments_for(with_parameters({20}), out));
    EXPECT_EQ(values_of(out), "\0\0\0\x08\0\0\0\0\0\0\0\7"s) << "int8 now";
}

TEST(request, counts_the_arguments) {
    EXPECT_EQ(encoded({int4, int4}, 5), "the statement has 2 parameters, 1 argument was given");
    EXPECT_EQ(encoded({int4}, 5, 6), "the statement has 1 parameter, 2 arguments were given");
    EXPECT_EQ(encoded({int4}), "the statement has 1 parameter, 0 arguments were given");
    EXPECT_EQ(encoded({}, 5), "the statement has 0 parameters, 1 argument was given");
}

TEST(request, names_the_argument_that_does_not_fit) {
    const auto too_large = encoded({int4, 21}, 5, 70000);
    EXPECT_NE(too_large.find("$2"), std::string::npos) << too_large;
    EXPECT_EQ(too_large.find("70000"), std::string::npos) << "values are never shown";
}

TEST(request, reports_at_once_what_cannot_be_encoded_for_a_known_statement) {
    statement_registry registry;
    registry.describe(registry.intern("select $1").text, with_parameters({21}));
    request r{registry.intern("select $1"), options{}, 70000};
    EXPECT_EQ(r.take_failure().code(), make_error_code(errc::value_out_of_range));
    EXPECT_FALSE(r.take_failure()) << "once";
}

TEST(request, that_was_encoded_for_types_that_changed_asks_to_be_called_again) {
    statement_registry registry;
    registry.describe(registry.intern("select $1").text, with_parameters({int4}));
    request r{registry.intern("select $1"), options{}, 5};
    tusk::wire::bound_values out;
    EXPECT_FALSE(r.arguments_for(with_parameters({int4}), out)) << "another description of the same types";
    const auto f = r.arguments_for(with_parameters({text}), out);
    EXPECT_EQ(f.code(), make_error_code(errc::type_mismatch));
    EXPECT_EQ(f.retry(), tusk::retry_advice::safe);
}

TEST(request, moves_with_its_arguments) {
    statement_registry registry;
    request first{registry.intern("select $1"), options{}, "kept"};
    request second{std::move(first)};
    request third{registry.intern("select 2"), options{}};
    third = std::move(second);
    tusk::wire::bound_values out;
    ASSERT_FALSE(third.arguments_for(with_parameters({text}), out));
    EXPECT_EQ(values_of(out), "\0\0\0\4kept"s);
}

// ---- options
// --------------------------------------------------------------------------------------------------

TEST(options, a_timeout_begins_when_the_call_begins) {
    const auto d = options{}.timeout(1h).deadline_from_now(5s);
    EXPECT_GT(d.remaining(), 59min);
    EXPECT_LE(d.remaining(), 1h);
}

TEST(options, without_a_timeout_the_fallback_counts) {
    EXPECT_LE(options{}.deadline_from_now(5s).remaining(), 5s);
    EXPECT_TRUE(options{}.deadline_from_now(0s).is_never());
}

TEST(options, zero_lifts_the_fallback) {
    EXPECT_TRUE(options{}.timeout(0s).deadline_from_now(5s).is_never());
    EXPECT_TRUE(options{}.timeout(-1s).deadline_from_now(5s).is_never());
}

TEST(options, the_earlier_of_timeout_and_point_in_time_counts) {
    const auto soon = tusk::deadline::in(1s);
    const auto late = tusk::deadline::in(1h);
    EXPECT_EQ(options{}.until(soon).timeout(1min).deadline_from_now(0s), soon);
    EXPECT_LE(options{}.until(late).timeout(1min).deadline_from_now(0s).remaining(), 1min);
    EXPECT_EQ(options{}.until(soon).deadline_from_now(1h), soon) << "also against the fallback";
    EXPECT_EQ(options{}.until(late).timeout(0s).deadline_from_now(1s), late)
        << "zero lifts the timeout, not the point in time";
}

TEST(options, of_a_request_can_be_tightened) {
    statement_registry registry;
    request r{registry.intern("select 1"), options{}.timeout(1h).table("users")};
    const auto soon = tusk::deadline::in(1s);
    r.limit(soon);
    EXPECT_EQ(r.call_options().deadline_from_now(0s), soon);
    EXPECT_EQ(r.call_options().table(), "users");
}

} // namespace request_test
