#include <boost/json/parse.hpp>

#include <services/talk/migrations.hpp>
#include <tusk/migrate.hpp>

#include "support.hpp"

namespace api_test {

using namespace talk_test;

class api : public tusk::testing::database_test {
protected:
    void SetUp() override {
        database_test::SetUp();
        talk.emplace(url());
        ASSERT_TRUE(talk->becomes_ready());
    }
    void TearDown() override {
        talk.reset();
        database_test::TearDown();
    }
    json::object make_user(const std::string& email = "ann@example.org") {
        return object_of(talk->ask("POST", "/users", R"({"email":")" + email + R"(","name":"Ann"})"));
    }
    std::optional<running_talk> talk;
};

TEST_F(api, creates_reads_changes_and_deletes_users) {
    const auto made = talk->ask("POST", "/users", R"({"email":"Ann@Example.org","name":"Ann"})");
    EXPECT_EQ(made.status(), 201u);
    const auto row = object_of(made);
    const auto path = "/users/" + std::to_string(id_of(row));
    EXPECT_EQ(made.headers().find("Location"), path);
    EXPECT_EQ(text_of(row, "email"), "ann@example.org");
    EXPECT_EQ(text_of(object_of(talk->ask("GET", path)), "name"), "Ann");
    EXPECT_EQ(text_of(object_of(talk->ask("PATCH", path, R"({"name":"Anna"})")), "name"), "Anna");
    EXPECT_EQ(talk->ask("DELETE", path).status(), 204u);
    EXPECT_EQ(talk->ask("GET", path).status(), 404u);
    EXPECT_EQ(talk->ask("DELETE", path).status(), 404u);
    EXPECT_EQ(talk->ask("POST", path + "/restore").status(), 200u);
    EXPECT_EQ(talk->ask("DELETE", path + "?force=true").status(), 204u);
    EXPECT_EQ(talk->ask("POST", path + "/restore").status(), 404u);
}

TEST_F(api, maps_errors_to_statuses) {
    make_user();
    const auto twin = talk->ask("POST", "/users", R"({"email":"ann@example.org","name":"B"})");
    EXPECT_EQ(twin.status(), 409u);
    EXPECT_EQ(text_of(object_of(twin).at("error").as_object(), "message"), "user already exists");
    for (const auto* body : {"{", "[]", "1", R"({"email":"x@y"})", R"({"email":1,"name":"x"})",
                             R"({"email":"nobody","name":"x"})", R"({"email":"x@y","name":""})"})
        EXPECT_EQ(talk->ask("POST", "/users", body).status(), 400u) << body;
    const auto long_name = R"({"email":"x@y","name":")" + std::string(201, 'n') + R"("})";
    EXPECT_EQ(talk->ask("POST", "/users", long_name).status(), 400u);
    for (const auto* path : {"/users/x", "/users/0", "/users/-1", "/users?limit=0", "/users?cursor=zz"})
        EXPECT_EQ(talk->ask("GET", path).status(), 400u) << path;
    EXPECT_EQ(talk->ask("GET", "/users/999999").status(), 404u);
    EXPECT_EQ(talk->ask("PUT", "/users").status(), 405u);
    const auto said = [&](const char* method, const char* path, const char* body) {
        const auto answer = talk->ask(method, path, body);
        return std::to_string(answer.status()) + " " +
               std::string{text_of(object_of(answer).at("error").as_object(), "message")};
    };
    EXPECT_EQ(said("POST", "/conversations", R"({"user_id":999999,"topic":"x"})"), "404 user not found");
    EXPECT_EQ(said("GET", "/users/999999", ""), "404 user not found");
    EXPECT_EQ(said("GET", "/conversations/999999/messages", ""), "404 conversation not found");
    EXPECT_EQ(said("POST", "/users", R"({"email":"nobody","name":"x"})"),
              "400 email: an address such as ann@example.org is wanted");
}

TEST_F(api, ignores_what_it_does_not_know) {
    EXPECT_EQ(talk->ask("POST", "/users", R"({"email":"x@y","name":"x","newer":{"a":[1]}})").status(), 201u);
    EXPECT_EQ(talk->ask("GET", "/users?newer=1").status(), 200u);
}

TEST_F(api, hides_what_went_wrong_inside) {
    connect().script("alter table messages rename to elsewhere");
    const auto user = id_of(make_user());
    const auto broken =
        talk->ask("POST", "/conversations", R"({"topic":"x","user_id":)" + std::to_string(user) + "}");
    EXPECT_EQ(broken.status(), 500u);
    EXPECT_EQ(broken.body().find("messages"), std::string::npos) << broken.body();
    EXPECT_EQ(broken.body().find("relation"), std::string::npos);
}

TEST_F(api, carries_a_conversation_from_start_to_end) {
    const auto user = std::to_string(id_of(make_user()));
    const auto started = talk->ask("POST", "/conversations",
                                   R"({"user_id":)" + user + R"(,"topic":"Food","first_message":"hi"})");
    EXPECT_EQ(started.status(), 201u);
    const auto path = "/conversations/" + std::to_string(id_of(object_of(started)));
    EXPECT_EQ(object_of(started).at("messages").as_array().size(), 2u);
    EXPECT_EQ(talk->ask("POST", path + "/messages", R"({"role":"assistant","content":"hello"})").status(),
              201u);
    std::string many = R"({"messages":[)";
    for (int i = 0; i < 60; ++i) many += (i ? "," : "") + std::string{R"({"role":"user","content":"again"})"};
    EXPECT_EQ(object_of(talk->ask("POST", path + "/messages", many + "]}")).at("messages").as_array().size(),
              60u);

    std::size_t seen = 0;
    std::string cursor;
    do {
        const auto page = object_of(
            talk->ask("GET", path + "/messages?limit=25" + (cursor.empty() ? "" : "&cursor=" + cursor)));
        seen += page.at("messages").as_array().size();
        cursor = page.at("next_cursor").is_null() ? "" : text_of(page, "next_cursor");
    } while (!cursor.empty());
    EXPECT_EQ(seen, 63u);

    EXPECT_EQ(talk->ask("PATCH", path + "/end").status(), 200u);
    EXPECT_EQ(talk->ask("POST", path + "/messages", R"({"role":"user","content":"late"})").status(), 409u);
    EXPECT_EQ(talk->ask("PATCH", path + "/end").status(), 409u);
    const auto listed = object_of(talk->ask("GET", "/conversations?open=false&user_id=" + user));
    EXPECT_EQ(listed.at("conversations").as_array().size(), 1u);
    const auto whole = object_of(talk->ask("GET", "/users/" + user + "?include_all=true"));
    EXPECT_EQ(whole.at("conversations").as_array().size(), 1u);
    EXPECT_TRUE(whole.at("settings").is_null());
}

TEST_F(api, stores_settings) {
    const auto path = "/users/" + std::to_string(id_of(make_user())) + "/settings";
    EXPECT_EQ(text_of(object_of(talk->ask("GET", path)), "locale"), "en");
    EXPECT_EQ(talk->ask("PUT", path, R"({"locale":"de","daily_goal_minutes":45})").status(), 200u);
    EXPECT_EQ(object_of(talk->ask("GET", path)).at("daily_goal_minutes").as_int64(), 45);
    EXPECT_EQ(talk->ask("PUT", path, R"({"locale":"!"})").status(), 400u);
    EXPECT_EQ(talk->ask("PUT", path, R"({"daily_goal_minutes":1441})").status(), 400u);
    EXPECT_EQ(talk->ask("GET", "/users/999/settings").status(), 404u);
}

TEST_F(api, tells_how_it_is) {
    EXPECT_EQ(talk->ask("GET", "/livez").status(), 200u);
    const auto verbose = talk->ask("GET", "/readyz?verbose").body();
    EXPECT_EQ(verbose, "[+]postgres ok\n[+]tables ok\n[+]shutdown ok\nreadyz check passed\n");
    const auto metrics = talk->ask("GET", "/metrics").body();
    EXPECT_NE(metrics.find("talk_http_requests_total{method=\"GET\",route=\"/readyz\",status=\"200\"}"),
              std::string::npos);
    EXPECT_NE(metrics.find("postgres_connections_max"), std::string::npos);
}

TEST_F(api, is_not_ready_with_an_older_schema) {
    auto connection = connect();
    connection.script(
        "delete from atlas_schema_revisions.atlas_schema_revisions where version = '20250101000004'");
    const auto answer = talk->ask("GET", "/readyz");
    EXPECT_EQ(answer.status(), 503u);
    EXPECT_NE(answer.body().find("has version 20250101000003, expected 20250101000004"), std::string::npos)
        << answer.body();
    EXPECT_EQ(talk->ask("GET", "/livez").status(), 200u);
}

TEST_F(api, answers_504_when_the_database_is_slow_and_503_when_there_is_none) {
    talk.emplace(url(),
                 "database: {statement_timeout: 2s, max_conns: 1, min_conns: 0, acquire_timeout: 150ms}\n");
    ASSERT_TRUE(talk->becomes_ready());
    const auto user = std::to_string(id_of(make_user()));
    auto holder = connect();
    holder.script("begin; lock table conversations in access exclusive mode");
    EXPECT_EQ(talk->ask("GET", "/conversations?user_id=" + user).status(), 504u);
    std::thread occupant{[&] {
        // Another client takes the only connection for as long as the lock lasts.
        running_talk* other = &*talk;
        asio::io_context context;
        tusk::http::client client{context.get_executor()};
        const tusk::http::client_request ask{"GET", other->url("/conversations?user_id=" + user)};
        auto done = asio::co_spawn(context, client.send(ask), asio::use_future);
        context.run();
        EXPECT_EQ(done.get().status(), 504u);
    }};
    EXPECT_TRUE(eventually(
        [&] { return holder.one<std::int64_t>("select count(*) from pg_locks where not granted") == 1; }));
    const auto answer = talk->ask("GET", "/users/" + user);
    EXPECT_EQ(answer.status(), 503u);
    EXPECT_EQ(answer.headers().find("Retry-After"), "1");
    occupant.join();
    holder.script("rollback");
    EXPECT_EQ(talk->ask("GET", "/users/" + user).status(), 200u);
}

TEST_F(api, several_at_once_migrate_once) {
    const auto other = tusk::testing::database::create();
    std::vector<std::unique_ptr<running_talk>> many;
    for (int i = 0; i < 4; ++i) many.push_back(std::make_unique<running_talk>(other.url()));
    for (auto& one : many) EXPECT_TRUE(one->becomes_ready());
    auto connection = other.connect();
    EXPECT_EQ(
        connection.one<std::int64_t>(
            "select count(*) from atlas_schema_revisions.atlas_schema_revisions where version like '2025%'"),
        4);
}

} // namespace api_test
