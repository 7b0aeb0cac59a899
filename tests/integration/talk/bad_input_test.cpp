// Every endpoint of talk, as REST and as a procedure, and what it must not take.
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <services/talk/handlers.hpp>

#include "support.hpp"

namespace bad_input_test {

using namespace talk_test;

const std::string hostile = "x'); drop table users cascade; --";

class bad_input : public tusk::testing::database_test {
protected:
    void SetUp() override {
        database_test::SetUp();
        talk.emplace(url(), "api: {max_request_size: 65536}\n");
        ASSERT_TRUE(talk->becomes_ready());
    }
    void TearDown() override {
        if (talk) { // nothing was lost: the tables are there, and the service works
            EXPECT_EQ(talk->ask("POST", "/users", R"({"email":"after@example.org","name":"A"})").status(),
                      201u);
            talk.reset();
        }
        database_test::TearDown();
    }

    /// Every way to call every endpoint: its method and path, and that of its procedure.
    static std::vector<std::pair<std::string, std::string>> calls(const std::string& id) {
        std::vector<std::pair<std::string, std::string>> out;
        for (const auto& one : tusk::talk::endpoints()) {
            std::string path{one.pattern};
            if (const auto at = path.find("{id}"); at != std::string::npos) path.replace(at, 4, id);
            out.emplace_back(std::string{one.method}, path);
            out.emplace_back("POST", "/talk.v1." + std::string{one.procedure});
        }
        return out;
    }

    tusk::http::client_response send(const std::string& method, const std::string& path,
                                     const std::string& body,
                                     const std::string& type = "application/json") const {
        asio::io_context context;
        const tusk::http::client client{context.get_executor()};
        tusk::http::client_request what{method, talk->url(path)};
        what.body(body, type);
        auto answer = asio::co_spawn(context, client.send(what), asio::use_future);
        context.run();
        return answer.get();
    }

    /// The status, an envelope, and nothing of what is inside.
    static void expect_refusal(const tusk::http::client_response& got, unsigned least, unsigned most,
                               const std::string& what) {
        EXPECT_TRUE(got.status() >= least && got.status() <= most)
            << what << ": " << got.status() << " " << got.body();
        EXPECT_FALSE(got.body().empty()) << what;
        const auto parsed = json::parse(got.body());
        EXPECT_TRUE(parsed.as_object().contains("error") || parsed.as_object().contains("code"))
            << got.body();
        for (const std::string inside : {"SQLSTATE", "relation", "syntax error at", "insert into", ".cpp"})
            EXPECT_EQ(got.body().find(inside), std::string::npos) << what << ": " << got.body();
    }

    std::optional<running_talk> talk;
};

TEST_F(bad_input, bodies_that_are_no_good_are_refused_by_every_endpoint) {
    for (const auto& [method, path] : calls("1")) {
        const auto name = method + " " + path;
        if (method == "GET" || method == "DELETE") continue; // take no body
        expect_refusal(send(method, path, "a=b", "text/plain"), 415, 415, name);
        expect_refusal(send(method, path, std::string(1 << 20, ' ')), 413, 413, name);
        for (const std::string wrong : {"{", "[]", "1", "\"x\"", "null", "{} {}", "{'a':1}",
                                        "{\"a\":\"\xFF\"}", "{\"a\":\"\xC0\x80\"}", "{\"a\":\"\\ud800\"}"})
            expect_refusal(send(method, path, wrong), 400, 400, name + ": " + wrong);
        expect_refusal(send(method, path, std::string(5000, '[')), 400, 400, name + ", nested deeply");
    }
}

TEST_F(bad_input, a_wrong_method_is_405) {
    for (const auto* path : {"/users", "/users/1", "/users/1/settings", "/users/1/restore", "/conversations",
                             "/conversations/1", "/conversations/1/end", "/conversations/1/messages",
                             "/livez", "/readyz", "/metrics", "/talk.v1.UserService/GetUser"}) {
        const auto got = talk->ask("BREW", path);
        expect_refusal(got, 405, 405, path);
        EXPECT_TRUE(got.headers().find("Allow")) << path;
    }
}

TEST_F(bad_input, sql_is_only_text_in_every_path_parameter_and_field) {
    const std::string in_url = "x%27%29%3B%20drop%20table%20users%20cascade%3B%20--";
    for (const auto& [method, path] : calls(in_url)) {
        if (path.find("drop") != std::string::npos) expect_refusal(send(method, path, "{}"), 400, 404, path);
        for (const auto* parameter : {"limit", "cursor", "open", "user_id", "include_all", "x"}) {
            const auto target = path + "?" + parameter + "=" + in_url;
            const auto got = send(method, target, method == "GET" ? "" : "{}");
            // A procedure has no parameters: what stands there is not looked at.
            if (got.status() >= 400) expect_refusal(got, 400, 499, target);
        }
        // One of each kind in each field that any of them knows.
        for (const auto* field : {"id", "email", "name", "user_id", "topic", "first_message", "role",
                                  "content", "locale", "timezone", "limit", "cursor", "messages"}) {
            json::object body;
            body[field] = hostile;
            const auto got = send(method, path, json::serialize(body));
            if (got.status() >= 400) expect_refusal(got, 400, 499, path + " " + field);
        }
    }
    const auto made =
        talk->ask("POST", "/users", R"({"email":"ann@example.org","name":")" + hostile + R"("})");
    ASSERT_EQ(made.status(), 201u) << made.body();
    EXPECT_EQ(text_of(object_of(made), "name"), hostile);
    const auto user = std::to_string(id_of(object_of(made)));
    const auto started = talk->ask("POST", "/conversations",
                                   R"({"user_id":)" + user + R"(,"topic":")" + hostile +
                                       R"(","first_message":")" + hostile + R"("})");
    ASSERT_EQ(started.status(), 201u) << started.body();
    EXPECT_EQ(text_of(object_of(started), "topic"), hostile);
}

TEST_F(bad_input, a_bomb_of_headers_is_431) {
    EXPECT_EQ(talk->ask("GET", "/users", "", "X-Long", std::string(65'530, 'x')).status(), 431u);
}

} // namespace bad_input_test
