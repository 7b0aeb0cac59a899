#include <tusk/doctor/detail/check.hpp>

/// Tables and indexes of the connected database.
namespace tusk::doctor::detail {

namespace {

constexpr std::string_view sizes_sql =
    "select format('%I.%I', n.nspname, c.relname) as table, greatest(c.reltuples, 0)::int8 as rows, "
    "pg_table_size(c.oid) as table_bytes, pg_indexes_size(c.oid) as index_bytes, "
    "pg_total_relation_size(c.oid) as total_bytes from pg_class c join pg_namespace n on n.oid = "
    "c.relnamespace "
    "where c.relkind in ('r', 'm') and n.nspname not in ('pg_catalog', 'information_schema') "
    "and n.nspname not like 'pg\\_toast%' and n.nspname not like 'pg\\_temp%' order by 5 desc, 1 limit 20";

void judge_sizes(const result_set& rows, const thresholds&, examination& out) {
    out.add(table_of("tables", rows));
}

constexpr std::string_view dead_rows_sql =
    "select format('%I.%I', schemaname, relname) as name, n_live_tup as live, n_dead_tup as dead, "
    "coalesce(to_char(greatest(last_vacuum, last_autovacuum), 'YYYY-MM-DD HH24:MI'), 'never') as vacuumed "
    "from pg_stat_user_tables where n_dead_tup > 0 order by n_dead_tup desc limit 100";

void judge_dead_rows(const result_set& rows, const thresholds& limits, examination& out) {
    for (const auto row : rows) {
        const auto dead = number_of(row, "dead");
        const auto all = dead + number_of(row, "live");
        const double share = static_cast<double>(dead) / static_cast<double>(all);
        if (all < limits.table_rows() || share < limits.dead_rows()) continue;
        const auto name = text_of(row, "name");
        out.add(finding{"dead_rows", severity::warning, name,
                        percent(share) + " of its " + std::to_string(all) +
                            " rows are dead; last vacuumed: " + text_of(row, "vacuumed"),
                        "vacuum " + name + "; if they come back, see what keeps autovacuum from them"});
    }
}

constexpr std::string_view never_analyzed_sql =
    "select format('%I.%I', schemaname, relname) as name, n_live_tup as live from pg_stat_user_tables "
    "where last_analyze is null and last_autoanalyze is null order by 2 desc limit 100";

void judge_never_analyzed(const result_set& rows, const thresholds& limits, examination& out) {
    for (const auto row : rows) {
        if (number_of(row, "live") < limits.table_rows()) continue;
        const auto name = text_of(row, "name");
        out.add(finding{"never_analyzed", severity::warning, name,
                        "it has " + text_of(row, "live") + " rows, and the planner knows nothing about them",
                        "analyze " + name});
    }
}

constexpr std::string_view scans_sql =
    "select format('%I.%I', schemaname, relname) as name, seq_scan as scans, coalesce(idx_scan, 0) as "
    "lookups, "
    "seq_tup_read as read, n_live_tup as live from pg_stat_user_tables where seq_scan > 0 "
    "order by seq_tup_read desc limit 100";

/// A table that is read whole more often than once in twenty times.
void judge_scans(const result_set& rows, const thresholds& limits, examination& out) {
    for (const auto row : rows) {
        const auto scans = number_of(row, "scans");
        const auto all = scans + number_of(row, "lookups");
        if (number_of(row, "live") < limits.table_rows() || scans < 100) continue;
        const double share = static_cast<double>(scans) / static_cast<double>(all);
        if (share < 0.05) continue;
        out.add(finding{"missing_index", severity::warning, text_of(row, "name"),
                        percent(share) + " of the " + std::to_string(all) + " reads of this table of " +
                            text_of(row, "live") + " rows went through all of it",
                        "find the statements that do it, and give them an index"});
    }
}

constexpr std::string_view unused_sql =
    "select format('%I.%I', s.schemaname, s.indexrelname) as name, format('%I.%I', s.schemaname, s.relname) "
    "as of, "
    "pg_relation_size(s.indexrelid) as bytes from pg_stat_user_indexes s join pg_index i "
    "on i.indexrelid = s.indexrelid where s.idx_scan = 0 and not i.indisunique and not i.indisexclusion "
    "and not i.indisreplident and i.indisvalid order by 3 desc limit 100";

void judge_unused(const result_set& rows, const thresholds& limits, examination& out) {
    for (const auto row : rows) {
        const auto bytes = number_of(row, "bytes");
        if (bytes < limits.unused_index()) continue;
        const auto name = text_of(row, "name");
        out.add(finding{"unused_index", severity::information, name,
                        "nothing has read this index of " + size_text(bytes) + " on " + text_of(row, "of") +
                            " since the statistics began; each write pays for it",
                        "see whether replicas read it, then drop index concurrently " + name});
    }
}

// An index that begins with the columns of another one (b-tree), or is another one once more.
constexpr std::string_view duplicates_sql =
    "with i as (select x.indexrelid, x.indrelid, x.indisunique, x.indisprimary, x.indisexclusion, "
    "x.indkey::text || ' ' as key, x.indclass::text || ' ' as class, x.indcollation::text || ' ' as "
    "collation, "
    "x.indoption::text || ' ' as option, x.indnkeyatts, x.indnatts, c.relam, "
    "coalesce(pg_get_expr(x.indexprs, x.indrelid), '') as expressions, "
    "coalesce(pg_get_expr(x.indpred, x.indrelid), '') as predicate, am.amname, "
    "format('%I.%I', n.nspname, c.relname) as name, format('%I.%I', n.nspname, t.relname) as of, "
    "pg_relation_size(x.indexrelid) as bytes from pg_index x join pg_class c on c.oid = x.indexrelid "
    "join pg_am am on am.oid = c.relam join pg_class t on t.oid = x.indrelid "
    "join pg_namespace n on n.oid = c.relnamespace where x.indisvalid and n.nspname <> 'pg_catalog' "
    "and n.nspname not like 'pg\\_toast%') "
    "select distinct on (a.bytes, a.name) a.name, a.of, b.name as other, a.bytes from i a join i b on "
    "b.indrelid = a.indrelid "
    "and b.indexrelid <> a.indexrelid and b.relam = a.relam and b.predicate = a.predicate "
    "and b.expressions = a.expressions and a.indnkeyatts = a.indnatts "
    "where not a.indisunique and not a.indisexclusion and not a.indisprimary "
    "and starts_with(b.key, a.key) and starts_with(b.class, a.class) and starts_with(b.collation, "
    "a.collation) "
    "and starts_with(b.option, a.option) and (a.amname = 'btree' or a.key = b.key) "
    "and a.indnkeyatts <= b.indnkeyatts "
    "and (a.key <> b.key or b.indisunique or a.indexrelid > b.indexrelid) order by a.bytes desc, a.name, "
    "b.indnkeyatts desc, b.name limit 100";

void judge_duplicates(const result_set& rows, const thresholds&, examination& out) {
    for (const auto row : rows) {
        const auto name = text_of(row, "name");
        out.add(finding{"duplicate_index", severity::warning, name,
                        "the index " + text_of(row, "other") + " on " + text_of(row, "of") +
                            " does all that this one of " + size_text(number_of(row, "bytes")) + " does",
                        "drop index concurrently " + name});
    }
}

constexpr std::string_view invalid_sql =
    "select format('%I.%I', n.nspname, c.relname) as name, format('%I.%I', n.nspname, t.relname) as of "
    "from pg_index i join pg_class c on c.oid = i.indexrelid join pg_class t on t.oid = i.indrelid "
    "join pg_namespace n on n.oid = c.relnamespace where not i.indisvalid and c.relkind = 'i' and not exists "
    "(select 1 from pg_stat_progress_create_index p where p.index_relid = i.indexrelid) order by 1";

void judge_invalid(const result_set& rows, const thresholds&, examination& out) {
    for (const auto row : rows) {
        const auto name = text_of(row, "name");
        out.add(finding{"invalid_index", severity::warning, name,
                        "building this index on " + text_of(row, "of") +
                            " failed; nothing reads it, and each write pays for it",
                        "drop index concurrently " + name + ", or reindex index concurrently " + name});
    }
}

constexpr std::string_view unvalidated_sql =
    "select c.conname as name, format('%I.%I', n.nspname, t.relname) as of, quote_ident(c.conname) as quoted "
    "from pg_constraint c join pg_class t on t.oid = c.conrelid join pg_namespace n on n.oid = "
    "t.relnamespace "
    "where not c.convalidated and c.contype in ('c', 'f') order by 2, 1";

void judge_unvalidated(const result_set& rows, const thresholds&, examination& out) {
    for (const auto row : rows)
        out.add(finding{
            "unvalidated_constraint", severity::information, text_of(row, "of") + ", " + text_of(row, "name"),
            "older rows of the table may violate this constraint",
            "alter table " + text_of(row, "of") + " validate constraint " + text_of(row, "quoted")});
}

// Deleting from, or changing keys of, the table that is referred to reads the one that refers to it whole.
constexpr std::string_view foreign_keys_sql =
    "select quote_ident(c.conname) as name, format('%I.%I', n.nspname, t.relname) as of, "
    "(select string_agg(quote_ident(a.attname), ', ' order by k.at) from unnest(c.conkey) with ordinality "
    "k(num, at) "
    "join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.num) as columns, "
    "greatest(t.reltuples, s.n_live_tup, 0)::int8 as rows from pg_constraint c "
    "join pg_class t on t.oid = c.conrelid join pg_namespace n on n.oid = t.relnamespace "
    "left join pg_stat_user_tables s on s.relid = t.oid "
    "where c.contype = 'f' and c.conparentid = 0 and not exists (select 1 from pg_index i where i.indrelid = "
    "c.conrelid "
    "and i.indisvalid and i.indpred is null and i.indnkeyatts >= cardinality(c.conkey) "
    "and (string_to_array(i.indkey::text, ' ')::int2[])[1:cardinality(c.conkey)] @> c.conkey) order by 4 "
    "desc, 2, 1 "
    "limit 100";

void judge_foreign_keys(const result_set& rows, const thresholds& limits, examination& out) {
    for (const auto row : rows) {
        if (number_of(row, "rows") < limits.table_rows()) continue;
        const auto of = text_of(row, "of");
        out.add(finding{"foreign_key_without_index", severity::warning, of + ", " + text_of(row, "name"),
                        "each delete from the table that it refers to reads all " + text_of(row, "rows") +
                            " rows of " + of,
                        "create index concurrently on " + of + " (" + text_of(row, "columns") + ")"});
    }
}

constexpr std::string_view no_key_sql =
    "select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n "
    "on n.oid = c.relnamespace where c.relkind in ('r', 'p') and not c.relispartition and n.nspname not in "
    "('pg_catalog', 'information_schema') and c.relpersistence <> 't' and not exists "
    "(select 1 from pg_index i where i.indrelid = c.oid and i.indisprimary) and not exists "
    "(select 1 from pg_depend d where d.objid = c.oid and d.deptype = 'e') order by 1 limit 100";

void judge_no_key(const result_set& rows, const thresholds&, examination& out) {
    for (const auto row : rows)
        out.add(finding{"no_primary_key", severity::information, text_of(row, "name"),
                        "the table has no primary key; logical replication cannot update or delete its rows",
                        "alter table " + text_of(row, "name") + " add primary key (…)"});
}

} // namespace

std::vector<check> storage_checks() {
    return {{"tables", sizes_sql, &judge_sizes},
            {"dead_rows", dead_rows_sql, &judge_dead_rows},
            {"never_analyzed", never_analyzed_sql, &judge_never_analyzed},
            {"missing_index", scans_sql, &judge_scans},
            {"unused_index", unused_sql, &judge_unused},
            {"duplicate_index", duplicates_sql, &judge_duplicates},
            {"invalid_index", invalid_sql, &judge_invalid},
            {"unvalidated_constraint", unvalidated_sql, &judge_unvalidated},
            {"foreign_key_without_index", foreign_keys_sql, &judge_foreign_keys},
            {"no_primary_key", no_key_sql, &judge_no_key}};
}

} // namespace tusk::doctor::detail
