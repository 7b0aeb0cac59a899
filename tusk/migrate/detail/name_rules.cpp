#include <tusk/migrate/detail/name_rules.hpp>

#include <algorithm>
#include <array>
#include <regex>

namespace tusk::migrate::detail {

namespace {

struct found_name {
    named_thing what;
    std::string name;
};

constexpr std::array codes_of_names{"NM101", "NM102", "NM103", "NM104", "NM105", "NM106"};
constexpr std::array words_of_names{"schema", "table", "column", "index", "foreign key", "check"};

void add_constraint(std::vector<found_name>& to, const node& constraint) {
    const auto kind = constraint["contype"].text();
    const auto name = constraint["conname"].text();
    if (name.empty()) return;
    if (kind == "CONSTR_FOREIGN") to.push_back({named_thing::foreign_key, name});
    if (kind == "CONSTR_CHECK") to.push_back({named_thing::check, name});
    if (kind == "CONSTR_PRIMARY" || kind == "CONSTR_UNIQUE" || kind == "CONSTR_EXCLUSION")
        to.push_back({named_thing::index, name});
}

void add_column(std::vector<found_name>& to, const node& column) {
    to.push_back({named_thing::column, column["colname"].text()});
    for (const auto& each : column["constraints"].list()) add_constraint(to, each["Constraint"]);
}

void add_rename(std::vector<found_name>& to, const node& rename) {
    const auto kind = rename["renameType"].text();
    const auto name = rename["newname"].text();
    if (kind == "OBJECT_SCHEMA") to.push_back({named_thing::schema, name});
    if (kind == "OBJECT_TABLE") to.push_back({named_thing::table, name});
    if (kind == "OBJECT_COLUMN") to.push_back({named_thing::column, name});
    if (kind == "OBJECT_INDEX") to.push_back({named_thing::index, name});
}

/// The names that a statement makes.
std::vector<found_name> names_in(const node& statement) {
    std::vector<found_name> out;
    const auto kind = statement.kind();
    const auto what = statement.inner();
    if (kind == "CreateSchemaStmt") out.push_back({named_thing::schema, what["schemaname"].text()});
    if (kind == "IndexStmt") out.push_back({named_thing::index, what["idxname"].text()});
    if (kind == "RenameStmt") add_rename(out, what);
    if (kind == "CreateStmt") {
        out.push_back({named_thing::table, what["relation"]["relname"].text()});
        for (const auto& each : what["tableElts"].list()) {
            if (const auto column = each["ColumnDef"]) add_column(out, column);
            if (const auto constraint = each["Constraint"]) add_constraint(out, constraint);
        }
    }
    if (kind == "AlterTableStmt")
        for (const auto& each : what["cmds"].list()) {
            const auto definition = each["AlterTableCmd"]["def"];
            if (const auto column = definition["ColumnDef"];
                column && each["AlterTableCmd"]["subtype"].text() == "AT_AddColumn")
                add_column(out, column);
            if (const auto constraint = definition["Constraint"]) add_constraint(out, constraint);
        }
    return out;
}

std::string listed(const std::vector<std::string>& names) {
    std::string out;
    for (const auto& each : names) out += (out.empty() ? "" : ", ") + each;
    return out;
}

std::vector<std::string> both(const std::vector<std::string>& some, const std::vector<std::string>& held) {
    std::vector<std::string> out;
    for (const auto& each : some)
        if (std::find(held.begin(), held.end(), each) != held.end()) out.push_back(each);
    return out;
}

} // namespace

std::vector<remark> remarks_on_names(const node& statement, const std::map<named_thing, std::string>& rules) {
    std::vector<remark> out;
    for (const auto& each : names_in(statement)) {
        const auto rule = rules.find(each.what);
        if (each.name.empty() || rule == rules.end()) continue;
        if (std::regex_match(each.name, std::regex{rule->second})) continue;
        const auto i = static_cast<std::size_t>(each.what);
        out.push_back(
            {codes_of_names[i], "naming",
             std::string{"the "} + words_of_names[i] + " name " + each.name + " does not fit " + rule->second,
             "give it another name"});
    }
    return out;
}

std::vector<remark> remarks_on_measured(const measured_statement& what) {
    std::vector<remark> out;
    const auto rewritten = both(what.rewritten, what.held);
    if (!rewritten.empty())
        out.push_back(
            {"LK101", "measured",
             "writes every row of " + listed(rewritten) + " anew under a lock that keeps others out",
             "add a column, fill it in batches, and let it take the other one's place"});
    const auto scanned = both(what.scanned, what.held);
    if (!scanned.empty() && rewritten.empty())
        out.push_back({"LK102", "measured",
                       "reads all of " + listed(scanned) + " under a lock that keeps others out",
                       "CONCURRENTLY for an index, NOT VALID and a later VALIDATE for a constraint"});
    return out;
}

} // namespace tusk::migrate::detail
