// What becomes of rows: one, maybe, all, each, stream; and rows that do not fit.
#include <tusk/client/sinks.hpp>
#include <tusk/testing/scripted_server.hpp> // the builders of messages

#include <gtest/gtest.h>

using namespace tusk::detail;
using tusk::errc;
using tusk::make_error_code;
using tusk::protocol::flow;
namespace be = tusk::testing::backend;

namespace sinks_test {

struct user {
    int id = 0;
    std::optional<std::string> name;
};

tusk::protocol::description_ptr users() {
    std::vector<tusk::wire::column_description> columns(2);
    columns[0].name = "id";
    columns[0].type_oid = 23;
    columns[1].name = "name";
    columns[1].type_oid = 25;
    // The query keeps the description for as long as its sink is used; here it is kept for good.
    static const auto description = std::make_shared<const tusk::protocol::statement_description>(
        std::vector<std::uint32_t>{}, std::move(columns));
    return description;
}

/// A row of id (int4, binary) and name (text).
std::string row(int id, std::optional<std::string> name) {
    return be::data_row({be::number(std::int32_t{id}), std::move(name)}).substr(5);
}

template <class Sink>
tusk::failure prepare(Sink& sink) {
    std::span<const std::int16_t> formats;
    return sink.prepare(users(), formats);
}
template <class Sink>
flow give(Sink& sink, const std::string& body) {
    return sink.on_row(std::as_bytes(std::span{body}));
}
template <class Sink>
void complete(Sink& sink, const char* tag) {
    const auto message = be::command_complete(tag);
    tusk::wire::command_tag parsed;
    ASSERT_TRUE(tusk::wire::parse_command_complete(std::as_bytes(std::span{message}).subspan(5), parsed));
    sink.on_complete(parsed);
}

TEST(sinks, count_rows_and_know_the_command) {
    exec_sink sink;
    std::span<const std::int16_t> formats;
    ASSERT_FALSE(sink.prepare(users(), formats));
    EXPECT_EQ(give(sink, row(1, "a")), flow::proceed);
    complete(sink, "INSERT 0 7");
    EXPECT_EQ(sink.take().value(), 7U);
    EXPECT_EQ(sink.command(), "INSERT");
    complete(sink, "AVERYLONGCOMMANDTAGOFANEXTENSION");
    EXPECT_EQ(sink.command(), "AVERYLONGCOMMAND");
    EXPECT_EQ(sink.row_count(), 0U);
}

TEST(sinks, ask_for_binary_where_it_can_be_read) {
    all_sink<user> sink;
    std::span<const std::int16_t> formats;
    ASSERT_FALSE(sink.prepare(users(), formats));
    ASSERT_EQ(formats.size(), 2U);
    EXPECT_EQ(formats[0], 1);
}

TEST(sinks, share_the_plan_of_a_description) {
    const auto d = users();
    const auto first = plan_for<user>(*d);
    const auto second = plan_for<user>(*d);
    ASSERT_TRUE(first);
    EXPECT_EQ(*first, *second);
}

TEST(sinks, one_wants_exactly_one) {
    {
        one_sink<user> sink;
        ASSERT_FALSE(prepare(sink));
        EXPECT_EQ(sink.take().error().code(), make_error_code(errc::not_found));
    }
    one_sink<user> sink;
    ASSERT_FALSE(prepare(sink));
    give(sink, row(5, "eve"));
    EXPECT_FALSE(sink.take_failure());
    const auto u = sink.take();
    ASSERT_TRUE(u);
    EXPECT_EQ(u->id, 5);
    EXPECT_EQ(u->name, "eve");
    give(sink, row(6, std::nullopt));
    const auto two = sink.take();
    ASSERT_FALSE(two);
    EXPECT_EQ(two.error().code(), make_error_code(errc::too_many_rows));
    EXPECT_NE(two.error().message().find("2"), std::string::npos);
}

TEST(sinks, maybe_takes_none_or_one) {
    maybe_sink<user> sink;
    ASSERT_FALSE(prepare(sink));
    EXPECT_FALSE(sink.take().value().has_value());
    give(sink, row(5, "eve"));
    EXPECT_EQ(sink.take().value()->id, 5);
    give(sink, row(5, "eve"));
    EXPECT_EQ(sink.take().error().code(), make_error_code(errc::too_many_rows));
}

TEST(sinks, all_keeps_the_order) {
    all_sink<user> sink;
    ASSERT_FALSE(prepare(sink));
    for (int i = 0; i < 100; ++i) give(sink, row(i, std::to_string(i)));
    const auto out = sink.take().value();
    ASSERT_EQ(out.size(), 100U);
    for (int i = 0; i < 100; ++i) EXPECT_EQ(out[static_cast<std::size_t>(i)].name, std::to_string(i));
}

TEST(sinks, a_null_that_does_not_fit_names_its_column) {
    all_sink<std::tuple<int, std::string>> sink;
    ASSERT_FALSE(prepare(sink));
    give(sink, row(1, std::nullopt));
    give(sink, row(2, "later rows are ignored"));
    const auto f = sink.take_failure();
    EXPECT_EQ(f.code(), make_error_code(errc::null_value));
    EXPECT_NE(f.message().find("\"name\""), std::string::npos) << f.message();
}

TEST(sinks, rows_that_do_not_fit_their_description_are_violations) {
    const std::string whole = row(5, "eve");
    std::vector<std::string> bad{be::data_row({"1"}).substr(5), be::data_row({"1", "2", "3"}).substr(5),
                                 whole + "x", ""};
    for (std::size_t n = 1; n < whole.size(); ++n) bad.push_back(whole.substr(0, n));
    auto negative = whole;
    negative[2] = '\xff'; // a length of -2 and the like
    bad.push_back(negative);
    for (const auto& body : bad) {
        all_sink<user> sink;
        ASSERT_FALSE(prepare(sink));
        give(sink, body);
        const auto f = sink.take_failure();
        EXPECT_EQ(f.code(), make_error_code(errc::protocol_violation))
            << body.size() << " bytes: " << f.message();
    }
}

TEST(sinks, each_calls_for_every_row_and_keeps_what_is_thrown_for_the_end) {
    int calls = 0;
    const auto call = [&](const user& u) {
        ++calls;
        if (u.id == 2) throw std::runtime_error{"enough"};
    };
    each_sink<user, decltype(call)> sink{call};
    ASSERT_FALSE(prepare(sink));
    for (int i = 0; i < 5; ++i) EXPECT_EQ(give(sink, row(i, "x")), flow::proceed);
    EXPECT_EQ(calls, 3);
    EXPECT_FALSE(sink.take_failure());
    EXPECT_THROW(static_cast<void>(sink.take()), std::runtime_error);
}

TEST(sinks, a_stream_pauses_after_each_row_until_it_is_abandoned) {
    stream_sink<user> sink;
    ASSERT_FALSE(prepare(sink));
    EXPECT_EQ(give(sink, row(1, "a")), flow::pause);
    EXPECT_EQ(sink.row->id, 1);
    EXPECT_EQ(give(sink, row(2, "b")), flow::pause);
    EXPECT_EQ(sink.row->id, 2);
    sink.abandoned = true;
    EXPECT_EQ(give(sink, row(3, "c")), flow::proceed);
    EXPECT_EQ(sink.row->id, 2);
}

TEST(sinks, a_stream_does_not_pause_for_a_row_that_cannot_be_read) {
    stream_sink<std::tuple<int, std::string>> sink;
    ASSERT_FALSE(prepare(sink));
    EXPECT_EQ(give(sink, row(1, std::nullopt)), flow::proceed);
    EXPECT_FALSE(sink.row.has_value());
    EXPECT_EQ(give(sink, row(2, "b")), flow::proceed);
    EXPECT_EQ(sink.take_failure().code(), make_error_code(errc::null_value));
}

template <class Sink>
void reject_rows_that_are_none() {
    for (const auto& body :
         {be::number(std::uint16_t{1}) + be::number(std::int32_t{4}) +
              be::number(std::int32_t{1}), // one column
          row(1, "a") + "x", row(1, "a").substr(0, 12), std::string{}, std::string{"\0", 1},
          be::number(std::uint16_t{2}) + be::number(std::int32_t{4}) + be::number(std::int32_t{1}) +
              be::number(std::int32_t{-2})}) {
        Sink sink;
        ASSERT_FALSE(prepare(sink));
        EXPECT_EQ(give(sink, body), flow::reject) << body.size();
        EXPECT_EQ(sink.take_failure().code(), make_error_code(errc::protocol_violation));
    }
    Sink sink;
    ASSERT_FALSE(prepare(sink));
    const auto null_id = be::data_row({std::nullopt, "a"}).substr(5);
    EXPECT_NE(give(sink, null_id), flow::reject) << "a value that does not fit is the caller's business";
    EXPECT_EQ(sink.take_failure().code(), make_error_code(errc::null_value));
}

TEST(sinks, reject_rows_that_do_not_fit_their_own_description) {
    reject_rows_that_are_none<maybe_sink<user>>();
    reject_rows_that_are_none<one_sink<user>>();
    reject_rows_that_are_none<all_sink<user>>();
    reject_rows_that_are_none<stream_sink<user>>();
}

} // namespace sinks_test
