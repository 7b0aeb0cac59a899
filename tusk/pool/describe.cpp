#include <tusk/pool/describe.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace tusk {

namespace {

namespace json = boost::json;

json::string json_text(std::string_view s) { return json::string{json::string_view{s.data(), s.size()}}; }

double milliseconds(steady_clock::duration d) { return std::chrono::duration<double, std::milli>{d}.count(); }

json::object json_of(const pool_description::pooled_connection& c) {
    json::object out{
        {"state", json_text(to_string(c.state))}, {"backend_pid", c.backend_pid},      {"server", c.server},
        {"age_ms", milliseconds(c.age)},          {"since_ms", milliseconds(c.since)}, {"sql", c.sql}};
    if (c.expires != steady_clock::duration::zero()) out["expires_ms"] = milliseconds(c.expires);
    if (c.acquired_at.line() != 0)
        out["holder"] = json::object{
            {"place", std::string{c.acquired_at.file_name()} + ":" + std::to_string(c.acquired_at.line())},
            {"function", c.acquired_at.function_name()}};
    return out;
}

json::object json_of(const pool_stats& s) {
    return {{"max", s.max},
            {"min", s.min},
            {"total", s.total},
            {"idle", s.idle},
            {"in_use", s.in_use},
            {"constructing", s.constructing},
            {"waiting", s.waiting},
            {"healthy", s.healthy},
            {"closed", s.closed},
            {"acquires", s.acquires},
            {"waited_acquires", s.waited_acquires},
            {"wait_ms", milliseconds(s.wait_time)},
            {"timeouts", s.timeouts},
            {"canceled", s.canceled},
            {"failed_acquires", s.failed_acquires},
            {"connects", s.connects},
            {"connect_failures", s.connect_failures},
            {"retries", s.retries},
            {"leaks", s.leaks}};
}

} // namespace

std::string_view to_string(pool_description::connection_state s) noexcept {
    using state = pool_description::connection_state;
    switch (s) {
    case state::idle: return "idle";
    case state::leased: return "leased";
    case state::shared: return "shared";
    case state::looked_after: return "looked_after";
    }
    return "";
}

std::string_view to_string(breaker_state s) noexcept {
    switch (s) {
    case breaker_state::closed: return "closed";
    case breaker_state::open: return "open";
    case breaker_state::half_open: return "half_open";
    case breaker_state::forced_open: return "forced_open";
    case breaker_state::disabled: return "disabled";
    }
    return "";
}

std::string to_json(const pool_description& of) {
    json::array connections, waiting;
    for (const auto& c : of.connections) connections.push_back(json_of(c));
    for (const auto& w : of.waiting)
        waiting.push_back(
            json::object{{"since_ms", milliseconds(w.since)}, {"for_statement", w.for_statement}});
    json::object breaker{{"state", json_text(to_string(of.breaker))}};
    if (of.breaker == breaker_state::open) breaker["retry_after_ms"] = milliseconds(of.retry_after);
    json::object out{{"name", of.name},
                     {"stats", json_of(of.stats)},
                     {"breaker", std::move(breaker)},
                     {"connections", std::move(connections)},
                     {"waiting", std::move(waiting)}};
    if (!of.last_connect_error.empty()) out["last_connect_error"] = of.last_connect_error;
    return json::serialize(out);
}

} // namespace tusk
