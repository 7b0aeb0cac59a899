#include <boost/json.hpp>
#include <fmt/format.h>

#include <services/alerthist/common.hpp>
#include <services/alerthist/store.hpp>
#include <tusk/types/array.hpp>
#include <tusk/types/time.hpp>

namespace tusk::alerthist {

namespace asio = boost::asio;

namespace {

/// So many alerts with the labels of a filter: their histories are merged. With more, the labels are common
/// enough to be met soon by who reads all events from the newest on.
constexpr std::int64_t few_alerts = 200;

constexpr std::string_view alert_columns_sql =
    "fingerprint, alert_name, status, severity, namespace as space, labels, annotations, starts_at, ends_at, "
    "generator_url, receiver, group_key, classification, outcome, outcome_reason, created_at, updated_at";

/// What `ilike` is given so that `text` is found inside JSON, in which quotes and backslashes are escaped.
std::string search_pattern(std::string_view text) {
    auto quoted = boost::json::serialize(boost::json::string_view{text.data(), text.size()});
    std::string out = "%";
    for (const char c : std::string_view{quoted}.substr(1, quoted.size() - 2)) {
        if (c == '%' || c == '_' || c == '\\') out += '\\';
        out += c;
    }
    return out + "%";
}

std::optional<std::string> pattern_of(const alert_filter& filter) {
    if (!filter.text) return std::nullopt;
    return search_pattern(*filter.text);
}

/// Labels that have a column of their own are asked of that; an empty value says that the label is there,
/// which the columns do not know.
struct split_labels {
    std::optional<std::string> name;
    std::optional<std::string> severity;
    std::optional<std::string> space;
    std::optional<json_text> others;
};

split_labels split(const label_set& labels) {
    split_labels out;
    label_set others;
    for (const auto& [name, value] : labels) {
        if (name == "alertname" && !value.empty())
            out.name = value;
        else if (name == "severity" && !value.empty())
            out.severity = value;
        else if (name == "namespace" && !value.empty())
            out.space = value;
        else
            others.emplace(name, value);
    }
    if (!others.empty()) out.others.emplace(to_json(others));
    return out;
}

/// Every combination of conditions is a statement text of its own with the same parameters, so that the
/// server plans exactly the conditions that are there; a parameter that is not used is only given its type.
std::string conditions(const alert_filter& filter, const split_labels& labels, std::string_view time) {
    std::string sql;
    sql += filter.status ? "status = $1" : "$1::text is null";
    sql += labels.others ? " and labels @> $2::jsonb" : " and $2::jsonb is null";
    sql += filter.from ? fmt::format(" and {} >= $3", time) : " and $3::timestamptz is null";
    sql += filter.to ? fmt::format(" and {} <= $4", time) : " and $4::timestamptz is null";
    sql += labels.name ? " and alert_name = $5" : " and $5::text is null";
    sql += labels.severity ? " and severity = $6" : " and $6::text is null";
    sql += labels.space ? " and namespace = $7" : " and $7::text is null";
    sql += filter.outcome ? " and outcome = $8" : " and $8::text is null";
    return sql;
}

constexpr std::string_view not_searched = " and $12::text is null";

std::string list_sql(const alert_filter& filter, const split_labels& labels, bool continued) {
    auto where = "where " + conditions(filter, labels, "starts_at");
    where += continued ? " and (starts_at, fingerprint) < ($9, $10)"
                       : " and $9::timestamptz is null and $10::text is null";
    constexpr std::string_view order = " order by starts_at desc, fingerprint desc limit ";
    if (!filter.text)
        return fmt::format("select {} from alerts {}{}{}$11", alert_columns_sql, where, not_searched, order);
    return fmt::format("select {0} from (select * from alerts {1}{2}{3}) a where "
                       "(labels::text || annotations::text) ilike $12{2}$11",
                       alert_columns_sql, where, order, most_searched);
}

std::string of_one_sql(bool continued) {
    auto sql = "select " + event_columns("e") + " from alert_events e where fingerprint = $1";
    sql += continued ? " and (happened_at, id) < ($2, $3)"
                     : " and $2::timestamptz is null and $3::bigint is null";
    return sql += " order by happened_at desc, id desc limit $4";
}

constexpr std::string_view continued_events = " and (happened_at, id) < ($9, $10)";
constexpr std::string_view first_events = " and $9::timestamptz is null and $10::bigint is null";

constexpr std::string_view newest_events = " order by happened_at desc, id desc limit ";

/// A text is asked of the alert, whose labels are those of all its events.
std::string history_sql(const alert_filter& filter, const split_labels& labels, bool continued) {
    auto where = conditions(filter, labels, "happened_at");
    where += continued ? continued_events : first_events;
    if (!filter.text)
        return fmt::format("select {} from alert_events e where {}{}{}$11", event_columns("e"), where,
                           not_searched, newest_events);
    return fmt::format(
        "select {0} from (select * from alert_events where {1}{2}{3}) e where exists (select from "
        "alerts a where a.fingerprint = e.fingerprint and (a.labels::text || a.annotations::text) "
        "ilike $12){2}$11",
        event_columns("e"), where, newest_events, most_searched);
}

/// Which alerts have the labels and the text of a filter.
std::string having_sql(const alert_filter& filter) {
    if (!filter.text)
        return "select fingerprint from alerts where labels @> $1::text::jsonb and $2::text is null limit $3";
    return fmt::format(
        "select fingerprint from (select * from alerts where labels @> $1::text::jsonb order by starts_at "
        "desc, fingerprint desc limit {}) a where (labels::text || annotations::text) ilike $2 limit $3",
        most_searched);
}

/// The newest of each of some alerts, and of these the newest.
std::string merged_sql(const alert_filter& filter, const split_labels& labels, bool continued) {
    auto inner = "select * from alert_events where fingerprint = a.fingerprint and " +
                 conditions(filter, labels, "happened_at");
    inner += continued ? continued_events : first_events;
    inner += newest_events;
    return fmt::format(
        "select {0} from unnest($12::text[]) as a (fingerprint) cross join lateral ({1}$11) e{2}$11",
        event_columns("e"), inner, newest_events);
}

/// Takes the row away that was read only to know whether there are more.
template <class Page>
bool cut_to(Page& what, std::int64_t limit) {
    const auto wanted = static_cast<std::size_t>(limit);
    if (what.rows.size() <= wanted) return false;
    what.rows.resize(wanted);
    return true;
}

std::optional<std::string_view> status_of(const alert_filter& filter) {
    if (!filter.status) return std::nullopt;
    return to_string(*filter.status);
}

void set_next(event_page& of, std::int64_t limit) {
    if (!cut_to(of, limit)) return;
    of.next.emplace();
    of.next->happened_at = of.rows.back().happened_at;
    of.next->id = of.rows.back().id;
}

template <class Row>
void add_common(json_object& out, const Row& row) {
    out.text("fingerprint", row.fingerprint).text("alert_name", row.alert_name).text("status", row.status);
    out.text("severity", row.severity).text("namespace", row.space);
    out.raw("labels", row.labels.text()).raw("annotations", row.annotations.text());
    out.time("starts_at", row.starts_at).time("ends_at", row.ends_at);
    out.text("generator_url", row.generator_url)
        .text("receiver", row.receiver)
        .text("group_key", row.group_key);
    out.raw("classification", row.classification ? row.classification->text() : std::string{"null"});
    json_object outcome;
    out.raw("outcome", outcome.text("decision", row.outcome).text("reason", row.outcome_reason).finish());
}

} // namespace

std::string event_columns(std::string_view e) {
    return fmt::format(
        "{0}.id, {0}.fingerprint, {0}.alert_name, {0}.status, {0}.severity, {0}.namespace as space, "
        "{0}.labels, {0}.annotations, {0}.starts_at, {0}.ends_at, {0}.generator_url, {0}.receiver, "
        "{0}.group_key, {0}.classification, {0}.outcome, {0}.outcome_reason, {0}.is_first, "
        "{0}.happened_at, {0}.received_at",
        e);
}

std::string to_json(const alert_row& row) {
    json_object out;
    add_common(out, row);
    out.time("created_at", row.created_at).time("updated_at", row.updated_at);
    return out.finish();
}

std::string to_json(const event_row& row) {
    json_object out;
    out.number("id", row.id);
    add_common(out, row);
    out.time("happened_at", row.happened_at).time("received_at", row.received_at);
    return out.finish();
}

asio::awaitable<alert_page> store::list(const alert_filter& filter, const std::optional<alert_cursor>& after,
                                        std::int64_t limit) {
    const auto labels = split(filter.labels);
    std::optional<instant> starts_at;
    std::optional<std::string> fingerprint;
    if (after) {
        starts_at = after->starts_at;
        fingerprint = after->fingerprint;
    }
    const auto sql = list_sql(filter, labels, after.has_value());
    const auto call = options{}.table("alerts").custom_plan();
    const auto status = status_of(filter);
    alert_page out;
    const auto pattern = pattern_of(filter);
    out.rows = co_await pool_->all<alert_row>(call, sql, status, labels.others, filter.from, filter.to,
                                              labels.name, labels.severity, labels.space, filter.outcome,
                                              starts_at, fingerprint, limit + 1, pattern);
    if (cut_to(out, limit)) {
        out.next.emplace();
        out.next->starts_at = out.rows.back().starts_at;
        out.next->fingerprint = out.rows.back().fingerprint;
    }
    co_return out;
}

asio::awaitable<std::optional<alert_row>> store::find(std::string_view fingerprint) {
    static const auto sql = fmt::format("select {} from alerts where fingerprint = $1", alert_columns_sql);
    const auto call = options{}.table("alerts");
    co_return co_await pool_->maybe<alert_row>(call, sql, fingerprint);
}

asio::awaitable<event_page> store::events(std::string_view fingerprint,
                                          const std::optional<event_cursor>& after, std::int64_t limit) {
    std::optional<instant> happened_at;
    std::optional<std::int64_t> id;
    if (after) {
        happened_at = after->happened_at;
        id = after->id;
    }
    const auto sql = of_one_sql(after.has_value());
    const auto call = options{}.table("alert_events");
    event_page out;
    out.rows = co_await pool_->all<event_row>(call, sql, fingerprint, happened_at, id, limit + 1);
    set_next(out, limit);
    co_return out;
}

asio::awaitable<event_page> store::history(const alert_filter& filter,
                                           const std::optional<event_cursor>& after, std::int64_t limit) {
    const auto labels = split(filter.labels);
    std::optional<instant> happened_at;
    std::optional<std::int64_t> id;
    if (after) {
        happened_at = after->happened_at;
        id = after->id;
    }
    const auto status = status_of(filter);
    const auto call = options{}.table("alert_events").custom_plan();
    event_page out;
    const auto pattern = pattern_of(filter);
    if (labels.others || pattern) {
        const auto whole = to_json(filter.labels);
        const auto having = having_sql(filter);
        const auto found = co_await pool_->all<std::string>(call, having, whole, pattern, few_alerts + 1);
        if (static_cast<std::int64_t>(found.size()) <= few_alerts) {
            const auto sql = merged_sql(filter, labels, after.has_value());
            out.rows = co_await pool_->all<event_row>(call, sql, status, labels.others, filter.from,
                                                      filter.to, labels.name, labels.severity, labels.space,
                                                      filter.outcome, happened_at, id, limit + 1, found);
            set_next(out, limit);
            co_return out;
        }
    }
    const auto sql = history_sql(filter, labels, after.has_value());
    out.rows = co_await pool_->all<event_row>(call, sql, status, labels.others, filter.from, filter.to,
                                              labels.name, labels.severity, labels.space, filter.outcome,
                                              happened_at, id, limit + 1, pattern);
    set_next(out, limit);
    co_return out;
}

asio::awaitable<std::vector<event_row>> store::events_after(std::int64_t id, std::int64_t up_to,
                                                            std::int64_t limit) {
    static const std::string sql = "select " + event_columns("e") +
                                   " from alert_events e where id > $1 and id <= $2 order by id limit $3";
    const auto call = options{}.table("alert_events");
    co_return co_await pool_->all<event_row>(call, sql, id, up_to, limit);
}

} // namespace tusk::alerthist
