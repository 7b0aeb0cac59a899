// Traces and metrics of real sessions with PostgreSQL, sent to a real OTLP server and read back as it decoded
// them: npm's @elastic/mockotlpserver.
#include <array>
#include <cstdlib>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>

#include <tests/temporary_directory.hpp>
#include <tusk/observe/fan_out.hpp>
#include <tusk/observe/metrics_observer.hpp>
#include <tusk/observe/otlp_exporter.hpp>
#include <tusk/observe/pool_gauges.hpp>
#include <tusk/pool.hpp>
#include <tusk/testing/gtest.hpp>

#include "child.hpp"
#include "eventually.hpp"

namespace otlp_test {

using namespace std::chrono_literals;
using namespace tusk::observe;
namespace fs = std::filesystem;
namespace json = boost::json;
namespace asio = boost::asio;

const fs::path npm_folder = TUSK_NPM;
constexpr const char* package = "@elastic/mockotlpserver@0.10.0";

/// The path of a program, or nothing.
std::string program(const std::string& name) {
    std::stringstream folders{std::getenv("PATH") == nullptr ? "" : std::getenv("PATH")};
    for (std::string folder; std::getline(folders, folder, ':');)
        if (fs::exists(fs::path{folder} / name)) return (fs::path{folder} / name).string();
    return "";
}

/// Its HTTP half on a port that the system chooses; what it decodes is printed, a line of JSON each.
constexpr const char* start_server = R"js(
const {MockOtlpServer} = require('@elastic/mockotlpserver');
const print = (kind) => (what) => console.log(kind + ' ' + JSON.stringify(what, (k, v) =>
    typeof v === 'bigint' ? v.toString() : v));
const server = new MockOtlpServer({services: ['http'], httpHostname: '127.0.0.1', httpPort: 0, logLevel: 'warn',
    onTrace: print('trace'), onMetrics: print('metrics')});
server.start().then(() => console.log('listening ' + server.httpUrl + ' '));
)js";

class otlp : public tusk::testing::database_test {
protected:
    void SetUp() override {
        const auto node = program("node");
        if (node.empty()) GTEST_SKIP() << "no Node.js on the PATH: it runs the OTLP server of this test";
        if (!install()) return;
        database_test::SetUp();
        const auto script = folder_.write("server.cjs", start_server);
        fs::create_directory_symlink(npm_folder / "node_modules", folder_.path() / "node_modules");
        server_ = std::make_unique<e2e::child>(std::vector<std::string>{node, script.string()},
                                               folder_.path() / "server.log");
        ASSERT_TRUE(server_->wait_for_output("listening http://")) << server_->output();
        const auto text = server_->output();
        const auto at = text.find("http://");
        endpoint_ = text.substr(at, text.find(' ', at) - at);
        while (endpoint_.ends_with('/')) endpoint_.pop_back();
    }

    /// Installs the server into the build directory, once; false (and the test is skipped) when it cannot.
    static bool install() {
        if (fs::exists(npm_folder / "node_modules/@elastic/mockotlpserver")) return true;
        const auto npm = program("npm");
        fs::create_directories(npm_folder);
        const auto command = "'" + npm + "' install --silent --no-fund --no-audit --prefix '" +
                             npm_folder.string() + "' " + package + " > '" + (npm_folder / "log").string() +
                             "' 2>&1";
        if (!npm.empty() && std::system(command.c_str()) == 0) return true;
        [&] { GTEST_SKIP() << "npm could not install " << package << " into " << npm_folder; }();
        return false;
    }

    otlp_config config() const {
        const std::map<std::string, std::string> variables{{"OTEL_EXPORTER_OTLP_ENDPOINT", endpoint_},
                                                           {"OTEL_SERVICE_NAME", "otlp-test"},
                                                           {"OTEL_RESOURCE_ATTRIBUTES", "service.version=7"}};
        return otlp_config::from_environment([&](std::string_view name) -> std::optional<std::string> {
            const auto found = variables.find(std::string{name});
            return found == variables.end() ? std::nullopt : std::optional{found->second};
        });
    }

    /// What the server has decoded of one kind so far.
    std::vector<json::value> decoded(const std::string& kind) const {
        std::vector<json::value> out;
        std::stringstream lines{server_->output()};
        for (std::string line; std::getline(lines, line);)
            if (line.starts_with(kind + " ")) out.push_back(json::parse(line.substr(kind.size() + 1)));
        return out;
    }

    tests::temporary_directory folder_;
    std::unique_ptr<e2e::child> server_;
    std::string endpoint_;
};

std::string text(const json::value& v) { return json::value_to<std::string>(v); }

/// A number that JSON carries as text or, after decoding, as a number.
std::uint64_t number(const json::value& v) {
    return v.is_string() ? std::stoull(text(v)) : json::value_to<std::uint64_t>(v);
}

std::map<std::string, std::string> attributes(const json::value& of) {
    std::map<std::string, std::string> out;
    for (const auto& a : of.at("attributes").as_array()) {
        const auto& value = a.at("value").as_object();
        out[text(a.at("key"))] = value.contains("stringValue") ? text(value.at("stringValue"))
                                                               : std::to_string(number(value.at("intValue")));
    }
    return out;
}

asio::awaitable<void> work(std::string url, std::shared_ptr<tusk::observer> by, registry& metrics,
                           tracer& spans, otlp_exporter& exporter, bool& flushed) {
    auto db = co_await tusk::pool::open(url, by);
    const auto watching = watch_pool(metrics, [&](pool_gauges& now) {
        const auto s = db.stats();
        now.name = db.config().name();
        now.active = s.in_use;
        now.idle = s.idle;
        now.max = s.max;
    });
    {
        auto request = spans.start(
            "GET /users", tusk::parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
            span_kind::server);
        const auto call = tusk::options{}.trace(request.context()).table("users");
        co_await db.exec(call, "create table users (id int primary key, name text)");
        co_await db.exec(call, "insert into users values ($1, $2), (2, 'b')", 1, std::string{"a"});
        const auto names = co_await db.all<std::string>(call, "select name from users order by id");
        EXPECT_EQ(names.size(), 2U);
        const auto duplicate = co_await db.try_exec(call, "insert into users values (1, 'a secret')");
        EXPECT_FALSE(duplicate);
    }
    flushed = exporter.flush(20s);
    const auto until = tusk::deadline::in(5s);
    co_await db.close(until);
}

TEST_F(otlp, spans_and_metrics_of_a_session_arrive_as_they_were_meant) {
    registry metrics;
    otlp_exporter exporter{config(), &metrics};
    const auto by = fan_out({std::make_shared<metrics_observer>(metrics), exporter.tracer()});
    bool flushed = false;
    tusk::testing::run_async(work(url(), by, metrics, *exporter.tracer(), exporter, flushed), 60s);
    EXPECT_TRUE(flushed) << exporter.stats().last_problem;
    EXPECT_EQ(exporter.stats().last_problem, "");
    ASSERT_TRUE(
        e2e::eventually([&] { return !decoded("trace").empty() && !decoded("metrics").empty(); }, 20s))
        << server_->output();

    const auto traces = decoded("trace").at(0).at("resourceSpans").at(0);
    const auto resource = attributes(traces.at("resource"));
    EXPECT_EQ(resource.at("service.name"), "otlp-test");
    EXPECT_EQ(resource.at("service.version"), "7");
    std::map<std::string, json::value> by_name;
    const auto spans = traces.at("scopeSpans").at(0).at("spans").as_array();
    for (const auto& s : spans) by_name[text(s.at("name"))] = s;
    ASSERT_TRUE(by_name.contains("GET /users")) << json::serialize(traces);
    const auto root = by_name.at("GET /users");
    EXPECT_EQ(text(root.at("traceId")), "4bf92f3577b34da6a3ce929d0e0e4736");
    EXPECT_EQ(text(root.at("parentSpanId")), "00f067aa0ba902b7");
    ASSERT_TRUE(by_name.contains("SELECT users"));
    const auto select = by_name.at("SELECT users");
    EXPECT_EQ(text(select.at("parentSpanId")), text(root.at("spanId")));
    EXPECT_GE(number(select.at("startTimeUnixNano")), number(root.at("startTimeUnixNano")));
    EXPECT_LE(number(select.at("endTimeUnixNano")), number(root.at("endTimeUnixNano")));
    EXPECT_GT(number(root.at("startTimeUnixNano")), 1'700'000'000'000'000'000U);
    const auto about = attributes(select);
    EXPECT_EQ(about.at("db.system.name"), "postgresql");
    EXPECT_EQ(about.at("db.operation.name"), "SELECT");
    EXPECT_EQ(about.at("db.query.text"), "select name from users order by id");
    EXPECT_EQ(about.at("db.response.returned_rows"), "2");
    const auto failed =
        std::ranges::find_if(spans, [](const auto& s) { return attributes(s).contains("error.type"); });
    ASSERT_NE(failed, spans.end());
    EXPECT_EQ(attributes(*failed).at("db.response.status_code"), "23505");
    EXPECT_EQ(server_->output().find("a secret"), std::string::npos) << "values of a statement were sent";

    std::map<std::string, json::value> by_metric;
    const auto points = decoded("metrics").at(0).at("resourceMetrics").at(0).at("scopeMetrics").at(0);
    for (const auto& m : points.at("metrics").as_array()) by_metric[text(m.at("name"))] = m;
    std::uint64_t operations = 0, failures = 0;
    ASSERT_TRUE(by_metric.contains("db.client.operation.duration")) << json::serialize(points);
    for (const auto& p :
         by_metric.at("db.client.operation.duration").at("histogram").at("dataPoints").as_array()) {
        operations += number(p.at("count"));
        if (attributes(p).contains("error.type")) failures += number(p.at("count"));
    }
    EXPECT_EQ(operations, 4U);
    EXPECT_EQ(failures, 1U);
    for (const char* name :
         {"db.client.connection.count", "db.client.connection.max", "db.client.connection.create_time",
          "db.client.connection.wait_time", "db.client.response.returned_rows", "postgres_build_info"})
        EXPECT_TRUE(by_metric.contains(name)) << name;
    EXPECT_EQ(text(by_metric.at("db.client.connection.create_time").at("unit")), "s");
    server_->terminate();
}

TEST_F(otlp, what_a_collector_missed_while_it_was_away_arrives_when_it_is_back) {
    registry metrics;
    otlp_exporter exporter{config().without_metrics(), nullptr};
    const auto watched = tusk::connection_settings{}.observe_with(exporter.tracer());
    auto db = tusk::blocking::connection::open(tusk::parse_connect_config(url()).value(), watched);
    db.one<int>("select 1");
    EXPECT_TRUE(exporter.flush(20s)) << exporter.stats().last_problem;
    server_->terminate();
    db.one<int>("select 2");
    EXPECT_FALSE(exporter.flush(20s));
    EXPECT_NE(exporter.stats().last_problem, "");
    // The same port again.
    const auto port = endpoint_.substr(endpoint_.rfind(':') + 1);
    std::string again = start_server;
    again.replace(again.find("httpPort: 0"), 11, "httpPort: " + port);
    const auto script = folder_.write("again.cjs", again);
    e2e::child second{{program("node"), script.string()}, folder_.path() / "again.log"};
    ASSERT_TRUE(second.wait_for_output("listening http://")) << second.output();
    EXPECT_TRUE(e2e::eventually([&] { return exporter.stats().spans_sent == 2; }, 30s))
        << exporter.stats().last_problem;
    EXPECT_TRUE(second.wait_for_output("select ?")) << second.output();
    EXPECT_EQ(exporter.stats().spans_dropped + exporter.stats().spans_failed, 0U);
}

} // namespace otlp_test
