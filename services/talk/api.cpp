#include <services/talk/api.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <services/http/compress.hpp>
#include <services/http/cors.hpp>
#include <services/http/rate_limit.hpp>
#include <services/talk/problem.hpp>

namespace tusk::talk {

namespace asio = boost::asio;
namespace json = boost::json;
using http::request;
using http::response;

namespace {

json::string_view to_json_view(std::string_view text) { return {text.data(), text.size()}; }

/// Body, query and path in one; the path counts most.
json::object fields_of(const request& from, const endpoint& to) {
    json::object out;
    if (!from.body().empty()) {
        json::error_code ec;
        auto body = json::parse(from.body(), ec);
        if (ec) throw refusal{bad_input("the body is not JSON: " + ec.message())};
        if (!body.is_object()) throw refusal{bad_input("the body must be a JSON object")};
        out = std::move(body.get_object());
    }
    for (const auto& [name, value] : from.query_parameters()) out[name] = value;
    if (to.pattern.find("{id}") != std::string_view::npos) out["id"] = to_json_view(from.param("id"));
    return out;
}

response rest_answer(const reply& of) {
    if (of.body.is_null()) return response::empty(of.status);
    auto answer = response::json(of.status, json::serialize(of.body));
    if (!of.location.empty()) answer.set_header("Location", of.location);
    return answer;
}

asio::awaitable<response> run_rest(std::shared_ptr<const backend> behind, const endpoint* to, request& from) {
    std::optional<problem> why;
    try {
        arguments given{fields_of(from, *to)};
        const auto done = co_await to->run(behind->all, given);
        co_return rest_answer(done);
    } catch (const refusal& e) {
        why = e.why();
    } catch (const error& e) {
        why = problem_of(e, to->subject);
        if (why->status() == 500) behind->report(std::current_exception(), from);
    }
    co_return rest_response(*why, from.id());
}

} // namespace

http::router make_routes(pool& on, const config& settings, common::error_sink report) {
    const auto behind = std::make_shared<const backend>(on, std::move(report));
    http::router out;
    if (settings.requests_per_minute > 0) {
        const auto rate = static_cast<double>(settings.requests_per_minute);
        http::rate_limit_options limits;
        limits.per_client(rate, rate).exempt("/livez").exempt("/readyz").exempt("/metrics");
        out.use(http::rate_limit(std::make_shared<http::rate_limiter>(limits)));
    }
    if (!settings.cors_origin.empty()) {
        http::cors_options pages;
        pages.origin(settings.cors_origin);
        out.use(http::cors(pages));
    }
    out.use(http::compress());
    for (const auto& one : endpoints()) {
        auto& added = out.add(one.method, one.pattern,
                              [behind, to = &one](request& from) { return run_rest(behind, to, from); });
        added.max_body(settings.max_request_size).accepts("application/json");
    }
    add_connect_routes(out, behind, settings.max_request_size);
    return out;
}

} // namespace tusk::talk
