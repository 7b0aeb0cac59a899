#include <boost/json.hpp>
#include <fmt/format.h>

#include <services/alerthist/api.hpp>
#include <services/alerthist/api_answers.hpp>
#include <services/alerthist/common.hpp>
#include <services/alerthist/json_view.hpp>
#include <services/alerthist/query.hpp>
#include <tusk/pool/describe.hpp>

namespace tusk::alerthist {

using http::request;
using http::response;

namespace {

constexpr std::uint64_t largest_mode_body = 1024;
constexpr std::int64_t any_target = std::numeric_limits<std::int64_t>::max();

std::string state_json(const target_queue& of, const publisher::target_breaker& guard) {
    json_object out;
    out.number("id", of.id).text("name", of.name).text("format", of.format);
    out.raw("enabled", of.enabled ? "true" : "false").text("breaker", to_string(guard.state));
    out.number("retry_after_ms", guard.retry_after.count()).number("pending", of.pending);
    out.number("in_flight", of.in_flight).number("retrying", of.retrying).number("dead", of.dead);
    out.number("delivered", of.delivered).number("failed", of.failed);
    out.time("last_delivered_at", of.last_delivered_at).time("last_error_at", of.last_error_at);
    return out.text("last_error", of.last_error).finish();
}

response letter_missing(const request& from) {
    return answers::not_found(from, "There is no dead letter with this id.");
}

std::optional<std::int64_t> letter_of(const request& from) {
    const std::string text{from.param("id")};
    if (!is_key(filter_rules, text)) return std::nullopt;
    return std::stoll(text);
}

response replayed(std::int64_t count) {
    return response::json(200, json_object{}.number("replayed", count).finish());
}

} // namespace

void api::add_publishing(http::router& to) {
    to.get("/api/v1/mode", guarded(http::role::viewer, &api::get_mode));
    to.put("/api/v1/mode", guarded(http::role::operator_, &api::set_mode))
        .max_body(largest_mode_body)
        .accepts("application/json");
    to.get("/api/v1/publishing", guarded(http::role::viewer, &api::publishing));
    to.get("/api/v1/publishing/dead-letters", guarded(http::role::viewer, &api::list_letters));
    to.post("/api/v1/publishing/dead-letters/replay", guarded(http::role::operator_, &api::replay_letters));
    to.post("/api/v1/publishing/dead-letters/{id}/replay",
            guarded(http::role::operator_, &api::replay_letter));
    to.del("/api/v1/publishing/dead-letters/{id}", guarded(http::role::operator_, &api::delete_letter));
}

boost::asio::awaitable<response> api::get_mode(request&) {
    const auto by = p_.keeper->current();
    co_return response::json(200, json_object{}.text("mode", to_string(by->mode)).finish());
}

boost::asio::awaitable<response> api::set_mode(request& from) {
    const auto body = answers::parse_body(from);
    if (!body) co_return answers::bad_request(from, body.error().text);
    const auto* object = body->if_object();
    const auto* given = object ? object->if_contains("mode") : nullptr;
    const auto wanted = given && given->is_string() ? parse_mode(view(given->get_string())) : std::nullopt;
    if (!wanted)
        co_return answers::bad_request(
            from, "mode: expected transparent, enriched or transparent_with_recommendations");
    co_await p_.rules->set_mode(*wanted);
    co_await changed();
    co_return response::json(200, json_object{}.text("mode", to_string(*wanted)).finish());
}

boost::asio::awaitable<response> api::publishing(request&) {
    const auto queues = co_await p_.outbox->state();
    std::string list = "[";
    std::int64_t pending = 0, in_flight = 0, retrying = 0, dead = 0;
    std::optional<double> oldest;
    for (const auto& one : queues) {
        (list += list.size() > 1 ? "," : "") += state_json(one, p_.publisher->breaker_of(one.id));
        pending += one.pending;
        in_flight += one.in_flight;
        retrying += one.retrying;
        dead += one.dead;
        if (one.oldest_seconds) oldest = std::max(oldest.value_or(0), *one.oldest_seconds);
    }
    json_object outbox;
    outbox.number("pending", pending).number("in_flight", in_flight).number("retrying", retrying);
    outbox.raw("oldest_seconds", oldest ? fmt::format("{:.3f}", *oldest) : std::string{"null"});
    json_object out;
    out.text("mode", to_string(p_.keeper->current()->mode)).raw("targets", list + "]");
    out.raw("outbox", outbox.finish()).number("dead_letters", dead);
    co_return response::json(200, out.finish());
}

boost::asio::awaitable<response> api::list_letters(request& from) {
    const auto query = parse_letters_query(from);
    if (!query) co_return answers::bad_request(from, query.error().message());
    auto rows = co_await p_.outbox->dead_letters(query->target, query->before, query->limit + 1);
    const bool more = static_cast<std::int64_t>(rows.size()) > query->limit;
    if (more) rows.pop_back();
    std::string list = "[";
    for (const auto& row : rows) (list += list.size() > 1 ? "," : "") += to_json(row);
    json_object out;
    out.raw("dead_letters", list + "]");
    if (more)
        out.text("next_cursor", std::to_string(rows.back().id));
    else
        out.raw("next_cursor", "null");
    co_return response::json(200, out.finish());
}

boost::asio::awaitable<response> api::replay_letters(request& from) {
    const auto of = parse_only_number(from, "target_id", any_target);
    if (!of) co_return answers::bad_request(from, of.error().message());
    co_return replayed(co_await p_.outbox->replay(std::nullopt, *of));
}

boost::asio::awaitable<response> api::replay_letter(request& from) {
    const auto id = letter_of(from);
    if (!id) co_return letter_missing(from);
    const auto count = co_await p_.outbox->replay(id, std::nullopt);
    if (count == 0) co_return letter_missing(from);
    co_return replayed(count);
}

boost::asio::awaitable<response> api::delete_letter(request& from) {
    const auto id = letter_of(from);
    if (!id) co_return letter_missing(from);
    const bool gone = co_await p_.outbox->forget(*id);
    if (!gone) co_return letter_missing(from);
    co_return response::empty(204);
}

} // namespace tusk::alerthist
