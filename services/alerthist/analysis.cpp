#include <services/alerthist/analysis.hpp>

#include <algorithm>

#include <tusk/types/time.hpp>

namespace tusk::alerthist {

namespace asio = boost::asio;

namespace {

constexpr std::int64_t most_buckets = 200;

constexpr std::string_view stats_sql = R"(
    with ranged as materialized (
        select status, severity, namespace, outcome, happened_at from alert_events
        where happened_at between $1 and $2),
    now_firing as materialized (select severity, namespace from alerts where status = 'firing'),
    severities as (
        select value, sum(firing) as firing, sum(events) as events from (
            select severity as value, count(*) as firing, 0 as events from now_firing group by 1
            union all select severity, 0, count(*) from ranged where status = 'firing' group by 1) u
        group by value),
    namespaces as (
        select value, sum(firing) as firing, sum(events) as events from (
            select namespace as value, count(*) as firing, 0 as events from now_firing group by 1
            union all select namespace, 0, count(*) from ranged where status = 'firing' group by 1) u
        group by value order by sum(events) desc, sum(firing) desc, value limit 20),
    outcomes as (select outcome, count(*) as n from ranged group by 1),
    counted as (
        select floor(extract(epoch from happened_at - $1) / $3)::int as bucket,
            count(*) filter (where status = 'firing') as firing, count(*) filter (where status = 'resolved') as resolved
        from ranged group by 1),
    buckets as (
        select $1 + make_interval(secs => b * $3) as at, coalesce(c.firing, 0) as firing, coalesce(c.resolved, 0) as resolved
        from generate_series(0, $4::int - 1) b left join counted c on c.bucket = b order by b)
    select json_build_object(
        'from', to_char($1 at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'to', to_char($2 at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'alerts', (select json_build_object('total', count(*), 'firing', count(*) filter (where status = 'firing'),
            'resolved', count(*) filter (where status = 'resolved')) from alerts),
        'events', (select json_build_object('total', count(*), 'firing', count(*) filter (where status = 'firing'),
            'resolved', count(*) filter (where status = 'resolved')) from ranged),
        'by_severity', (select coalesce(json_agg(s order by events desc, firing desc, value), '[]') from severities s),
        'by_namespace', (select coalesce(json_agg(n order by events desc, firing desc, value), '[]') from namespaces n),
        'by_outcome', (select json_object_agg(o, coalesce(n, 0)) from
            unnest(array['published', 'delayed', 'filtered', 'silenced', 'inhibited', 'stored']) o
            left join outcomes on outcome = o),
        'bucket_seconds', $3::int,
        'timeline', (select coalesce(json_agg(json_build_object('at',
            to_char(at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'firing', firing, 'resolved', resolved)
            order by at), '[]') from buckets))::text)";

constexpr std::string_view top_sql = R"(
    with ranged as (
        select * from alert_events where happened_at between $1 and $2
            and ($3::text is null or namespace = $3) and ($4::text is null or severity = $4)),
    fired as (
        select alert_name, namespace, severity, count(*) as fire_count, count(distinct fingerprint) as alert_count,
            max(happened_at) as last
        from ranged where status = 'firing' group by 1, 2, 3 order by fire_count desc, last desc, 1, 2, 3 limit $5),
    lasted as (
        select alert_name, namespace, severity, avg(extract(epoch from ends_at - starts_at)) as seconds
        from ranged where status = 'resolved' and ends_at is not null group by 1, 2, 3)
    select coalesce(json_agg(json_build_object('alert_name', alert_name, 'namespace', namespace, 'severity', severity,
        'fire_count', fire_count, 'alert_count', alert_count,
        'last_fired_at', to_char(last at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'avg_duration_seconds', round(seconds, 3)) order by fire_count desc, last desc, alert_name, namespace, severity),
        '[]')::text
    from fired left join lasted using (alert_name, namespace, severity))";

constexpr std::string_view flapping_sql = R"(
    with steps as (
        select fingerprint, happened_at, status, lag(status) over (partition by fingerprint order by happened_at, id) as before
        from alert_events where happened_at between $1 and $2
            and ($3::text is null or namespace = $3) and ($4::text is null or severity = $4)),
    counted as (
        select fingerprint, count(*) as n, max(happened_at) as last from steps
        where before <> status group by 1 having count(*) >= $5 order by n desc, last desc, 1 limit $6)
    select coalesce(json_agg(json_build_object('fingerprint', a.fingerprint, 'alert_name', a.alert_name,
        'severity', a.severity, 'namespace', a.namespace, 'status', a.status, 'labels', a.labels,
        'transition_count', n, 'flapping_score',
        round(n / greatest(extract(epoch from $2::timestamptz - $1::timestamptz) / 3600, 0.001), 3),
        'last_transition_at', to_char(last at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
        order by n desc, last desc, a.fingerprint), '[]')::text
    from counted join alerts a using (fingerprint))";

options on_events() { return options{}.table("alert_events").custom_plan(); }

} // namespace

asio::awaitable<std::string> analysis::stats(const analysis_range& of) {
    const auto seconds =
        std::max<std::int64_t>(1, std::chrono::duration_cast<std::chrono::seconds>(of.to - of.from).count());
    const auto width = (seconds + most_buckets - 1) / most_buckets;
    const auto buckets = (seconds + width - 1) / width;
    const auto call = on_events();
    co_return co_await pool_->one<std::string>(call, stats_sql, of.from, of.to, width, buckets);
}

asio::awaitable<std::string> analysis::top(const analysis_range& of, std::int64_t limit) {
    const auto call = on_events();
    co_return co_await pool_->one<std::string>(call, top_sql, of.from, of.to, of.space, of.severity, limit);
}

asio::awaitable<std::string> analysis::flapping(const analysis_range& of, std::int64_t threshold,
                                                std::int64_t limit) {
    const auto call = on_events();
    co_return co_await pool_->one<std::string>(call, flapping_sql, of.from, of.to, of.space, of.severity,
                                               threshold, limit);
}

} // namespace tusk::alerthist
