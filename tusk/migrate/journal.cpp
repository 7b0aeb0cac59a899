#include <tusk/migrate/journal.hpp>

#include <algorithm>
#include <array>

#include <tusk/client/blocking.hpp>
#include <tusk/types/time.hpp>

namespace tusk::migrate {

namespace {

constexpr std::string_view columns =
    "version, description, type, applied, total, executed_at, execution_time, error, error_stmt, hash, "
    "partial_hashes::text as partial_hashes, operator_version";

/// Atlas's definition. Source: cmd/atlas/internal/migrate/ent/schema/revision.go.
constexpr std::string_view definition = R"(create table if not exists {table} (
    version character varying not null,
    description character varying not null,
    type bigint not null default 2,
    applied bigint not null default 0,
    total bigint not null default 0,
    executed_at timestamptz not null,
    execution_time bigint not null,
    error text,
    error_stmt text,
    hash character varying not null,
    partial_hashes jsonb,
    operator_version character varying not null,
    primary key (version)))";

/// The session that writes has to hold the lock. A bigint lock stands in pg_locks in halves.
constexpr std::string_view fence = "exists (select from pg_catalog.pg_locks where locktype = 'advisory' and "
                                   "pid = pg_catalog.pg_backend_pid() "
                                   "and granted and classid = 0 and objid = 2686470616 and objsubid = 1)";

constexpr std::string_view unbound = "\"$user\", public";

failure lost_lock() {
    return failure{
        errc::environment,
        "this session does not hold the lock of the migrations any more, or somebody else wrote its "
        "journal\nremedy: see whether a migration releases all advisory locks (DISCARD ALL, "
        "pg_advisory_unlock_all); run it again"};
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
    for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
        text.replace(at, what.size(), by);
    return text;
}

struct column {
    std::string name;
    bool required;
};

struct schema_path {
    std::string path;
    std::optional<std::string> first;
};

constexpr std::array<std::string_view, 12> known_columns{
    "version",        "description", "type",       "applied", "total",          "executed_at",
    "execution_time", "error",       "error_stmt", "hash",    "partial_hashes", "operator_version"};

} // namespace

std::string quoted_name(std::string_view name) {
    return "\"" + replaced(std::string{name}, "\"", "\"\"") + "\"";
}

std::string quoted_string(std::string_view text) {
    return "E'" + replaced(replaced(std::string{text}, "\\", "\\\\"), "'", "''") + "'";
}

std::string journal::table() const { return quoted_name(schema_) + "." + table_name; }

std::string journal::sql(std::string_view text) const {
    return replaced(replaced(std::string{text}, "{table}", table()), "{fence}", fence);
}

template <class... A>
failure journal::run(std::string_view text, const A&... arguments) {
    // Not prepared: a migration may throw away all prepared statements.
    const auto done = db_->try_exec(options{}.mode(protocol::exec_mode::exec), sql(text), arguments...);
    if (!done) return failure{done.error()}.add_context("journal");
    return *done == 0 ? lost_lock() : failure{};
}

result<journal> journal::open(blocking::connection& db, std::string schema) {
    // Where search_path is not the default, it was set by the connection string, the role or the database.
    const auto path =
        db.try_one<schema_path>("select reset_val as path, pg_catalog.current_schema()::text as "
                                "first from pg_catalog.pg_settings where name = 'search_path'");
    if (!path) return failed<journal>(path.error());
    const bool bound =
        path->path != unbound && path->path.find(',') == std::string::npos && path->first.has_value();
    journal out{db, schema};
    out.bound_ = bound;
    if (schema.empty()) out.schema_ = bound ? *path->first : table_name;
    if (auto f = out.look()) return failed<journal>(std::move(f));
    if (!schema.empty() || !bound || out.exists_) return out;
    journal usual{db, table_name};
    if (auto f = usual.look()) return failed<journal>(std::move(f));
    if (!usual.exists_) return out;
    return failed<journal>(failure{
        errc::invalid_argument,
        "the connection is bound to the schema " + out.schema_ +
            ", and the revisions table is in the schema atlas_schema_revisions\nremedy: say which one is "
            "meant: --revisions-schema " +
            out.schema_ + " or --revisions-schema atlas_schema_revisions"});
}

failure journal::look() {
    // One round trip: what is not there has no columns.
    const auto found = db_->try_all<column>("select attname::text as name, attnotnull and not atthasdef and "
                                            "attidentity = '' and attgenerated = '' as "
                                            "required from pg_catalog.pg_attribute where attrelid = "
                                            "pg_catalog.to_regclass($1) and attnum > 0 and not "
                                            "attisdropped",
                                            table());
    if (!found) return found.error();
    exists_ = !found->empty();
    if (!exists_) return {};
    for (const auto name : known_columns)
        if (std::none_of(found->begin(), found->end(), [&](const column& c) { return c.name == name; }))
            return failure{errc::invalid_argument, "the table " + table() + " has no column " +
                                                       std::string{name} +
                                                       ": it is not the revisions table of Atlas or Tusk"};
    for (const auto& c : *found)
        if (c.required &&
            std::find(known_columns.begin(), known_columns.end(), c.name) == known_columns.end())
            return failure{errc::invalid_argument,
                           "the table " + table() + " requires a column " + c.name +
                               " that this version does not know\nremedy: update tusk"};
    return {};
}

failure journal::create() {
    if (!exists_) {
        // Not "if not exists" alone: that asks for the right to create schemas even where the schema is.
        const auto has = db_->try_one<bool>(
            "select exists (select from pg_catalog.pg_namespace where nspname = $1)", schema_);
        if (!has) return has.error();
        if (!*has)
            if (auto f = db_->try_script("create schema if not exists " + quoted_name(schema_))) return f;
        if (auto f = db_->try_script(sql(definition))) return f;
        exists_ = true;
    }
    const auto may = db_->try_one<bool>(
        "select pg_catalog.has_table_privilege($1, 'select') and pg_catalog.has_table_privilege($1, "
        "'insert') and "
        "pg_catalog.has_table_privilege($1, 'update') and pg_catalog.has_table_privilege($1, 'delete')",
        table());
    if (!may) return may.error();
    if (*may) return {};
    return failure{errc::invalid_argument,
                   "this role may not write the revisions table " + table() +
                       "\nremedy: GRANT select, insert, update, delete, or connect as its "
                       "owner"};
}

result<std::vector<revision>> journal::read() {
    // Whoever had the lock before may have made the table since.
    if (auto f = exists_ ? failure{} : look()) return failed<std::vector<revision>>(std::move(f));
    if (!exists_) return std::vector<revision>{};
    return db_->try_all<revision>(
        "select " + std::string{columns} + " from " + table() +
        " where version <> '.atlas_cloud_identifier' order by version collate \"C\"");
}

result<bool> journal::is_clean() {
    return db_->try_one<bool>(
        "select not exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = "
        "c.relnamespace where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and c.relkind in "
        "('r', 'p', 'v', 'm', 'S', 'f') and not (n.nspname = $1 and c.relname = $2) and (n.nspname = $1 or "
        "not $3) "
        "and not exists (select from pg_catalog.pg_depend d where d.classid = "
        "'pg_catalog.pg_class'::regclass and "
        "d.objid = c.oid and d.deptype = 'e'))",
        schema_, std::string_view{table_name}, bound_);
}

failure journal::write(const revision& r) {
    return run(
        "insert into {table} as t (version, description, type, applied, total, executed_at, execution_time, "
        "error, error_stmt, hash, partial_hashes, operator_version) select $1::text, $2::text, $3::int8, "
        "$4::int8, "
        "$5::int8, $6::timestamptz, $7::int8, $8::text, $9::text, $10::text, $11::text::jsonb, $12::text "
        "where {fence} on conflict (version) do update set type = excluded.type, "
        "applied = excluded.applied, total = excluded.total, executed_at = excluded.executed_at, "
        "execution_time = excluded.execution_time, error = excluded.error, error_stmt = "
        "excluded.error_stmt, hash = excluded.hash, partial_hashes = excluded.partial_hashes, "
        "operator_version = excluded.operator_version, description = excluded.description",
        r.version, r.description, r.type, r.applied, r.total, r.executed_at, r.execution_time, r.error,
        r.error_stmt, r.hash, r.partial_hashes, r.operator_version);
}

failure journal::advance(const revision& r, std::int64_t before, const std::string& hash) {
    return run("update {table} set applied = $2::int8 + 1, error = null, error_stmt = null, executed_at = "
               "pg_catalog.clock_timestamp(), partial_hashes = coalesce(partial_hashes, '[]') || "
               "pg_catalog.to_jsonb($3::text) where version = $1 and applied = $2::int8 and {fence}",
               r.version, before, hash);
}

failure journal::mark_running(const revision& r, const std::string& statement) {
    return mark_failed(r, std::string{running_mark}, statement);
}

failure journal::mark_failed(const revision& r, const std::string& error, const std::string& statement) {
    return run("update {table} set error = $2::text, error_stmt = $3::text where version = $1 and {fence}",
               r.version, error, statement);
}

failure journal::finish(const revision& r) {
    return run("update {table} set partial_hashes = null, error = null, error_stmt = null, execution_time = "
               "$2::int8 where "
               "version = $1 and {fence}",
               r.version, r.execution_time);
}

failure journal::erase(const std::string& version) {
    return run("delete from {table} where version = $1 and {fence}", version);
}

} // namespace tusk::migrate
