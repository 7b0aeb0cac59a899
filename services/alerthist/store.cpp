#include <services/alerthist/store.hpp>

#include <services/alerthist/common.hpp>
#include <tusk/types/array.hpp>
#include <tusk/types/time.hpp>

namespace tusk::alerthist {

namespace asio = boost::asio;

namespace {

/// Bodies that meet in the same rows may have to wait for each other; the server resolves what it sees as
/// deadlock.
constexpr unsigned attempts_after_deadlock = 3;

// A state gives way to one that holds since a later moment; at the same moment to that of a later start (it
// fired again at once), and a firing to its own end. An equal one is heard again: its annotations may have
// changed.
constexpr std::string_view save_states = R"(
    insert into alerts (fingerprint, status, labels, annotations, starts_at, ends_at, generator_url, receiver, group_key)
    select n.fingerprint, n.status, n.labels, n.annotations, n.starts_at, n.ends_at, n.generator_url, $8, $9
    from unnest($1::text[], $2::text[], $3::jsonb[], $4::jsonb[], $5::timestamptz[], $6::timestamptz[], $7::text[])
        as n (fingerprint, status, labels, annotations, starts_at, ends_at, generator_url)
    on conflict (fingerprint) do update set
        status = excluded.status, labels = excluded.labels, annotations = excluded.annotations,
        starts_at = excluded.starts_at, ends_at = excluded.ends_at, generator_url = excluded.generator_url,
        receiver = excluded.receiver, group_key = excluded.group_key, updated_at = now()
    where (greatest(excluded.starts_at, excluded.ends_at), excluded.starts_at, excluded.status = 'resolved')
        >= (greatest(alerts.starts_at, alerts.ends_at), alerts.starts_at, alerts.status = 'resolved'))";

constexpr std::string_view save_events = R"(
    insert into alert_events
        (fingerprint, status, labels, annotations, starts_at, ends_at, generator_url, receiver, group_key)
    select n.fingerprint, n.status, n.labels, n.annotations, n.starts_at, n.ends_at, n.generator_url, $8, $9
    from unnest($1::text[], $2::text[], $3::jsonb[], $4::jsonb[], $5::timestamptz[], $6::timestamptz[], $7::text[])
        as n (fingerprint, status, labels, annotations, starts_at, ends_at, generator_url)
    on conflict (fingerprint, status, starts_at) do nothing)";

// The same end of the same firing, told again with a later time, is a correction and no event of its own.
constexpr std::string_view correct_ends = R"(
    update alert_events as e set ends_at = n.ends_at
    from unnest($1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[])
        as n (fingerprint, status, starts_at, ends_at)
    where e.fingerprint = n.fingerprint and e.status = n.status and e.starts_at = n.starts_at
        and n.ends_at is not null and (e.ends_at is null or e.ends_at < n.ends_at))";

constexpr std::string_view alert_fields = "select fingerprint, alert_name, status, labels, annotations, "
                                          "starts_at, ends_at, generator_url, receiver, "
                                          "group_key, created_at, updated_at from alerts ";
constexpr std::string_view event_fields = "select id, fingerprint, status, labels, annotations, starts_at, "
                                          "ends_at, generator_url, receiver, group_key, "
                                          "happened_at, received_at from alert_events ";

options on_table(std::string_view name) { return options{}.table(name); }

/// One deadline for all attempts: whoever sent the body waits for the answer.
asio::awaitable<std::uint64_t> save_in(transaction& tx, const alert_batch& what, deadline until) {
    const auto& s = what.states;
    const auto alerts = on_table("alerts").until(until);
    co_await tx.exec(alerts, save_states, s.fingerprints, s.statuses, s.labels, s.annotations, s.starts,
                     s.ends, s.generator_urls, what.receiver, what.group_key);
    const auto& e = what.events;
    const auto events = on_table("alert_events").until(until);
    const auto created =
        co_await tx.exec(events, save_events, e.fingerprints, e.statuses, e.labels, e.annotations, e.starts,
                         e.ends, e.generator_urls, what.receiver, what.group_key);
    if (created < e.size())
        co_await tx.exec(events, correct_ends, e.fingerprints, e.statuses, e.starts, e.ends);
    co_return created;
}

/// The conditions of a listing. Every combination is a statement text of its own with the same parameters, so
/// that the server plans exactly the conditions that are there; a parameter that is not used is only given
/// its type.
std::string list_sql(const alert_filter& filter, bool continued) {
    std::string sql{alert_fields};
    sql += filter.status ? "where status = $1" : "where $1::text is null";
    sql += filter.labels.empty() ? " and $2::jsonb is null" : " and labels @> $2::jsonb";
    sql += filter.from ? " and starts_at >= $3" : " and $3::timestamptz is null";
    sql += filter.to ? " and starts_at <= $4" : " and $4::timestamptz is null";
    sql += continued ? " and (starts_at, fingerprint) < ($5, $6)"
                     : " and $5::timestamptz is null and $6::text is null";
    return sql += " order by starts_at desc, fingerprint desc limit $7";
}

std::string events_sql(bool continued) {
    std::string sql{event_fields};
    sql += "where fingerprint = $1";
    sql += continued ? " and (happened_at, id) < ($2, $3)"
                     : " and $2::timestamptz is null and $3::bigint is null";
    return sql += " order by happened_at desc, id desc limit $4";
}

/// Takes the row away that was read only to know whether there are more.
template <class Page>
bool cut_to(Page& what, std::int64_t limit) {
    const auto wanted = static_cast<std::size_t>(limit);
    if (what.rows.size() <= wanted) return false;
    what.rows.resize(wanted);
    return true;
}

} // namespace

void alert_columns::reserve(std::size_t count) {
    fingerprints.reserve(count);
    statuses.reserve(count);
    labels.reserve(count);
    annotations.reserve(count);
    starts.reserve(count);
    ends.reserve(count);
    generator_urls.reserve(count);
}

void alert_columns::add(const alert& one) {
    fingerprints.push_back(one.fingerprint);
    statuses.push_back(to_string(one.status));
    labels.emplace_back(to_json(one.labels));
    annotations.emplace_back(to_json(one.annotations));
    starts.push_back(one.starts_at);
    ends.push_back(one.ends_at);
    generator_urls.push_back(one.generator_url);
}

asio::awaitable<std::uint64_t> store::save(const alert_batch& what) {
    const auto until = deadline::in(pool_->config().statement_timeout());
    auto work = [&what, until](transaction& tx) { return save_in(tx, what, until); };
    tx_options how;
    how.retries(attempts_after_deadlock);
    co_return co_await pool_->transact(work, how);
}

asio::awaitable<alert_page> store::list(const alert_filter& filter, const std::optional<alert_cursor>& after,
                                        std::int64_t limit) {
    std::optional<std::string_view> status;
    if (filter.status) status = to_string(*filter.status);
    std::optional<json_text> labels;
    if (!filter.labels.empty()) labels.emplace(to_json(filter.labels));
    std::optional<instant> starts_at;
    std::optional<std::string> fingerprint;
    if (after) {
        starts_at = after->starts_at;
        fingerprint = after->fingerprint;
    }
    const auto sql = list_sql(filter, after.has_value());
    const auto call = on_table("alerts");
    alert_page out;
    out.rows = co_await pool_->all<alert_row>(call, sql, status, labels, filter.from, filter.to, starts_at,
                                              fingerprint, limit + 1);
    if (cut_to(out, limit)) out.next = alert_cursor{out.rows.back().starts_at, out.rows.back().fingerprint};
    co_return out;
}

asio::awaitable<std::optional<alert_row>> store::find(std::string_view fingerprint) {
    static const std::string sql = std::string{alert_fields} + "where fingerprint = $1";
    const auto call = on_table("alerts");
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
    const auto sql = events_sql(after.has_value());
    const auto call = on_table("alert_events");
    event_page out;
    out.rows = co_await pool_->all<event_row>(call, sql, fingerprint, happened_at, id, limit + 1);
    if (cut_to(out, limit)) out.next = event_cursor{out.rows.back().happened_at, out.rows.back().id};
    co_return out;
}

} // namespace tusk::alerthist
