#include <algorithm>
#include <random>
#include <stdexcept>

#include <fmt/format.h>

#include "bodies.hpp"
#include "client.hpp"
#include "measurements.hpp"

namespace bench_services {

namespace {

constexpr std::uint64_t names = 20, namespaces = 40;

/// The tables as months of alerts would leave them. Indexes are built afterwards, foreign keys are not looked
/// at: it is the data that matters, not how they came.
constexpr std::string_view fill_sql = R"(
set session_replication_role = replica;
truncate alerts, alert_events, outbox, dead_letters;
create temporary table dropped as
    select indexdef, indexname from pg_indexes where schemaname = 'public' and tablename = 'alert_events'
        and indexname not in (select conname from pg_constraint where conrelid = 'alert_events'::regclass);
do $$ declare one record; begin
    for one in select * from dropped loop execute 'drop index ' || quote_ident(one.indexname); end loop;
end $$;
create temporary table kinds as
    select i, md5(i::text) as fingerprint, jsonb_build_object('alertname', 'Alert' || i % 20, 'instance', 'node-' || i,
            'job', 'node', 'namespace', 'team-' || i % 40, 'severity', (array['critical', 'warning', 'info'])[1 + i % 3])
        as labels from generate_series(0, 9999) i;
insert into alerts (fingerprint, status, labels, annotations, starts_at, generator_url, receiver, group_key)
    select fingerprint, 'firing', labels, '{"summary":"above its limit"}', timestamptz '2026-01-01' + make_interval(secs => i),
        'http://prometheus.example.org/graph', 'history', '{}' from kinds;
)";

constexpr std::string_view events_sql = R"(
insert into alert_events (fingerprint, status, starts_at, ends_at, labels, annotations, generator_url, receiver, group_key,
        received_at, outcome)
    select fingerprint, case when n % 2 = 0 then 'firing' else 'resolved' end, s.at,
        case when n % 2 = 1 then s.at + interval '5 minutes' end, labels, '{"summary":"above its limit"}',
        'http://prometheus.example.org/graph', 'history', '{}', s.at,
        case n % 50 when 0 then 'filtered' when 1 then 'silenced' else 'stored' end
    from generate_series($1::bigint, $2::bigint) n
        join kinds on kinds.i = (n / 2) % 10000
        cross join lateral (select timestamptz '2026-01-01' + make_interval(secs => n / 2) as at) s)";

constexpr std::string_view finish_sql = R"(
do $$ declare one record; begin
    for one in select * from dropped loop execute one.indexdef; end loop;
end $$;
analyze alerts;
analyze alert_events;
reset session_replication_role;
)";

void fill(scene& on, std::uint64_t rows) {
    auto sql = on.sql();
    tusk::options patient;
    patient.timeout(std::chrono::hours{2});
    sql.script(fill_sql);
    constexpr std::uint64_t step = 250'000;
    for (std::uint64_t at = 0; at < rows; at += step)
        sql.exec(patient, events_sql, static_cast<std::int64_t>(at),
                 static_cast<std::int64_t>(std::min(at + step, rows) - 1));
    sql.script(finish_sql);
}

/// A page by one filter, with values that exist.
std::string target(std::uint64_t kind, std::mt19937_64& chance, std::uint64_t rows) {
    const auto below = [&](std::uint64_t limit) { return chance() % limit; };
    const auto node = below(std::min<std::uint64_t>(distinct_alerts, std::max<std::uint64_t>(1, rows / 2)));
    const auto moment = fmt::format("2026-{:02}-{:02}T{:02}:00:00Z", 1 + below(2), 1 + below(28), below(24));
    switch (kind) {
    case 0: return "/api/v1/events?limit=50";
    case 1: return "/api/v1/events?limit=50&status=resolved";
    case 2: return fmt::format("/api/v1/events?limit=50&severity={}", below(2) ? "critical" : "info");
    case 3: return fmt::format("/api/v1/events?limit=50&namespace=team-{}", below(namespaces));
    case 4: return fmt::format("/api/v1/events?limit=50&name=Alert{}", below(names));
    case 5: return "/api/v1/events?limit=50&outcome=silenced";
    case 6: return fmt::format("/api/v1/events?limit=50&label=instance:node-{}", node);
    case 7: return fmt::format("/api/v1/events?limit=50&to={}", moment);
    case 8:
        return fmt::format("/api/v1/events?limit=50&from={0}&namespace=team-{1}&status=firing", moment,
                           below(namespaces));
    default:
        return fmt::format("/api/v1/events?limit=50&name=Alert{}&severity=critical&to={}", below(names),
                           moment);
    }
}

constexpr const char* kinds[] = {"all",
                                 "status",
                                 "severity",
                                 "namespace",
                                 "name",
                                 "outcome",
                                 "label",
                                 "to",
                                 "from, namespace, status",
                                 "name, severity, to"};

/// The page, and the one that its cursor leads to.
void ask(client& to, const std::string& where, latencies& into) {
    std::string next = where;
    for (int page = 0; page < 2 && !next.empty(); ++page) {
        const auto begin = std::chrono::steady_clock::now();
        const auto got = to.get(next);
        into.add(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
        if (got.status != 200) throw std::runtime_error{fmt::format("history: {}: {}", next, got.body)};
        constexpr std::string_view name = "\"next_cursor\":\"";
        const auto cursor = got.body.rfind(name);
        next = cursor == std::string::npos
                   ? std::string{}
                   : where + "&cursor=" +
                         got.body.substr(cursor + name.size(), got.body.rfind('"') - cursor - name.size());
    }
}

} // namespace

void measure_history(scene& on, const scale& how, std::vector<finding>& to) {
    fill(on, how.rows);
    client over{on.port()};
    std::mt19937_64 chance{7};
    latencies all;
    double worst = 0;
    std::string worst_kind;
    for (std::uint64_t kind = 0; kind < std::size(kinds); ++kind) {
        latencies own;
        for (std::uint64_t i = 0; i < how.queries; ++i) ask(over, target(kind, chance, how.rows), own);
        if (own.percentile(0.95) > worst) {
            worst = own.percentile(0.95);
            worst_kind = kinds[kind];
        }
        all.add(own);
    }
    finding out;
    out.name = fmt::format("history by filter over {} events, p95", how.rows);
    out.goal = "<= 20 ms";
    out.measured = worst;
    out.unit = "ms";
    out.reached = worst <= 20;
    out.details = fmt::format("the slowest of {} filters ({}); all together p50 {:.1f} ms, p95 {:.1f} ms",
                              std::size(kinds), worst_kind, all.percentile(0.5), all.percentile(0.95));
    to.push_back(std::move(out));
}

} // namespace bench_services
