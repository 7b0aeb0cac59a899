#include <algorithm>

#include <tusk/doctor/detail/check.hpp>

/// What the server as a whole comes to the end of.
namespace tusk::doctor::detail {

namespace {

/// Below this many blocks a share says nothing.
constexpr std::int64_t enough_blocks = 10'000;

constexpr std::string_view cache_sql =
    "select 'tables' as what, coalesce(sum(heap_blks_hit), 0)::int8 as hits, "
    "coalesce(sum(heap_blks_read), 0)::int8 as reads from pg_statio_user_tables union all "
    "select 'indexes', coalesce(sum(idx_blks_hit), 0)::int8, coalesce(sum(idx_blks_read), 0)::int8 "
    "from pg_statio_user_indexes";

void judge_cache(const result_set& rows, const thresholds& limits, examination& out) {
    for (const auto row : rows) {
        const auto hits = number_of(row, "hits");
        const auto all = hits + number_of(row, "reads");
        if (all < enough_blocks) continue;
        const double share = static_cast<double>(hits) / static_cast<double>(all);
        if (share >= limits.cache_hits()) continue;
        out.add(
            finding{"cache_hits", severity::warning, text_of(row, "what"),
                    percent(share) + " of the blocks of " + text_of(row, "what") + " were found in memory",
                    "raise shared_buffers, or find what reads so much (pg_statio_user_tables)"});
    }
}

constexpr std::int64_t last_transaction_id = 2'146'483'648; // 2^31 - 1,000,000: where the server stops
constexpr std::string_view wraparound_sql =
    "select datname, age(datfrozenxid)::int8 as transactions, mxid_age(datminmxid)::int8 as multixacts, "
    "current_setting('autovacuum_freeze_max_age')::int8 as freeze_at from pg_database "
    "where datallowconn order by greatest(age(datfrozenxid)::int8, mxid_age(datminmxid)::int8) desc";

void judge_wraparound(const result_set& rows, const thresholds&, examination& out) {
    for (const auto row : rows) {
        const auto age = std::max(number_of(row, "transactions"), number_of(row, "multixacts"));
        const auto left = last_transaction_id - age;
        // Twice the age at which autovacuum begins on its own: it does not get through.
        const bool late = age > 2 * number_of(row, "freeze_at");
        if (!late && left > 100'000'000) continue;
        out.add(finding{"wraparound", left < 100'000'000 ? severity::critical : severity::warning,
                        text_of(row, "datname"),
                        std::to_string(left) + " transactions are left until the server refuses to write",
                        "vacuum (freeze) in this database; see what holds it up: old transactions, prepared "
                        "transactions, replication slots"});
    }
}

// The owner of a sequence may have a smaller type than the sequence.
constexpr std::string_view sequences_sql =
    "select format('%I.%I', n.nspname, s.relname) as name, coalesce(v.last_value, 0)::int8 as last, "
    "least(v.max_value, case t.typname when 'int2' then 32767 when 'int4' then 2147483647 "
    "else 9223372036854775807 end)::int8 as largest, case when a.attname is null then '' else "
    "format('%I.%I.%I', tn.nspname, tc.relname, a.attname) end as used_by, coalesce(t.typname, '') as type "
    "from pg_class s join pg_namespace n on n.oid = s.relnamespace "
    "join pg_sequences v on v.schemaname = n.nspname and v.sequencename = s.relname "
    "left join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = s.oid and d.deptype in ('a', "
    "'i') "
    "and d.refclassid = 'pg_class'::regclass and d.refobjsubid > 0 "
    "left join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid "
    "left join pg_class tc on tc.oid = a.attrelid left join pg_namespace tn on tn.oid = tc.relnamespace "
    "left join pg_type t on t.oid = a.atttypid where s.relkind = 'S' and not v.cycle and v.increment_by > 0";

void judge_sequences(const result_set& rows, const thresholds& limits, examination& out) {
    for (const auto row : rows) {
        const auto last = number_of(row, "last");
        const auto largest = number_of(row, "largest");
        const double share =
            static_cast<double>(last) / static_cast<double>(std::max<std::int64_t>(largest, 1));
        if (share < limits.sequence()) continue;
        const auto user = text_of(row, "used_by");
        const bool widened = row["type"].text() == "int8" || user.empty();
        out.add(finding{"sequence_headroom", share >= 0.99 ? severity::critical : severity::warning,
                        text_of(row, "name"),
                        percent(share) + " of its values are used up (" + std::to_string(last) + " of " +
                            std::to_string(largest) + ")" + (user.empty() ? "" : "; it numbers " + user),
                        widened ? "let it begin again, or number with another type"
                                : "make the column " + user + " a bigint, and the sequence with it"});
    }
}

constexpr std::string_view slots_sql =
    "select slot_name, active, coalesce(pg_wal_lsn_diff(case when pg_is_in_recovery() "
    "then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end, restart_lsn), 0)::int8 as retained, "
    "coalesce(wal_status, '') as status from pg_replication_slots";

void judge_slots(const result_set& rows, const thresholds& limits, examination& out) {
    for (const auto row : rows) {
        const auto name = text_of(row, "slot_name");
        const auto retained = number_of(row, "retained");
        const bool active = row["active"].text() == "t";
        const bool lost = row["status"].text() == "lost";
        if (active && !lost && retained < limits.retained_wal()) continue;
        out.add(finding{"replication_slot",
                        retained >= limits.retained_wal() ? severity::critical : severity::warning, name,
                        lost ? "the slot has lost write-ahead log that it needs"
                             : "the slot is " + std::string{active ? "behind" : "not in use"} +
                                   " and keeps " + size_text(retained) + " of write-ahead log",
                        "bring its reader back, or select pg_drop_replication_slot('" + name + "')"});
    }
}

constexpr std::string_view settings_sql = "select name, setting from pg_settings where name in ('fsync', "
                                          "'full_page_writes', 'autovacuum', 'track_counts') "
                                          "and setting = 'off'";

void judge_settings(const result_set& rows, const thresholds&, examination& out) {
    for (const auto row : rows) {
        const auto name = text_of(row, "name");
        const bool loses_data = name == "fsync" || name == "full_page_writes";
        out.add(finding{"setting", loses_data ? severity::critical : severity::warning, name,
                        loses_data ? name + " is off: a crash of the machine may destroy the data"
                                   : name + " is off: nothing removes dead rows, and tables grow",
                        "alter system set " + name +
                            " = on; select pg_reload_conf(); on a throwaway server it is "
                            "fine"});
    }
}

constexpr std::string_view slow_sql =
    "select calls, mean_exec_time::int8 as mean_ms, total_exec_time::int8 as total_ms, "
    "left(regexp_replace(query, '\\s+', ' ', 'g'), 200) as statement from pg_stat_statements "
    "where dbid = (select oid from pg_database where datname = current_database()) "
    "order by total_exec_time desc limit 20";

void judge_slow(const result_set& rows, const thresholds& limits, examination& out) {
    out.add(table_of("statements", rows));
    for (const auto row : rows) {
        if (number_of(row, "mean_ms") < limits.slow_statement().count()) continue;
        if (number_of(row, "calls") < limits.slow_calls()) continue;
        out.add(finding{"slow_statement", severity::warning, text_of(row, "statement"),
                        "it takes " + text_of(row, "mean_ms") + " ms on average, and was called " +
                            text_of(row, "calls") + " times",
                        "see its plan: explain (analyze, buffers)"});
    }
}

} // namespace

std::vector<check> server_checks() {
    return {{"cache_hits", cache_sql, &judge_cache},
            {"wraparound", wraparound_sql, &judge_wraparound},
            {"sequence_headroom", sequences_sql, &judge_sequences},
            {"replication_slot", slots_sql, &judge_slots},
            {"setting", settings_sql, &judge_settings},
            {"slow_statement", slow_sql, &judge_slow}};
}

} // namespace tusk::doctor::detail
