#include <services/alerthist/api.hpp>

#include <algorithm>

#include <services/alerthist/common.hpp>
#include <services/alerthist/query.hpp>
#include <tusk/observe/prometheus.hpp>

namespace tusk::alerthist {

namespace asio = boost::asio;
using http::request;
using http::response;

namespace {

constexpr std::string_view retry_after_seconds = "1";

/// The same request may succeed in a moment, without anybody repairing anything in it.
bool may_pass(const error& e) noexcept {
    for (const auto what : {condition::unavailable, condition::timeout, condition::canceled,
                            condition::in_doubt, condition::deadlock, condition::serialization_failure,
                            condition::lock_timeout, condition::read_only})
        if (e.is(what)) return true;
    return false;
}

response bad_request(const request& from, const std::string& why) {
    return http::error_response(400, "VALIDATION_ERROR", why, from.id());
}

std::string to_json(const alert_row& row) {
    json_object out;
    out.text("fingerprint", row.fingerprint).text("alert_name", row.alert_name).text("status", row.status);
    out.raw("labels", row.labels.text()).raw("annotations", row.annotations.text());
    out.time("starts_at", row.starts_at)
        .time("ends_at", row.ends_at)
        .text("generator_url", row.generator_url);
    out.text("receiver", row.receiver).text("group_key", row.group_key);
    out.time("created_at", row.created_at).time("updated_at", row.updated_at);
    return out.finish();
}

std::string to_json(const event_row& row) {
    json_object out;
    out.number("id", row.id).text("fingerprint", row.fingerprint).text("status", row.status);
    out.time("happened_at", row.happened_at).time("starts_at", row.starts_at).time("ends_at", row.ends_at);
    out.raw("labels", row.labels.text()).raw("annotations", row.annotations.text());
    out.text("generator_url", row.generator_url)
        .text("receiver", row.receiver)
        .text("group_key", row.group_key);
    out.time("received_at", row.received_at);
    return out.finish();
}

/// `{"<name>":[…],"next_cursor":…}`.
template <class Page>
response page_response(std::string_view name, const Page& of) {
    std::string list = "[";
    for (const auto& row : of.rows) {
        if (list.size() > 1) list += ',';
        list += to_json(row);
    }
    list += ']';
    json_object out;
    out.raw(name, list);
    if (of.next)
        out.text("next_cursor", of.next->encode());
    else
        out.raw("next_cursor", "null");
    return response::json(200, out.finish());
}

response no_such_alert(const request& from) {
    return http::error_response(404, "NOT_FOUND", "There is no alert with this fingerprint.", from.id());
}

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

} // namespace

std::string_view version() noexcept { return ALERTHIST_VERSION; }

http::router api::routes(std::uint64_t max_request_size, std::size_t max_alerts) {
    max_alerts_ = max_alerts;
    http::router out;
    out.use([this](request& from, http::next go_on) { return guard(from, go_on); });
    out.post("/webhook", [this](request& from) { return webhook(from); })
        .max_body(max_request_size)
        .accepts("application/json");
    out.get("/api/v1/alerts", [this](request& from) { return list_alerts(from); });
    out.get("/api/v1/alerts/{fingerprint}", [this](request& from) { return one_alert(from); });
    out.get("/api/v1/alerts/{fingerprint}/events", [this](request& from) { return list_events(from); });
    for (const auto* path : {"/readyz", "/ready", "/-/ready"})
        out.get(path, [this](request& from) { return ready(from); });
    for (const auto* path : {"/livez", "/healthz", "/-/healthy"}) out.get(path, plain(healthy));
    out.get("/health", [this](request& from) { return summary(from); });
    out.get("/metrics", plain([this](const request&) {
                return response{200}
                    .set_header("Content-Type", observe::prometheus_content_type)
                    .set_body(metrics_.expose());
            }));
    out.get("/", plain([](const request& from) { return response::text(200, start_page(host_of(from))); }));
    return out;
}

/// What a handler throws because of the database becomes a 503 when waiting may help, also for tables that
/// are put there again; the rest is a bug of ours, which the server answers with 500 and reports.
asio::awaitable<response> api::guard(request& from, http::next go_on) {
    try {
        co_return co_await go_on(from);
    } catch (const error& e) {
        const bool lost = e.is(condition::undefined_table);
        if (lost)
            health_.schema_vanished(e.what());
        else if (!may_pass(e))
            throw;
        log_fields fields;
        fields.add("error", e.what()).add("code", e.code().message()).add("route", from.route());
        log_.warn("database unavailable", fields.add("request_id", from.id()));
    }
    co_return unavailable(from);
}

response api::unavailable(const request& from) {
    if (from.route() == "/webhook") metrics_.webhook_rejected("unavailable");
    auto out = http::error_response(503, "SERVICE_UNAVAILABLE", "The database cannot serve now; try again.",
                                    from.id());
    out.set_header("Retry-After", retry_after_seconds);
    return out;
}

asio::awaitable<response> api::webhook(request& from) {
    const auto parsed = parse_notification(from.body(), max_alerts_);
    if (!parsed) {
        const auto& why = parsed.error();
        const bool too_many = why.why() == rejection::reason::too_many_alerts;
        metrics_.webhook_rejected(too_many ? "too_many_alerts" : "malformed");
        log_fields fields;
        log_.warn("notification refused", fields.add("error", why.message()).add("request_id", from.id()));
        if (too_many) co_return http::error_response(413, "PAYLOAD_TOO_LARGE", why.message(), from.id());
        co_return bad_request(from, why.message());
    }
    if (!health_.is_schema_installed()) co_return unavailable(from);
    const auto done = co_await pipeline_.ingest(*parsed);
    json_object out;
    out.text("status", "ok");
    out.number("alerts_received", static_cast<std::int64_t>(done.alerts_received()));
    out.number("alerts_processed", static_cast<std::int64_t>(done.alerts_processed()));
    out.number("events_created", static_cast<std::int64_t>(done.events_created()));
    co_return response::json(200, out.finish());
}

asio::awaitable<response> api::list_alerts(request& from) {
    const auto query = parse_alerts_query(from);
    if (!query) co_return bad_request(from, query.error().message());
    if (!health_.is_schema_installed()) co_return unavailable(from);
    const auto page = co_await store_.list(query->filter, query->after, query->limit);
    co_return page_response("alerts", page);
}

asio::awaitable<response> api::one_alert(request& from) {
    const std::string fingerprint{from.param("fingerprint")};
    if (!from.query_parameters().empty())
        co_return bad_request(from, from.query_parameters().front().first + ": unknown parameter");
    if (!is_fingerprint(fingerprint)) co_return no_such_alert(from);
    if (!health_.is_schema_installed()) co_return unavailable(from);
    const auto row = co_await store_.find(fingerprint);
    if (!row) co_return no_such_alert(from);
    co_return response::json(200, to_json(*row));
}

asio::awaitable<response> api::list_events(request& from) {
    const std::string fingerprint{from.param("fingerprint")};
    const auto query = parse_events_query(from);
    if (!query) co_return bad_request(from, query.error().message());
    if (!is_fingerprint(fingerprint)) co_return no_such_alert(from);
    if (!health_.is_schema_installed()) co_return unavailable(from);
    const auto page = co_await store_.events(fingerprint, query->after, query->limit);
    // Every alert has an event, but a cursor may stand behind the last one.
    if (page.rows.empty() && !query->after) co_return no_such_alert(from);
    co_return page_response("events", page);
}

asio::awaitable<response> api::ready(request& from) {
    const auto checks = co_await health_.run();
    const unsigned status = all_ok(checks) ? 200 : 503;
    const bool verbose = from.query("verbose").has_value() || status != 200;
    co_return response::text(status, verbose ? verbose_text(checks) : "ok\n");
}

asio::awaitable<response> api::summary(request&) {
    const auto checks = co_await health_.run();
    const auto uptime = std::chrono::steady_clock::now() - started_;
    co_return response::json(all_ok(checks) ? 200 : 503, summary_json(checks, version(), uptime));
}

} // namespace tusk::alerthist
