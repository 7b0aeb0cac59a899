#include <boost/json.hpp>

#include <services/alerthist/api.hpp>
#include <services/alerthist/api_answers.hpp>
#include <services/alerthist/common.hpp>
#include <services/alerthist/json_view.hpp>
#include <services/alerthist/query.hpp>
#include <services/http/auth.hpp>

namespace tusk::alerthist {

namespace json = boost::json;
using http::request;
using http::response;

namespace {

constexpr std::uint64_t largest_resource = 256 * 1024;

std::string list_name(const resource& of) {
    if (&of == &targets) return "targets";
    return &of == &silences ? "silences" : "rules";
}

response no_such(const request& from, const resource& of) {
    return answers::not_found(from, "There is no " + std::string{of.noun} + " with this id.");
}

/// What the database had against it, for the client: a name that is taken, values that exclude each other.
std::optional<response> refusal(const request& from, const resource& of, const error& why) {
    if (why.is(tusk::condition::duplicate))
        return answers::conflict(from, "There is a " + std::string{of.noun} + " with this name already.");
    if (!why.is(tusk::condition::check)) return std::nullopt;
    return answers::bad_request(from, &of == &silences ? "ends_at: is before starts_at"
                                                       : "The values exclude each other.");
}

} // namespace

void api::add_resource(http::router& to, const std::string& path, const resource& what,
                       http::role to_change) {
    using handler = answer (api::*)(request&, const resource&);
    const auto with = [this, &what](http::role least, handler run) {
        return http::require_role(least, [this, &what, run](request& from) -> answer {
            if (!p_.health->is_schema_installed()) co_return unavailable(from);
            co_return co_await (this->*run)(from, what);
        });
    };
    to.get(path, with(http::role::viewer, &api::list_resource));
    to.post(path, with(to_change, &api::create_resource))
        .max_body(largest_resource)
        .accepts("application/json");
    to.get(path + "/{id}", with(http::role::viewer, &api::get_resource));
    to.put(path + "/{id}", with(to_change, &api::replace_resource))
        .max_body(largest_resource)
        .accepts("application/json");
    to.del(path + "/{id}", with(to_change, &api::remove_resource));
}

void api::add_resources(http::router& to) {
    add_resource(to, "/api/v1/rules", filter_rules, http::role::operator_);
    add_resource(to, "/api/v1/classification/rules", classification_rules, http::role::operator_);
    add_resource(to, "/api/v1/inhibition/rules", inhibition_rules, http::role::operator_);
    add_resource(to, "/api/v1/silences", silences, http::role::operator_);
    add_resource(to, "/api/v1/targets", targets, http::role::admin);
    to.get("/api/v1/classification/stats", only(http::role::viewer, &api::classification_stats));
    to.post("/api/v1/silences/check", guarded(http::role::viewer, &api::check_silences))
        .max_body(largest_resource)
        .accepts("application/json");
}

boost::asio::awaitable<void> api::changed() {
    try {
        co_await p_.keeper->reload();
    } catch (const error&) { // what was changed is committed; the notification makes up for it
    }
    p_.publisher->wake();
}

boost::asio::awaitable<response> api::list_resource(request& from, const resource& what) {
    std::optional<std::string> status;
    if (&what == &silences) {
        auto query = parse_silence_status(from);
        if (!query) co_return answers::bad_request(from, query.error().message());
        status = std::move(*query);
    } else if (const auto query = parse_no_query(from); !query) {
        co_return answers::bad_request(from, query.error().message());
    }
    const auto list = co_await p_.rules->list(what, status);
    co_return response::json(200, json_object{}.raw(list_name(what), list).finish());
}

boost::asio::awaitable<response> api::get_resource(request& from, const resource& what) {
    std::string id{from.param("id")};
    if (!is_key(what, id)) co_return no_such(from, what);
    auto row = co_await p_.rules->get(what, std::move(id));
    if (!row) co_return no_such(from, what);
    co_return response::json(200, std::move(*row));
}

boost::asio::awaitable<response> api::create_resource(request& from, const resource& what) {
    const auto body = answers::parse_body(from);
    if (!body) co_return answers::bad_request(from, body.error().text);
    const auto values = checked(what, *body);
    if (!values) co_return answers::bad_request(from, values.error());
    std::optional<response> refused;
    try {
        auto row = co_await p_.rules->create(what, json::serialize(*values));
        co_await changed();
        co_return response::json(201, std::move(row));
    } catch (const error& e) {
        refused = refusal(from, what, e);
        if (!refused) throw;
    }
    co_return *refused;
}

boost::asio::awaitable<response> api::replace_resource(request& from, const resource& what) {
    std::string id{from.param("id")};
    const auto body = answers::parse_body(from);
    if (!body) co_return answers::bad_request(from, body.error().text);
    const auto values = checked(what, *body);
    if (!values) co_return answers::bad_request(from, values.error());
    if (!is_key(what, id)) co_return no_such(from, what);
    std::optional<response> refused;
    try {
        auto row = co_await p_.rules->replace(what, std::move(id), json::serialize(*values));
        if (!row) co_return no_such(from, what);
        co_await changed();
        co_return response::json(200, std::move(*row));
    } catch (const error& e) {
        refused = refusal(from, what, e);
        if (!refused) throw;
    }
    co_return *refused;
}

boost::asio::awaitable<response> api::remove_resource(request& from, const resource& what) {
    std::string id{from.param("id")};
    if (!is_key(what, id)) co_return no_such(from, what);
    const auto done = co_await p_.rules->remove(what, std::move(id));
    if (done == policy_store::removal::not_found) co_return no_such(from, what);
    if (done == policy_store::removal::built_in)
        co_return answers::conflict(from, "A built-in " + std::string{what.noun} +
                                              " can be disabled, not deleted.");
    co_await changed();
    co_return response::empty(204);
}

boost::asio::awaitable<response> api::check_silences(request& from) {
    const auto body = answers::parse_body(from);
    if (!body) co_return answers::bad_request(from, body.error().text);
    const auto* object = body->if_object();
    const auto* given = object ? object->if_contains("labels") : nullptr;
    if (!given || !given->is_object()) co_return answers::bad_request(from, "labels: expected an object");
    label_set labels;
    for (const auto& [name, value] : given->get_object()) {
        if (!value.is_string()) co_return answers::bad_request(from, "labels: expected strings");
        labels.emplace(std::string{name.data(), name.size()}, std::string{view(value.get_string())});
    }
    const auto now = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
    const auto by = p_.keeper->current();
    std::string list = "[";
    for (const auto& one : by->silences) {
        if (one.starts_at > now || one.ends_at <= now || !match_all(one.matchers, labels)) continue;
        const auto row = co_await p_.rules->get(silences, one.id);
        if (row) (list += list.size() > 1 ? "," : "") += *row;
    }
    const bool silenced = list.size() > 1;
    json_object out;
    out.raw("silenced", silenced ? "true" : "false").raw("silences", list + "]");
    co_return response::json(200, out.finish());
}

boost::asio::awaitable<response> api::classification_stats(request&) {
    co_return response::json(200, p_.classifier->stats_json());
}

} // namespace tusk::alerthist
