#include <services/alerthist/api.hpp>

#include <fmt/format.h>

#include <services/alerthist/api_answers.hpp>
#include <services/alerthist/common.hpp>
#include <services/alerthist/query.hpp>

namespace tusk::alerthist {

using http::request;
using http::response;

namespace {

instant analysed_at() {
    return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

constexpr std::int64_t recent_alerts = 20;

response ranged(const analysis_range& range, std::optional<std::int64_t> threshold, const std::string& list) {
    json_object out;
    out.time("from", range.from).time("to", range.to);
    if (threshold) out.number("threshold", *threshold);
    return response::json(200, out.raw("alerts", list).finish());
}

/// A part of a report; what fails is named, and the rest is there all the same.
boost::asio::awaitable<std::string> part(std::string_view name, boost::asio::awaitable<std::string> work,
                                         std::string otherwise, std::vector<std::string>& errors) {
    try {
        co_return co_await std::move(work);
    } catch (const error&) {
        errors.emplace_back(name);
    }
    co_return otherwise;
}

boost::asio::awaitable<std::string> recent(store& in, const alert_filter& filter) {
    const std::optional<alert_cursor> first;
    const auto page = co_await in.list(filter, first, recent_alerts);
    std::string list = "[";
    for (const auto& row : page.rows) (list += list.size() > 1 ? "," : "") += to_json(row);
    co_return list + "]";
}

} // namespace

void api::add_analysis(http::router& to) {
    to.get("/api/v1/stats", guarded(http::role::viewer, &api::stats));
    to.get("/api/v1/top", guarded(http::role::viewer, &api::top));
    to.get("/api/v1/flapping", guarded(http::role::viewer, &api::flapping));
    to.get("/api/v1/report", guarded(http::role::viewer, &api::report));
    to.get("/api/v2/report", guarded(http::role::viewer, &api::report));
}

boost::asio::awaitable<response> api::stats(request& from) {
    const auto query = parse_analysis_query(from, analysis_kind::stats, analysed_at());
    if (!query) co_return answers::bad_request(from, query.error().message());
    auto text = co_await p_.analysis->stats(query->range);
    co_return response::json(200, std::move(text));
}

boost::asio::awaitable<response> api::top(request& from) {
    const auto query = parse_analysis_query(from, analysis_kind::top, analysed_at());
    if (!query) co_return answers::bad_request(from, query.error().message());
    const auto list = co_await p_.analysis->top(query->range, query->limit);
    co_return ranged(query->range, std::nullopt, list);
}

boost::asio::awaitable<response> api::flapping(request& from) {
    const auto query = parse_analysis_query(from, analysis_kind::flapping, analysed_at());
    if (!query) co_return answers::bad_request(from, query.error().message());
    const auto list = co_await p_.analysis->flapping(query->range, query->threshold, query->limit);
    co_return ranged(query->range, query->threshold, list);
}

boost::asio::awaitable<response> api::report(request& from) {
    const auto query = parse_analysis_query(from, analysis_kind::report, analysed_at());
    if (!query) co_return answers::bad_request(from, query.error().message());
    const auto begin = steady_clock::now();
    std::vector<std::string> errors;
    const auto& range = query->range;
    const auto summary = co_await part("summary", p_.analysis->stats(range), "null", errors);
    const auto top_list = co_await part("top_alerts", p_.analysis->top(range, query->limit), "[]", errors);
    const auto flapping_list =
        co_await part("flapping_alerts", p_.analysis->flapping(range, query->threshold, 50), "[]", errors);
    std::string recent_list = "[]";
    alert_filter filter;
    filter.from = range.from;
    filter.to = range.to;
    if (range.space) filter.labels.emplace("namespace", *range.space);
    if (range.severity) filter.labels.emplace("severity", *range.severity);
    if (query->include_recent) {
        auto work = recent(*p_.alerts, filter);
        recent_list = co_await part("recent_alerts", std::move(work), "[]", errors);
    }
    std::string error_list = "[";
    for (const auto& one : errors) {
        if (error_list.size() > 1) error_list += ',';
        append_json_string(error_list, one);
    }
    const auto took = std::chrono::duration<double, std::milli>{steady_clock::now() - begin}.count();
    json_object metadata;
    metadata.time("generated_at", analysed_at()).text("request_id", from.id());
    metadata.raw("processing_time_ms", fmt::format("{:.3f}", took));
    metadata.raw("partial_failure", errors.empty() ? "false" : "true").raw("errors", error_list + "]");
    json_object out;
    out.raw("metadata", metadata.finish())
        .time("from", range.from)
        .time("to", range.to)
        .raw("summary", summary);
    out.raw("top_alerts", top_list).raw("flapping_alerts", flapping_list).raw("recent_alerts", recent_list);
    co_return response::json(200, out.finish());
}

} // namespace tusk::alerthist
