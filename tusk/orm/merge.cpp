#include <tusk/orm/merge.hpp>

namespace tusk::orm::detail {

sql_writer merge_branch_start(std::string_view when, sql_writer condition) {
    sql_writer out;
    out.text(" WHEN ");
    out.text(when);
    if (!condition.empty()) {
        out.text(" AND (");
        out.append(condition);
        out.text(")");
    }
    out.text(" THEN ");
    return out;
}

void write_merge(sql_writer& out, const merge_settings& s) {
    if (s.source.empty() || s.on.empty() || s.branches.empty())
        out.fail(failure{errc::invalid_argument,
                         "a merge needs using_source(), on(), and what happens to rows: when_matched(), "
                         "when_not_matched()"});
    s.state.write_with(out);
    out.text("MERGE INTO ");
    s.state.write_table(out, true, false);
    out.text(" USING ");
    out.append(s.source);
    out.text(" ON ");
    out.append(s.on);
    for (const auto& b : s.branches) out.append(b);
    s.state.write_returning(out);
}

} // namespace tusk::orm::detail
