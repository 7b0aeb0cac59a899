#include <tusk/migrate/detail/losses.hpp>

#include <tusk/migrate/detail/parser.hpp>
#include <tusk/migrate/detail/tree.hpp>
#include <tusk/migrate/journal.hpp>

namespace tusk::migrate::detail {

namespace {

/// A `RangeVar`, quoted for SQL.
std::string quoted_relation(node range_var) {
    const auto schema = range_var["schemaname"].text();
    return (schema.empty() ? "" : quoted_name(schema) + ".") + quoted_name(range_var["relname"].text());
}

std::vector<loss> losses_of_drop(node drop) {
    std::vector<loss> out;
    if (drop["removeType"].text() != "OBJECT_TABLE") return out;
    for (const auto& each : drop["objects"].list()) {
        std::string name;
        for (const auto& part : name_parts(each)) name += (name.empty() ? "" : ".") + quoted_name(part);
        out.push_back({name, {}});
    }
    return out;
}

std::vector<loss> losses_of_alter(node alter) {
    std::vector<loss> out;
    for (const auto& each : alter["cmds"].list()) {
        const auto command = each["AlterTableCmd"];
        if (command["subtype"].text() == "AT_DropColumn")
            out.push_back({quoted_relation(alter["relation"]), quoted_name(command["name"].text())});
    }
    return out;
}

std::vector<loss> losses_of_truncate(node truncate) {
    std::vector<loss> out;
    for (const auto& each : truncate["relations"].list())
        out.push_back({quoted_relation(each["RangeVar"]), {}});
    return out;
}

} // namespace

std::vector<loss> losses_of(const statement& s) {
    const auto answer = parse(s.text);
    const node tree{&answer.tree};
    const auto kind = tree.kind();
    if (kind == "DropStmt") return losses_of_drop(tree.inner());
    if (kind == "AlterTableStmt") return losses_of_alter(tree.inner());
    if (kind == "TruncateStmt") return losses_of_truncate(tree.inner());
    return {};
}

std::string question(const loss& what) {
    return "select exists (select from " + what.table +
           (what.column.empty() ? "" : " where " + what.column + " is not null") + ")";
}

} // namespace tusk::migrate::detail
