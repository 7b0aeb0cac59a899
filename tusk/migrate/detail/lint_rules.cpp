#include <tusk/migrate/detail/lint_rules.hpp>

#include <algorithm>
#include <array>

namespace tusk::migrate::detail {

namespace {

using remarks = std::vector<remark>;

constexpr const char* destructive = "destructive";
constexpr const char* data_depend = "data_depend";
constexpr const char* incompatible = "incompatible";
constexpr const char* concurrent_index = "concurrent_index";
constexpr const char* blocking_change = "blocking_change";

std::string column_of(const std::string& table, const std::string& column) { return table + "." + column; }

/// Calls `f` with every node below, itself included.
template <class F>
void walk(const boost::json::value& at, const F& f) {
    f(at);
    if (const auto* object = at.if_object())
        for (const auto& each : *object) walk(each.value(), f);
    if (const auto* list = at.if_array())
        for (const auto& each : *list) walk(each, f);
}

/// A function whose value is another one for each row: the table has to be rewritten for it.
bool calls_volatile(const node& expression) {
    static constexpr std::array names{
        "random",           "gen_random_uuid", "uuid_generate_v1", "uuid_generate_v1mc",
        "uuid_generate_v4", "clock_timestamp", "timeofday",        "nextval"};
    bool found = false;
    if (expression)
        walk(expression.raw(), [&](const boost::json::value& v) {
            const auto parts = name_parts(node{&v}["FuncCall"]["funcname"]);
            found = found ||
                    (!parts.empty() && std::find(names.begin(), names.end(), parts.back()) != names.end());
        });
    return found;
}

/// The columns that an expression `c IS NOT NULL [AND …]` says not to be null.
std::vector<std::string> columns_not_null(const node& expression) {
    std::vector<std::string> out;
    if (expression)
        walk(expression.raw(), [&](const boost::json::value& v) {
            const auto test = node{&v}["NullTest"];
            if (test["nulltesttype"].text() != "IS_NOT_NULL") return;
            const auto parts = name_parts(test["arg"]["ColumnRef"]["fields"]);
            if (!parts.empty()) out.push_back(parts.back());
        });
    return out;
}

// ---- tables and columns

remarks on_drop(const node& drop, file_state& state) {
    remarks out;
    const auto what = drop["removeType"].text();
    for (const auto& each : drop["objects"].list()) {
        std::string name;
        for (const auto& part : name_parts(each)) name += (name.empty() ? "" : ".") + part;
        if (what == "OBJECT_SCHEMA") {
            const auto schema =
                each["String"]["sval"] ? each["String"]["sval"].text() : each["String"]["str"].text();
            if (!state.schemas.contains(schema))
                out.push_back({"DS101", destructive, "drops the schema " + schema + " and all that is in it",
                               "make sure that nobody uses it any more, and that there is a backup"});
        }
        if (what == "OBJECT_TABLE" && !state.tables.contains(name))
            out.push_back(
                {"DS102", destructive, "drops the table " + name + " and its rows",
                 "add a check that it is empty (docs/migrate.md, checks), or keep it for one release"});
        if (what == "OBJECT_INDEX" && !drop["concurrent"].flag())
            out.push_back(
                {"PG102", concurrent_index,
                 "drops the index " + name + " under a lock that stops reads and writes of its table",
                 "DROP INDEX CONCURRENTLY, in a file of its own with `-- atlas:txmode none`"});
    }
    if (what == "OBJECT_INDEX" && drop["concurrent"].flag() && state.mode != tx_mode::none)
        out.push_back({"PG103", concurrent_index, "CONCURRENTLY cannot run in a transaction",
                       "begin the file with `-- atlas:txmode none` and an empty line"});
    return out;
}

remarks on_index(const node& index, const file_state& state) {
    remarks out;
    const auto table = relation_name(index["relation"]);
    if (state.tables.contains(table)) return out;
    if (!index["concurrent"].flag())
        out.push_back({"PG101", concurrent_index,
                       "builds an index under a lock that stops writes of " + table,
                       "CREATE INDEX CONCURRENTLY, in a file of its own with `-- atlas:txmode none`"});
    else if (state.mode != tx_mode::none)
        out.push_back({"PG103", concurrent_index, "CONCURRENTLY cannot run in a transaction",
                       "begin the file with `-- atlas:txmode none` and an empty line"});
    if (index["unique"].flag())
        out.push_back({"MF101", data_depend,
                       "a unique index fails when rows of " + table + " have the same values",
                       "look for duplicates first, and make them impossible in the program"});
    return out;
}

remarks on_rename(const node& rename, const file_state& state) {
    const auto table = relation_name(rename["relation"]);
    if (state.tables.contains(table)) return {};
    const auto what = rename["renameType"].text();
    if (what == "OBJECT_TABLE")
        return {{"BC101", incompatible,
                 "renames the table " + table + ": programs that run now know its old name",
                 "leave a view with the old name until they are gone"}};
    if (what == "OBJECT_COLUMN")
        return {{"BC102", incompatible,
                 "renames the column " + rename["subname"].text() + " of " + table +
                     ": programs that run now know its old name",
                 "add a column, write both, move readers over, and drop the old one later"}};
    return {};
}

// ---- ALTER TABLE

/// One command of an ALTER TABLE.
class alteration {
public:
    alteration(std::string table, const node& command, file_state& state)
        : table_{std::move(table)}, command_{command}, state_{&state} {}

    remarks look() {
        const auto what = command_["subtype"].text();
        if (what == "AT_DropColumn") drop_column();
        if (what == "AT_AddColumn") add_column();
        if (what == "AT_SetNotNull") set_not_null();
        if (what == "AT_AlterColumnType") alter_type();
        if (what == "AT_AddConstraint") add_constraint(command_["def"]["Constraint"], {});
        if (what == "AT_DropConstraint") drop_constraint();
        if (what == "AT_ValidateConstraint") validate();
        return std::move(out_);
    }

private:
    void say(const char* code, const char* analyzer, std::string message, std::string remedy) {
        out_.push_back({code, analyzer, std::move(message), std::move(remedy)});
    }

    void drop_column() {
        say("DS103", destructive,
            "drops the column " + command_["name"].text() + " of " + table_ + " and its values",
            "make sure that no program reads it any more; a check can prove that it is empty");
    }

    void add_column() {
        const auto column = command_["def"]["ColumnDef"];
        const auto name = column["colname"].text();
        bool required = false;
        bool filled = is_serial(column);
        if (filled) rewrites(name);
        for (const auto& each : column["constraints"].list()) {
            const auto c = each["Constraint"];
            const auto kind = c["contype"].text();
            required = required || kind == "CONSTR_NOTNULL" || kind == "CONSTR_PRIMARY";
            filled =
                filled || kind == "CONSTR_DEFAULT" || kind == "CONSTR_IDENTITY" || kind == "CONSTR_GENERATED";
            if ((kind == "CONSTR_DEFAULT" && calls_volatile(c["raw_expr"])) || kind == "CONSTR_GENERATED" ||
                kind == "CONSTR_IDENTITY")
                rewrites(name);
            add_constraint(c, name);
        }
        if (required && !filled)
            say("MF103", data_depend,
                "adds the column " + name + " that must not be null and has no default: it fails when " +
                    table_ + " has rows",
                "give it a default, or add it without NOT NULL, fill it, and set NOT NULL later");
    }

    static bool is_serial(const node& column) {
        const auto type = name_parts(column["typeName"]["names"]);
        return !type.empty() &&
               (type.back() == "serial" || type.back() == "bigserial" || type.back() == "smallserial" ||
                type.back() == "serial4" || type.back() == "serial8");
    }

    void rewrites(const std::string& column) {
        say("PG302", blocking_change,
            "the value of the new column " + column + " is another one for each row: " + table_ +
                " is rewritten while nobody can read it",
            "add the column without it, set the default, and fill old rows in small steps");
    }

    void set_not_null() {
        const auto column = command_["name"].text();
        const auto key = column_of(table_, column);
        if (state_->not_null.contains(key)) return;
        if (!state_->filled.contains(key))
            say("MF104", data_depend, "sets NOT NULL on " + key + ": it fails when a row has no value there",
                "fill the column in the same file, or prove it by a CHECK that was validated");
        say("PG303", blocking_change,
            "sets NOT NULL on " + key + ": the whole table is read while nobody can use it",
            "ADD CONSTRAINT … CHECK (" + column +
                " IS NOT NULL) NOT VALID, VALIDATE it, then set NOT NULL and drop "
                "the constraint");
    }

    void alter_type() {
        say("PG301", blocking_change,
            "changes the type of " + column_of(table_, command_["name"].text()) +
                ": unless the new type takes the old values as they are, table and indexes are rewritten "
                "while nobody "
                "can use them",
            "widen varchar or numeric only; else add a column, fill it in steps, and change over");
    }

    void add_constraint(const node& c, const std::string& column) {
        const auto kind = c["contype"].text();
        const bool has_index = !c["indexname"].text().empty();
        if (kind == "CONSTR_PRIMARY" && !has_index) {
            say("PG104", concurrent_index,
                "builds the index of the primary key while nobody can use " + table_,
                "CREATE UNIQUE INDEX CONCURRENTLY first, then ADD PRIMARY KEY USING INDEX");
            if (column.empty() && !all_known_not_null(c["keys"]))
                say("PG304", blocking_change,
                    "a primary key over columns that may be null reads the whole table of " + table_ +
                        " first",
                    "set NOT NULL on them first, the way PG303 says");
        }
        if (kind == "CONSTR_UNIQUE" && !has_index) {
            say("PG105", concurrent_index,
                "builds the index of the constraint while nobody can use " + table_,
                "CREATE UNIQUE INDEX CONCURRENTLY first, then ADD CONSTRAINT … UNIQUE USING INDEX");
            if (column.empty())
                say("MF101", data_depend,
                    "a unique constraint fails when rows of " + table_ + " have the same values",
                    "look for duplicates first, and make them impossible in the program");
        }
        if (kind == "CONSTR_CHECK") check(c, column);
        if (kind == "CONSTR_FOREIGN" && !c["skip_validation"].flag())
            say("PG306", blocking_change,
                "a foreign key is checked for all rows of " + table_ +
                    " while nobody can write it or what it refers to",
                "ADD CONSTRAINT … NOT VALID, and VALIDATE CONSTRAINT in the next file");
    }

    bool all_known_not_null(const node& keys) const {
        const auto names = name_parts(keys);
        return std::all_of(names.begin(), names.end(),
                           [&](const auto& n) { return state_->not_null.contains(column_of(table_, n)); });
    }

    void check(const node& c, const std::string& column) {
        const auto columns = columns_not_null(c["raw_expr"]);
        if (c["skip_validation"].flag()) {
            for (const auto& each : columns)
                state_->checks_to_validate.insert(table_ + "." + c["conname"].text() + "." + each);
            return;
        }
        for (const auto& each : columns) state_->not_null.insert(column_of(table_, each));
        if (!column.empty()) return; // a new column: nothing of it is there to read
        say("PG305", blocking_change,
            "a check is made for all rows of " + table_ + " while nobody can use it",
            "ADD CONSTRAINT … NOT VALID, and VALIDATE CONSTRAINT in the next file");
    }

    void validate() {
        const auto prefix = table_ + "." + command_["name"].text() + ".";
        for (const auto& each : state_->checks_to_validate)
            if (each.starts_with(prefix))
                state_->not_null.insert(column_of(table_, each.substr(prefix.size())));
    }

    /// Without a database, the name is all there is to see.
    void drop_constraint() {
        const auto name = command_["name"].text();
        if (!name.ends_with("_fkey") && !name.ends_with("_fk") && !name.starts_with("fk_")) return;
        say("CD101", "condrop", "drops the foreign key " + name + " of " + table_ + ", and its columns stay",
            "make sure that nothing relies on what it guarantees");
    }

    std::string table_;
    node command_;
    file_state* state_;
    remarks out_;
};

remarks on_alter(const node& alter, file_state& state) {
    remarks out;
    const auto table = relation_name(alter["relation"]);
    if (state.tables.contains(table)) return out;
    for (const auto& each : alter["cmds"].list()) {
        auto more = alteration{table, each["AlterTableCmd"], state}.look();
        out.insert(out.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
    }
    return out;
}

void note_update(const node& update, file_state& state) {
    for (const auto& each : update["targetList"].list())
        state.filled.insert(column_of(relation_name(update["relation"]), each["ResTarget"]["name"].text()));
}

} // namespace

std::vector<remark> remarks_on(const node& statement, file_state& state) {
    const auto kind = statement.kind();
    const auto inner = statement.inner();
    if (kind == "CreateStmt") state.tables.insert(relation_name(inner["relation"]));
    if (kind == "CreateTableAsStmt") state.tables.insert(relation_name(inner["into"]["rel"]));
    if (kind == "CreateSchemaStmt") state.schemas.insert(inner["schemaname"].text());
    if (kind == "UpdateStmt") note_update(inner, state);
    if (kind == "DropStmt") return on_drop(inner, state);
    if (kind == "IndexStmt") return on_index(inner, state);
    if (kind == "RenameStmt") return on_rename(inner, state);
    return kind == "AlterTableStmt" ? on_alter(inner, state) : remarks{};
}

} // namespace tusk::migrate::detail
