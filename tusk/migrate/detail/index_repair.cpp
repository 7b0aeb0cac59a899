#include <tusk/migrate/detail/index_repair.hpp>

#include <optional>

namespace tusk::migrate::detail {

namespace {

struct found_index {
    std::string name; ///< Qualified and quoted.
    bool valid;
    std::string definition;
};

/// The index of that name in the schema of the table; by the name alone when the statement does not say the
/// table.
result<std::optional<found_index>> find_index(session& on, const index_names& names) {
    const auto plain = [](const std::string& name) {
        return "(select (pg_catalog.parse_ident(" + quoted_string(name) + "))[1])";
    };
    const auto by_table =
        "n.oid = (select relnamespace from pg_catalog.pg_class where oid = pg_catalog.to_regclass(" +
        quoted_string(names.table) + "))";
    const auto by_name = "c.oid = pg_catalog.to_regclass(" +
                         quoted_string((names.schema.empty() ? "" : names.schema + ".") + names.index) + ")";
    return on.db().try_maybe<found_index>(
        options{}.mode(protocol::exec_mode::exec),
        "select pg_catalog.format('%I.%I', n.nspname, c.relname) as name, i.indisvalid and i.indisready as "
        "valid, "
        "pg_catalog.pg_get_indexdef(c.oid) as definition from pg_catalog.pg_class c join "
        "pg_catalog.pg_namespace n "
        "on n.oid = c.relnamespace join pg_catalog.pg_index i on i.indexrelid = c.oid where c.relname = " +
            plain(names.index) + " and " + (names.table.empty() ? by_name : by_table));
}

failure drop(session& on, const std::string& name) {
    return on.db().try_script("drop index concurrently if exists " + name);
}

/// What REINDEX CONCURRENTLY leaves behind when it is cut off: new indexes that are not valid yet, old ones
/// that are not any more.
failure drop_remains_of_reindex(session& on) {
    const auto left = on.db().try_all<std::string>(
        options{}.mode(protocol::exec_mode::exec),
        "select pg_catalog.format('%I.%I', n.nspname, c.relname) from pg_catalog.pg_class c join "
        "pg_catalog.pg_namespace n on n.oid = c.relnamespace join pg_catalog.pg_index i on i.indexrelid = "
        "c.oid where "
        "not i.indisvalid and c.relname ~ '_cc(new|old)[0-9]*$'");
    if (!left) return left.error();
    for (const auto& name : *left)
        if (auto f = drop(on, name)) return f;
    return {};
}

result<verdict> judge_create(session& on, const statement& s) {
    const auto names = index_names_of(s.text);
    if (names.index.empty()) return verdict::unknown; // the server chose a name
    const auto index = find_index(on, names);
    if (!index) return failed<verdict>(index.error());
    if (!*index || !(*index)->valid) return verdict::redo;
    return comparable_index((*index)->definition) == comparable_index(s.text) ? verdict::done
                                                                              : verdict::unknown;
}

result<verdict> judge_drop(session& on, const statement& s) {
    const auto names = index_names_of(s.text);
    if (names.index.empty()) return verdict::unknown;
    const auto index = find_index(on, names);
    if (!index) return failed<verdict>(index.error());
    return *index ? verdict::redo : verdict::done;
}

} // namespace

result<verdict> judge_interrupted(session& on, const statement& s) {
    switch (s.kind) {
    case statement_kind::create_index: return judge_create(on, s);
    case statement_kind::drop_index: return judge_drop(on, s);
    case statement_kind::reindex:
        if (auto f = drop_remains_of_reindex(on)) return failed<verdict>(std::move(f));
        return verdict::redo;
    case statement_kind::repeatable: return verdict::redo;
    default: return verdict::unknown;
    }
}

result<bool> drop_invalid_index(session& on, const statement& s) {
    const auto names = index_names_of(s.text);
    if (s.kind != statement_kind::create_index || names.index.empty() || names.table.empty())
        return result<bool>{false};
    const auto index = find_index(on, names);
    if (!index) return failed<bool>(index.error());
    if (!*index || (*index)->valid) return result<bool>{false};
    if (auto f = drop(on, (*index)->name)) return failed<bool>(std::move(f));
    return result<bool>{true};
}

} // namespace tusk::migrate::detail
