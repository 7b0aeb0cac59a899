#include <services/alerthist/api.hpp>

#include <algorithm>

#include <services/alerthist/api_answers.hpp>
#include <services/alerthist/common.hpp>
#include <services/alerthist/query.hpp>
#include <services/http/auth.hpp>

namespace tusk::alerthist {

namespace asio = boost::asio;
using http::request;
using http::response;

namespace {

constexpr std::string_view retry_after_seconds = "1";

/// The same request may succeed in a moment, without anybody repairing anything in it.
bool may_pass(const error& e) noexcept {
    using tusk::condition;
    for (const auto what : {condition::unavailable, condition::timeout, condition::canceled,
                            condition::in_doubt, condition::deadlock, condition::serialization_failure,
                            condition::lock_timeout, condition::read_only})
        if (e.is(what)) return true;
    return false;
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
    return answers::not_found(from, "There is no alert with this fingerprint.");
}

bool is_ingest(const request& of) { return of.route() == "/webhook" || of.route() == "/api/v2/alerts"; }

} // namespace

http::router api::routes(std::uint64_t max_request_size, std::size_t max_alerts) {
    max_alerts_ = max_alerts;
    http::router out;
    out.use([this](request& from, http::next go_on) { return guard(from, go_on); });
    if (p_.middleware) p_.middleware(out);
    out.use(p_.security->authenticate());
    add_ingest(out, max_request_size);
    add_alerts(out);
    add_analysis(out);
    add_resources(out);
    add_publishing(out);
    add_realtime(out);
    add_operations(out);
    add_probes(out);
    return out;
}

http::handler api::only(http::role least, method run) {
    return http::require_role(least, [this, run](request& from) { return (this->*run)(from); });
}

http::handler api::guarded(http::role least, method run) {
    return http::require_role(least, [this, run](request& from) -> answer {
        if (!p_.health->is_schema_installed()) co_return unavailable(from);
        co_return co_await (this->*run)(from);
    });
}

void api::add_ingest(http::router& to, std::uint64_t max_request_size) {
    to.post("/webhook", p_.security->require_sender([this](request& from) { return webhook(from); }))
        .max_body(max_request_size)
        .accepts("application/json");
    to.post("/api/v2/alerts",
            p_.security->require_sender([this](request& from) { return posted_alerts(from); }))
        .max_body(max_request_size)
        .accepts("application/json");
}

void api::add_alerts(http::router& to) {
    to.get("/api/v1/alerts", guarded(http::role::viewer, &api::list_alerts));
    to.get("/api/v1/alerts/{fingerprint}", guarded(http::role::viewer, &api::one_alert));
    to.get("/api/v1/alerts/{fingerprint}/events", guarded(http::role::viewer, &api::list_events));
    to.get("/api/v1/events", guarded(http::role::viewer, &api::history));
}

/// What a handler throws because of the database becomes a 503 when waiting may help, also for tables that
/// are put there again; the rest is a bug of ours, which the server answers with 500 and reports.
asio::awaitable<response> api::guard(request& from, http::next go_on) {
    try {
        co_return co_await go_on(from);
    } catch (const error& e) {
        const bool lost = e.is(tusk::condition::undefined_table);
        if (lost)
            p_.health->schema_vanished(e.what());
        else if (!may_pass(e))
            throw;
        log_fields fields;
        fields.add("error", e.what()).add("code", e.code().message()).add("route", from.route());
        p_.log->warn("database unavailable", fields.add("request_id", from.id()));
    }
    co_return unavailable(from);
}

response api::unavailable(const request& from) {
    if (is_ingest(from)) p_.metrics->webhook_rejected("unavailable");
    auto out = http::error_response(503, "SERVICE_UNAVAILABLE", "The database cannot serve now; try again.",
                                    from.id());
    out.set_header("Retry-After", retry_after_seconds);
    return out;
}

response api::refused(const request& from, const rejection& why) {
    const bool too_many = why.why() == rejection::reason::too_many_alerts;
    p_.metrics->webhook_rejected(too_many ? "too_many_alerts" : "malformed");
    log_fields fields;
    p_.log->warn("notification refused", fields.add("error", why.message()).add("request_id", from.id()));
    if (too_many) return http::error_response(413, "PAYLOAD_TOO_LARGE", why.message(), from.id());
    return answers::bad_request(from, why.message());
}

asio::awaitable<response> api::webhook(request& from) {
    const auto parsed = parse_notification(from.body(), max_alerts_);
    if (!parsed) co_return refused(from, parsed.error());
    co_return co_await ingest(from, *parsed);
}

asio::awaitable<response> api::posted_alerts(request& from) {
    const auto now = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
    auto parsed = parse_posted_alerts(from.body(), max_alerts_, now);
    if (!parsed) co_return refused(from, parsed.error());
    auto& what = parsed->what;
    if (!parsed->without_start.empty() && p_.health->is_schema_installed()) {
        std::vector<std::string> fingerprints;
        for (const auto place : parsed->without_start) fingerprints.push_back(what.alerts[place].fingerprint);
        const auto firing = co_await p_.alerts->firing_since(fingerprints);
        for (const auto place : parsed->without_start)
            for (const auto& [fingerprint, since] : firing)
                if (what.alerts[place].fingerprint == fingerprint) what.alerts[place].starts_at = since;
    }
    co_return co_await ingest(from, what);
}

asio::awaitable<response> api::ingest(const request& from, const notification& what) {
    if (!p_.health->is_schema_installed()) co_return unavailable(from);
    const auto done = co_await p_.pipeline->ingest(what);
    json_object out;
    out.text("status", "ok");
    out.number("alerts_received", static_cast<std::int64_t>(done.alerts_received()));
    out.number("alerts_processed", static_cast<std::int64_t>(done.alerts_processed()));
    out.number("events_created", static_cast<std::int64_t>(done.events_created()));
    co_return response::json(200, out.finish());
}

asio::awaitable<response> api::list_alerts(request& from) {
    const auto query = parse_alerts_query(from);
    if (!query) co_return answers::bad_request(from, query.error().message());
    const auto page = co_await p_.alerts->list(query->filter, query->after, query->limit);
    co_return page_response("alerts", page);
}

asio::awaitable<response> api::one_alert(request& from) {
    const std::string fingerprint{from.param("fingerprint")};
    if (const auto query = parse_no_query(from); !query)
        co_return answers::bad_request(from, query.error().message());
    if (!is_fingerprint(fingerprint)) co_return no_such_alert(from);
    const auto row = co_await p_.alerts->find(fingerprint);
    if (!row) co_return no_such_alert(from);
    co_return response::json(200, to_json(*row));
}

asio::awaitable<response> api::list_events(request& from) {
    const std::string fingerprint{from.param("fingerprint")};
    const auto query = parse_events_query(from);
    if (!query) co_return answers::bad_request(from, query.error().message());
    if (!is_fingerprint(fingerprint)) co_return no_such_alert(from);
    const auto page = co_await p_.alerts->events(fingerprint, query->after, query->limit);
    // Every alert has an event, but a cursor may stand behind the last one.
    if (page.rows.empty() && !query->after) co_return no_such_alert(from);
    co_return page_response("events", page);
}

asio::awaitable<response> api::history(request& from) {
    const auto query = parse_history_query(from);
    if (!query) co_return answers::bad_request(from, query.error().message());
    const auto page = co_await p_.alerts->history(query->filter, query->after, query->limit);
    co_return page_response("events", page);
}

} // namespace tusk::alerthist
