// Every endpoint of the description, and what it must not take: a new route is in the table with the day it
// is described.
#include <map>
#include <set>

#include <services/http/auth.hpp>
#include <services/http/digest.hpp>

#include "support.hpp"

namespace bad_input_test {

using namespace alerthist_test;

const std::string hostile = "x'); drop table alerts; drop table alert_events; --";

struct endpoint {
    std::string method;
    std::string path; ///< With a place that does not exist in it.
    std::string role;
    bool has_body = false;
    std::vector<std::string> parameters; ///< Of the query.
};

std::string filled(std::string path, const std::string& with) {
    for (const std::string hole : {"{id}", "{fingerprint}"})
        if (const auto at = path.find(hole); at != std::string::npos) path.replace(at, hole.size(), with);
    return path;
}

std::vector<endpoint> endpoints(const std::string& in_holes = "1") {
    std::vector<endpoint> out;
    for (const auto& path : openapi().at("paths").as_object())
        for (const auto& [method, what] : path.value().as_object()) {
            endpoint one;
            one.method = method;
            for (auto& c : one.method) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
            one.path = filled(std::string{path.key()}, in_holes);
            const auto& described = what.as_object();
            one.role = std::string{described.at("x-role").as_string()};
            one.has_body = described.contains("requestBody");
            if (const auto* parameters = described.if_contains("parameters"))
                for (const auto& parameter : parameters->as_array())
                    if (parameter.at("in") == "query")
                        one.parameters.emplace_back(parameter.at("name").as_string());
            out.push_back(std::move(one));
        }
    return out;
}

/// Streams do not end by themselves.
bool streams(const endpoint& one) { return one.path == "/ws" || one.path == "/api/v1/events/stream"; }

answer raw(std::uint16_t port, const std::string& text) {
    http_connection to{port};
    to.send(text);
    return to.receive();
}

std::string request(const std::string& method, const std::string& target, const std::string& body = {},
                    const std::string& headers = "Content-Type: application/json\r\n") {
    return method + " " + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n" + headers +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

/// The envelope, and nothing of what is inside.
void expect_refusal(const answer& got, int status, const std::string& what) {
    EXPECT_EQ(got.status, status) << what << ": " << got.body;
    ASSERT_EQ(got.body.substr(0, 9), R"({"error":)") << what << ": " << got.body;
    const auto error = got.object().at("error").as_object();
    for (const auto* field : {"code", "message", "request_id", "timestamp"})
        EXPECT_TRUE(error.contains(field)) << what << ": " << got.body;
    for (const std::string inside :
         {"SQLSTATE", "relation ", "syntax error at", "insert into", ".cpp", "terminate"})
        EXPECT_EQ(got.body.find(inside), std::string::npos) << what << ": " << got.body;
}

class bad_input : public testing::Test {
protected:
    void SetUp() override { ASSERT_TRUE(service_.becomes_ready()); }
    void TearDown() override {
        // Nothing was lost: the tables are there, and the service works.
        EXPECT_EQ(get(port(), "/readyz").status, 200);
        const auto before = value(url_, "select count(*)::text from alert_events");
        EXPECT_EQ(post(port(), body{}.firing("after", "2026-01-01T00:00:00Z").text()).status, 200);
        EXPECT_EQ(std::stoi(value(url_, "select count(*)::text from alert_events")), std::stoi(before) + 1);
    }
    std::uint16_t port() const { return service_.port(); }
    answer ask(const std::string& method, const std::string& target, const std::string& body = {},
               const std::string& headers = "Content-Type: application/json\r\n") const {
        return raw(port(), request(method, target, body, headers));
    }

    std::string url_ = new_database();
    running_service service_{url_, "webhook: {max_request_size: 64KiB}\nserver: {read_timeout: 1s}\n"};
};

TEST_F(bad_input, a_wrong_method_is_405_with_those_that_are_right) {
    std::map<std::string, std::set<std::string>> known;
    for (const auto& one : endpoints()) known[one.path].insert(one.method);
    // What these words mean with other methods: a silence, a dead letter of that name.
    for (const std::string word : {"/api/v1/silences/check", "/api/v1/publishing/dead-letters/replay"})
        known[word].merge(std::set{known[word.substr(0, word.rfind('/')) + "/1"]});
    for (const auto& [path, methods] : known)
        for (const std::string method : {"POST", "PUT", "DELETE", "PATCH", "BREW"}) {
            if (methods.contains(method)) continue;
            const auto got = ask(method, path);
            expect_refusal(got, 405, method + " " + path);
            const auto allow = got.headers.find("allow");
            ASSERT_NE(allow, got.headers.end()) << path;
            for (const auto& right : methods)
                EXPECT_NE(allow->second.find(right), std::string::npos) << path << ": " << allow->second;
        }
}

TEST_F(bad_input, bodies_that_are_no_good_are_refused_by_every_endpoint_that_takes_one) {
    std::string deep(500, '[');
    for (const auto& one : endpoints()) {
        if (!one.has_body) continue;
        const auto name = one.method + " " + one.path;
        expect_refusal(ask(one.method, one.path, "a=b", "Content-Type: text/plain\r\n"), 415, name);
        expect_refusal(ask(one.method, one.path, std::string(11 << 20, ' ')), 413, name + ", oversize");
        for (const std::string wrong : {"", "{", "{\"a\":}", "null", "1", "\"text\"", "[1]", "{} {}",
                                        "\xEF\xBB\xBF{}", "{'a':1}", "{\"a\":NaN}"})
            expect_refusal(ask(one.method, one.path, wrong), 400, name + ": " + wrong);
        expect_refusal(ask(one.method, one.path, deep), 400, name + ", nested deeply");
        for (const std::string text : {R"({"name":"%","comment":"%"})", R"([{"labels":{"alertname":"%"}}])",
                                       R"({"version":"4","receiver":"%","alerts":[]})"})
            for (const std::string bytes : {"\xFF", "\xC0\x80", "\xED\xA0\x80", "\\u0000", "\\ud800"})
                expect_refusal(ask(one.method, one.path, replaced(text, "%", bytes)), 400,
                               name + ": " + text);
    }
}

TEST_F(bad_input, sql_is_only_text_in_every_parameter_and_path) {
    for (const auto& one : endpoints(percent_encoded(hostile))) {
        if (streams(one)) continue;
        const auto plain = ask(one.method, one.path, one.has_body ? "{}" : "");
        if (plain.status >= 400 && one.role != "none") expect_refusal(plain, plain.status, one.path);
        EXPECT_LT(plain.status, 500) << one.path;
        for (const auto& parameter : one.parameters) {
            const auto target = one.path + "?" + parameter + "=";
            for (const auto& value : {percent_encoded(hostile), percent_encoded("%' or 1=1 --"),
                                      std::string{"%00"}, std::string{"%FF"}, std::string(4000, '9')}) {
                const auto got = ask(one.method, target + value);
                EXPECT_TRUE(got.status == 200 || (got.status >= 400 && got.status < 500))
                    << target << ": " << got.status;
                if (got.status >= 400) expect_refusal(got, got.status, target);
            }
        }
    }
}

TEST_F(bad_input, sql_is_only_text_in_every_field) {
    const auto text = [](const std::string& pattern) {
        auto out = pattern;
        for (auto at = out.find('%'); at != std::string::npos; at = out.find('%', at + hostile.size()))
            out.replace(at, 1, hostile);
        return out;
    };
    const auto kept = [&](const std::string& path, const std::string& pattern) {
        const auto got = ask("POST", path, text(pattern));
        EXPECT_TRUE(got.status == 200 || got.status == 201) << path << ": " << got.body;
        EXPECT_NE(ask("GET", path).body.find(path == "/webhook" ? "" : "drop table alerts"),
                  std::string::npos)
            << path;
    };
    kept(
        "/webhook",
        R"({"version":"4","receiver":"%","groupKey":"%","alerts":[{"status":"firing","labels":{"alertname":"%",
        "severity":"%","namespace":"%","%":"%"},"annotations":{"%":"%"},"startsAt":"2026-01-01T00:00:00Z","generatorURL":"%"}]})");
    kept("/api/v1/silences", R"({"matchers":[{"name":"alertname","value":"%"}],"created_by":"%","comment":"%",
        "ends_at":"2100-01-01T00:00:00Z"})");
    kept("/api/v1/rules", R"({"name":"%","description":"%","action":"deny","reason":"%",
        "conditions":{"field":"label:%","op":"equals","value":"%"}})");
    kept("/api/v1/classification/rules", R"({"name":"%","severity":"info","confidence":0.5,"category":"%",
        "recommendations":["%"],"conditions":{"field":"alert_name","op":"contains","value":"%"}})");
    kept("/api/v1/inhibition/rules", R"({"name":"%","source_matchers":[{"name":"alertname","value":"%"}],
        "target_matchers":[{"name":"severity","value":"%"}],"equal":["namespace"]})");
    kept("/api/v1/targets",
         R"({"name":"%","format":"webhook","url":"http://127.0.0.1:9/hook","secret":"%"})");
    EXPECT_NE(get(port(), "/api/v1/alerts?name=" + percent_encoded(hostile)).body.find("drop table"),
              std::string::npos);
}

TEST_F(bad_input, unknown_fields_of_alertmanager_are_ignored) {
    EXPECT_EQ(post(port(),
                   R"({"version":"4","news":{"a":[1]},"alerts":[{"status":"firing","labels":{"alertname":"A"},
        "startsAt":"2026-01-01T00:00:00Z","mood":null}]})")
                  .status,
              200);
}

TEST_F(bad_input, bombs_of_headers_are_431_and_slow_clients_408) {
    std::string many;
    for (int i = 0; i < 20'000; ++i) many += "X-" + std::to_string(i) + ": y\r\n";
    for (const auto* path : {"/api/v1/alerts", "/webhook", "/livez"}) {
        EXPECT_EQ(ask("GET", path, "", many).status, 431) << path;
        EXPECT_EQ(ask("GET", path, "", "X-Long: " + std::string(1 << 20, 'x') + "\r\n").status, 431) << path;
        EXPECT_GE(ask("GET", std::string{path} + "?q=" + std::string(1 << 20, 'x')).status, 400) << path;
    }
    http_connection head{port()}, body{port()};
    head.send("GET /api/v1/alerts HTTP/1.1\r\nHost: x\r\n");
    body.send("POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: "
              "100\r\n\r\n{");
    EXPECT_EQ(head.receive().status, 408);
    EXPECT_EQ(body.receive().status, 408);
}

TEST(bad_keys, are_refused_by_every_endpoint_that_wants_one) {
    const auto hash = [](const char* key) { return tusk::http::to_hex(tusk::http::sha256(key)); };
    running_service service{new_database(), "auth:\n  keys: reader:viewer:" + hash("reader-key") +
                                                ", boss:admin:" + hash("boss-key") + "\n"};
    ASSERT_TRUE(service.becomes_ready());
    for (const auto& one : endpoints()) {
        const auto name = one.method + " " + one.path;
        const auto with = [&](const std::string& headers) {
            return raw(service.port(), request(one.method, one.path, one.has_body ? "{}" : "",
                                               "Content-Type: application/json\r\n" + headers));
        };
        if (one.role == "none") {
            if (one.path != "/api/v1/me") {
                EXPECT_NE(with("").status, 401) << name;
            }
            continue;
        }
        expect_refusal(with(""), 401, name + " without a key");
        expect_refusal(with("X-API-Key: wrong\r\n"), 401, name);
        expect_refusal(with("Authorization: Bearer wrong\r\n"), 401, name);
        expect_refusal(with("Authorization: Basic cmVhZGVyLWtleQ==\r\n"), 401, name);
        if (one.role != "viewer")
            expect_refusal(with("X-API-Key: reader-key\r\n"), 403, name + " as a viewer");
    }
}

} // namespace bad_input_test
