#include <tusk/doctor/detail/check.hpp>

/// Who is connected, and what they do.
namespace tusk::doctor::detail {

namespace {

constexpr std::string_view connections_sql =
    "select coalesce(state, 'background') as state, count(*) as connections, "
    "coalesce(max(extract(epoch from clock_timestamp() - state_change))::int8, 0) as longest_seconds "
    "from pg_stat_activity where backend_type = 'client backend' group by 1 order by 2 desc, 1";

void judge_connections(const result_set& rows, const thresholds&, examination& out) {
    out.add(table_of("connections", rows));
}

constexpr std::string_view headroom_sql =
    "select (select count(*) from pg_stat_activity where backend_type = 'client backend') as used, "
    "current_setting('max_connections')::int8 - current_setting('superuser_reserved_connections')::int8 "
    "- coalesce(current_setting('reserved_connections', true)::int8, 0) as available";

void judge_headroom(const result_set& rows, const thresholds& limits, examination& out) {
    const auto used = number_of(rows[0], "used");
    const auto available = number_of(rows[0], "available");
    const double share =
        static_cast<double>(used) / static_cast<double>(std::max<std::int64_t>(available, 1));
    if (share < limits.connections()) return;
    out.add(finding{"connection_headroom", share >= 0.95 ? severity::critical : severity::warning,
                    "the server",
                    std::to_string(used) + " of " + std::to_string(available) +
                        " connections that clients may have are in use (" + percent(share) + ")",
                    "make the pools smaller, put a connection pooler in front, or raise max_connections"});
}

constexpr std::string_view running_sql =
    "select pid, coalesce(usename, '') as role, coalesce(application_name, '') as application, state, "
    "extract(epoch from clock_timestamp() - case when state = 'active' then query_start else state_change "
    "end)::int8 "
    "as seconds, left(regexp_replace(query, '\\s+', ' ', 'g'), 200) as statement "
    "from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid() "
    "and datname = current_database() and (state = 'active' or state like 'idle in transaction%') "
    "order by seconds desc nulls last limit 100";

void judge_running(const result_set& rows, const thresholds& limits, examination& out) {
    for (const auto row : rows) {
        const auto seconds = number_of(row, "seconds");
        if (seconds < limits.long_running().count()) continue;
        const auto pid = text_of(row, "pid");
        const bool idle = row["state"].text() != "active";
        const auto who = text_of(row, "role") + (row["application"].text().empty() ? "" : ", ") +
                         text_of(row, "application");
        if (idle)
            out.add(
                finding{"idle_in_transaction", severity::warning, "pid " + pid,
                        "a session (" + who + ") has been idle inside a transaction for " +
                            duration_text(seconds) + "; its last statement: " + text_of(row, "statement"),
                        "end transactions before waiting for anything else; select pg_terminate_backend(" +
                            pid + "); idle_in_transaction_session_timeout does it by itself"});
        else
            out.add(finding{"long_running_statement", severity::warning, "pid " + pid,
                            "a statement (" + who + ") has been running for " + duration_text(seconds) +
                                ": " + text_of(row, "statement"),
                            "select pg_cancel_backend(" + pid + "); a deadline for each call prevents it"});
    }
}

constexpr std::string_view blocked_sql =
    "select a.pid, extract(epoch from clock_timestamp() - a.query_start)::int8 as seconds, "
    "left(regexp_replace(a.query, '\\s+', ' ', 'g'), 200) as statement, b.pid as blocker, "
    "coalesce(b.state, '') as blocker_state, left(regexp_replace(b.query, '\\s+', ' ', 'g'), 200) as "
    "blocking_statement from pg_stat_activity a "
    "cross join lateral unnest(pg_blocking_pids(a.pid)) as u(pid) join pg_stat_activity b on b.pid = u.pid "
    "where a.wait_event_type = 'Lock' and a.datname = current_database() order by seconds desc limit 100";

void judge_blocked(const result_set& rows, const thresholds& limits, examination& out) {
    for (const auto row : rows) {
        const auto seconds = number_of(row, "seconds");
        const auto blocker = text_of(row, "blocker");
        out.add(
            finding{"blocked_statement",
                    seconds >= limits.long_running().count() ? severity::critical : severity::warning,
                    "pid " + text_of(row, "pid"),
                    "a statement has been waiting for " + duration_text(seconds) + " for a lock of pid " +
                        blocker + " (" + text_of(row, "blocker_state") + "): " + text_of(row, "statement") +
                        "; the other one: " + text_of(row, "blocking_statement"),
                    "select pg_cancel_backend(" + blocker + "), or pg_terminate_backend when it is idle"});
    }
}

constexpr std::string_view prepared_sql =
    "select gid, extract(epoch from clock_timestamp() - prepared)::int8 as seconds from pg_prepared_xacts "
    "where database = current_database() order by 2 desc limit 100";

void judge_prepared(const result_set& rows, const thresholds& limits, examination& out) {
    for (const auto row : rows) {
        const auto seconds = number_of(row, "seconds");
        if (seconds < limits.long_running().count()) continue;
        out.add(finding{"prepared_transaction", severity::warning, text_of(row, "gid"),
                        "a prepared transaction has been open for " + duration_text(seconds) +
                            "; it keeps its locks, and dead rows from being removed",
                        "commit prepared or rollback prepared, as its coordinator decided"});
    }
}

} // namespace

std::vector<check> activity_checks() {
    return {{"connections", connections_sql, &judge_connections},
            {"connection_headroom", headroom_sql, &judge_headroom},
            {"long_running_statement", running_sql, &judge_running},
            {"blocked_statement", blocked_sql, &judge_blocked},
            {"prepared_transaction", prepared_sql, &judge_prepared}};
}

} // namespace tusk::doctor::detail
