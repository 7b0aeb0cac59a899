#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <services/talk/arguments.hpp>
#include <services/talk/config.hpp>
#include <services/talk/migrations.hpp>
#include <services/talk/problem.hpp>
#include <services/talk/proto_json.hpp>

namespace talk_test {

using namespace tusk::talk;
namespace json = boost::json;
using tusk::errc;

tusk::error from_server(std::string sqlstate, std::string constraint = {}) {
    tusk::server_error what;
    what.severity = "ERROR";
    what.sqlstate = std::move(sqlstate);
    what.message = "a secret of the server";
    what.constraint = std::move(constraint);
    return tusk::error{tusk::failure{std::move(what)}};
}

TEST(problem, maps_every_error_of_the_seed) {
    struct expectation {
        const char* sqlstate;
        unsigned status;
        const char* connect;
    };
    const expectation all[] = {
        {"23505", 409, "already_exists"},   {"23503", 409, "failed_precondition"},
        {"23502", 400, "invalid_argument"}, {"23514", 400, "invalid_argument"},
        {"22P02", 400, "invalid_argument"}, {"22001", 400, "invalid_argument"},
        {"53300", 503, "unavailable"},      {"53200", 503, "unavailable"},
        {"08000", 503, "unavailable"},      {"08006", 503, "unavailable"},
        {"57P01", 503, "unavailable"},      {"57P03", 503, "unavailable"},
        {"40001", 503, "unavailable"},      {"40P01", 503, "unavailable"},
        {"55P03", 503, "unavailable"},      {"57014", 504, "deadline_exceeded"},
        {"42P01", 500, "internal"},         {"42703", 500, "internal"},
        {"42P07", 500, "internal"},         {"XX000", 500, "internal"},
    };
    for (const auto& one : all) {
        const auto made = problem_of(from_server(one.sqlstate));
        EXPECT_EQ(made.status(), one.status) << one.sqlstate;
        EXPECT_EQ(made.connect_code(), one.connect) << one.sqlstate;
        EXPECT_EQ(made.message().find("secret"), std::string::npos) << one.sqlstate;
    }
}

TEST(problem, maps_what_the_driver_says) {
    const auto status = [](errc code) { return problem_of(tusk::error{code, "said"}).status(); };
    EXPECT_EQ(status(errc::not_found), 404u);
    EXPECT_EQ(status(errc::pool_timeout), 503u);
    EXPECT_EQ(status(errc::pool_closed), 503u);
    EXPECT_EQ(status(errc::circuit_open), 503u);
    EXPECT_EQ(status(errc::connect_failed), 503u);
    EXPECT_EQ(status(errc::connection_lost), 503u);
    EXPECT_EQ(status(errc::timeout), 504u);
    EXPECT_EQ(status(errc::canceled), 504u);
    EXPECT_EQ(status(errc::in_doubt), 500u);
    EXPECT_EQ(status(errc::type_mismatch), 500u);
    EXPECT_EQ(problem_of(tusk::error{errc::invalid_argument, "email: no"}).message(), "email: no");
    EXPECT_EQ(problem_of(tusk::error{errc::invalid_argument, "before_insert: email: no"}).message(),
              "email: no");
    EXPECT_EQ(problem_of(tusk::error{errc::column_mismatch, "a secret"}).message(), "internal server error");
}

TEST(problem, has_words_for_known_constraints) {
    EXPECT_EQ(problem_of(from_server("23505", "users_email_key")).message(), "user already exists");
    EXPECT_EQ(problem_of(from_server("23503", "conversations_user_id_fkey")).message(),
              "there is no such user");
}

TEST(problem, is_said_in_both_protocols) {
    const auto busy = problem_of(tusk::error{errc::pool_timeout, "x"});
    EXPECT_EQ(rest_response(busy, "id").headers().find("Retry-After"), "1");
    EXPECT_NE(rest_response(busy, "id").body().find("SERVICE_UNAVAILABLE"), std::string::npos);
    const auto refused = connect_response(conflict("the conversation has ended"));
    EXPECT_EQ(refused.status(), 400u);
    EXPECT_EQ(refused.body(), R"({"code":"failed_precondition","message":"the conversation has ended"})");
    EXPECT_EQ(connect_response(problem_of(from_server("23505"))).status(), 409u);
}

TEST(user, is_tidied_before_it_is_sent) {
    user row;
    row.email = "  Ann@Example.ORG\n";
    row.name = "\tAnn ";
    EXPECT_FALSE(row.tidy());
    EXPECT_EQ(row.email, "ann@example.org");
    EXPECT_EQ(row.name, "Ann");
    for (const auto* wrong : {"", "ann", "@x", "ann@", "a@b@c", "   "}) {
        row.email = wrong;
        EXPECT_TRUE(row.tidy()) << wrong;
    }
    row.email = "a@b";
    row.name = " \r\n";
    EXPECT_EQ(row.tidy().text(), "name: must not be empty");
}

arguments given(std::string_view text) {
    return arguments{json::parse(json::string_view{text.data(), text.size()}).as_object()};
}

template <class F>
std::string complaint(std::string_view text, F read) {
    try {
        auto in = given(text);
        read(in);
    } catch (const refusal& e) {
        EXPECT_EQ(e.why().status(), 400u);
        return e.what();
    }
    return "none";
}

TEST(arguments, are_typed_and_named) {
    auto in =
        given(R"({"id":"9007199254740993","user_id":7,"name":"x","open":"true","limit":3,"cursor":"c"})");
    EXPECT_EQ(in.id("id"), 9007199254740993);
    EXPECT_EQ(in.id("user_id"), 7);
    EXPECT_EQ(in.text("name"), "x");
    EXPECT_EQ(in.maybe_flag("open"), true);
    EXPECT_EQ(in.maybe_text("nothing"), std::nullopt);
    EXPECT_EQ(in.page().size(), 3);
}

TEST(arguments, complain_with_the_name) {
    for (const auto* wrong : {R"({})", R"({"id":0})", R"({"id":-1})", R"({"id":1.5})", R"({"id":"1x"})",
                              R"({"id":null})", R"({"id":true})", R"({"id":"99999999999999999999"})"})
        EXPECT_EQ(complaint(wrong, [](arguments& in) { in.id("id"); }), "id: a whole number from 1 is wanted")
            << wrong;
    EXPECT_EQ(complaint(R"({"limit":201})", [](arguments& in) { in.page(); }),
              "limit: a whole number from 1 to 200 is wanted");
    EXPECT_EQ(complaint(R"({"name":"a\u0000b"})", [](arguments& in) { in.text("name"); }),
              "name: text without NUL is wanted");
    EXPECT_EQ(complaint(R"({"messages":[{"role":"user","content":"x"},{"role":"user"}]})",
                        [](arguments& in) { in.messages(); }),
              "messages[1].content: is missing");
}

TEST(proto_json, is_what_protobuf_writes) {
    const auto ours = json::parse(R"({"id":7,"user_id":8,"daily_goal_minutes":5,"ended_at":null,
                                      "messages":[{"conversation_id":9,"content":"user_id"}]})");
    EXPECT_EQ(
        json::serialize(to_proto_json(ours)),
        R"({"id":"7","userId":"8","dailyGoalMinutes":5,"messages":[{"conversationId":"9","content":"user_id"}]})");
    const auto theirs =
        json::parse(R"({"userId":"8","first_message":"x","messages":[{"conversationId":1}]})");
    EXPECT_EQ(json::serialize(from_proto_json(theirs.get_object())),
              R"({"user_id":"8","first_message":"x","messages":[{"conversation_id":1}]})");
}

TEST(migrations, in_the_program_are_those_of_the_folder) {
    const auto folder = tusk::migrate::directory::open(TALK_MIGRATIONS).value();
    EXPECT_FALSE(folder.validate()) << "tusk migrate hash --dir file://services/talk/migrations";
    ASSERT_EQ(folder.files().size(), 4u);
    EXPECT_EQ(folder.sum().text(), migrations().sum().text());
    EXPECT_EQ(migrations().latest(), "20250101000004");
}

TEST(config, has_defaults_and_names_every_problem) {
    tusk::common::config_sources from;
    from.file_text("talk.yaml", "api: {max_request_size: 2KiB}\nserver: {threads: 2}\n");
    from.environment(tusk::environment{}.set_os_user("postgres"));
    const auto good = load_config(from);
    ASSERT_TRUE(good) << good.error().text();
    EXPECT_EQ(good->listen, "127.0.0.1:8000");
    EXPECT_EQ(good->max_request_size, 2048u);
    EXPECT_NE(describe(*good).find("api.max_request_size: 2048\n"), std::string::npos);
    from.file_text("talk.yaml", "api: {max_request_size: 1}\nsever: {}\nserver: {threads: none}\n");
    const auto bad = load_config(from);
    ASSERT_FALSE(bad);
    const std::string text{bad.error().text()};
    EXPECT_NE(text.find("talk.yaml:1: api.max_request_size: \"1\": a size from 1KiB to 1GiB"),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("talk.yaml:2: sever: unknown key; did you mean \"server\"?"), std::string::npos)
        << text;
    EXPECT_NE(text.find("talk.yaml:3: server.threads"), std::string::npos) << text;
}

} // namespace talk_test
