#include <tusk/migrate/version.hpp>

#include <tusk/client/blocking.hpp>
#include <tusk/client/verbs.hpp>
#include <tusk/migrate/journal.hpp>

namespace tusk::migrate {

namespace {

constexpr std::string_view find_table =
    "select n.nspname::text from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = "
    "c.relnamespace where "
    "c.relname = 'atlas_schema_revisions' and c.relkind in ('r', 'p') and (n.nspname = $1::text or ($1::text "
    "= '' and "
    "n.nspname in (pg_catalog.current_schema(), 'atlas_schema_revisions'))) order by n.nspname = "
    "'atlas_schema_revisions' limit 1";

struct last_row {
    std::optional<std::string> current;
    bool partial;
};

std::string ask(const std::string& schema) {
    return "select max(version collate \"C\")::text as current, coalesce(bool_or((applied < total or error "
           "is not "
           "null) and type & 4 = 0), false) as partial from " +
           quoted_name(schema) + "." + journal::table_name + " where version <> '.atlas_cloud_identifier'";
}

version_state told(const directory& files, const last_row& row) {
    version_state out;
    out.expected = files.latest();
    out.current = row.current.value_or("");
    out.partial = row.partial;
    return out;
}

} // namespace

boost::asio::awaitable<version_state> check_version(verbs& db, const directory& files,
                                                    std::string revisions_schema) {
    const auto schema = co_await db.maybe<std::string>(find_table, revisions_schema);
    last_row row{std::nullopt, false};
    if (schema) {
        const auto sql = ask(*schema);
        row = co_await db.one<last_row>(sql);
    }
    co_return told(files, row);
}

version_state check_version(blocking::verbs& db, const directory& files, std::string revisions_schema) {
    const auto schema = db.maybe<std::string>(find_table, revisions_schema);
    return told(files, schema ? db.one<last_row>(ask(*schema)) : last_row{std::nullopt, false});
}

} // namespace tusk::migrate
