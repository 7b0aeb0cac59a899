#include <algorithm>

#include <services/alerthist/api.hpp>
#include <services/alerthist/api_answers.hpp>
#include <services/alerthist/common.hpp>
#include <services/alerthist/console.hpp>
#include <services/alerthist/embedded_files.hpp>
#include <services/alerthist/query.hpp>
#include <tusk/observe/prometheus.hpp>

namespace tusk::alerthist {

namespace asio = boost::asio;
using http::request;
using http::response;

namespace {

/// The Host header when it is harmless to repeat.
std::string host_of(const request& from) {
    const std::string host{from.header("Host").value_or("")};
    const bool sane =
        host.size() <= 255 && host.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                                     "0123456789.-_:[]") == std::string::npos;
    return sane && !host.empty() ? host : "127.0.0.1:8080";
}

asio::awaitable<response> answer_at_once(response what) { co_return what; }

/// A handler that has its answer without waiting.
template <class F>
http::handler plain(F make) {
    return [make](request& from) {
        auto made = make(from);
        return answer_at_once(std::move(made));
    };
}

response healthy(const request&) { return response::text(200, "ok\n"); }

const auto started = std::chrono::steady_clock::now();

} // namespace

std::string_view version() noexcept { return ALERTHIST_VERSION; }
std::chrono::steady_clock::duration uptime() noexcept { return std::chrono::steady_clock::now() - started; }

void api::add_operations(http::router& to) {
    to.get("/api/v1/pool", only(http::role::viewer, &api::pool_state));
    to.get("/debug/pool", only(http::role::viewer, &api::pool_state));
    to.get("/debug/statements", only(http::role::viewer, &api::statements));
    to.get("/debug/config", only(http::role::admin, &api::settings));
    to.get("/api/v1/me", [this](request& from) { return me(from); });
}

void api::add_probes(http::router& to) {
    for (const auto* path : {"/readyz", "/ready", "/-/ready"})
        to.get(path, [this](request& from) { return ready(from); });
    for (const auto* path : {"/livez", "/healthz", "/-/healthy"}) to.get(path, plain(healthy));
    to.get("/health", [this](request& from) { return summary(from); });
    to.get("/metrics", plain([this](const request&) {
               return response{200}
                   .set_header("Content-Type", observe::prometheus_content_type)
                   .set_body(p_.metrics->expose());
           }));
    to.get("/openapi.json", plain([](const request&) {
               return response::json(200, std::string{find_file(embedded_files(), "openapi.json")});
           }));
    serve_console(to,
                  plain([](const request& from) { return response::text(200, start_page(host_of(from))); }));
}

asio::awaitable<response> api::ready(request& from) {
    auto checks = co_await p_.health->run();
    const auto left_out = from.query_all("exclude");
    std::erase_if(checks, [&left_out](const health_check& one) {
        return std::find(left_out.begin(), left_out.end(), one.name) != left_out.end();
    });
    const unsigned status = all_ok(checks) ? 200 : 503;
    const bool verbose = from.query("verbose").has_value() || status != 200;
    co_return response::text(status, verbose ? verbose_text(checks) : "ok\n");
}

asio::awaitable<response> api::summary(request&) {
    const auto checks = co_await p_.health->run();
    co_return response::json(all_ok(checks) ? 200 : 503, summary_json(checks, version(), uptime()));
}

asio::awaitable<response> api::pool_state(request&) {
    co_return response::json(200, p_.monitor->pool_json(*p_.on));
}

asio::awaitable<response> api::statements(request& from) {
    const auto limit = parse_only_number(from, "limit", largest_limit);
    if (!limit) co_return answers::bad_request(from, limit.error().message());
    const auto count = static_cast<std::size_t>(limit->value_or(default_limit));
    co_return response::json(200, p_.monitor->statements_json(count));
}

asio::awaitable<response> api::settings(request&) { co_return response::json(200, p_.settings()); }

asio::awaitable<response> api::me(request& from) {
    const auto& who = from.identity();
    json_object out;
    out.text("name", who ? who->name() : "anonymous")
        .text("role", who ? http::to_string(who->level()) : "none");
    out.raw("authentication", p_.security->is_on() ? "true" : "false");
    co_return response::json(200, out.finish());
}

} // namespace tusk::alerthist
