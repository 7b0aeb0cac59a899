#include <tusk/testing/expectations.hpp>

#include <algorithm>

namespace tusk::testing {

namespace {

const std::string& field_of(const server_error& from, std::string_view name) {
    if (name == "constraint") return from.constraint;
    if (name == "table") return from.table;
    if (name == "column") return from.column;
    return from.schema;
}

std::string name_of(sent_state state) {
    switch (state) {
    case sent_state::none: return "none";
    case sent_state::partial: return "partial";
    case sent_state::complete: return "complete";
    case sent_state::answered: break;
    }
    return "answered";
}

std::string line_of(const text_row& row) {
    std::string out;
    for (const auto& value : row) out += (out.empty() ? "" : " | ") + value.value_or("(null)");
    return out;
}

} // namespace

std::string error_like::text() const {
    std::string out;
    const auto add = [&out](const std::string& part) { out += (out.empty() ? "" : ", ") + part; };
    if (code_)
        add(code_->message());
    else if (condition_)
        add(condition_->message());
    if (!sqlstate_.empty()) add("SQLSTATE " + sqlstate_);
    for (const auto& [name, value] : fields_) add(name + " " + value);
    if (!message_.empty()) add("a message with \"" + message_ + "\"");
    if (sent_) add("sent: " + name_of(*sent_));
    return out;
}

std::string error_like::mismatch(const failure& found) const {
    const auto differs = [&](const std::string& how) {
        return "expected " + text() + ", and " + how + ": " + found.message();
    };
    if (!found) return "expected " + text() + ", and nothing failed";
    if (code_ ? found.code() != *code_ : condition_ && found.code() != *condition_)
        return differs("it is another error");
    const auto* server = found.server();
    if (!sqlstate_.empty() && (server == nullptr || server->sqlstate != sqlstate_))
        return differs("the SQLSTATE is " + (server == nullptr ? "none" : server->sqlstate));
    for (const auto& [name, value] : fields_) {
        const auto actual = server == nullptr ? std::string{} : field_of(*server, name);
        if (actual != value) return differs("the " + name + " is \"" + actual + "\"");
    }
    if (found.message().find(message_) == std::string::npos) return differs("the message is");
    if (sent_ && found.sent() != *sent_) return differs("sent is " + name_of(found.sent()));
    return {};
}

text_rows rows_of(const result_set& found) {
    text_rows out;
    for (const auto row : found) {
        text_row values;
        for (const auto field : row) {
            if (field.is_null())
                values.emplace_back();
            else
                values.emplace_back(field.text());
        }
        out.push_back(std::move(values));
    }
    return out;
}

std::string difference(const text_rows& expected, const text_rows& found) {
    if (expected == found) return {};
    // The longest common subsequence: what is left of both sides is the difference.
    const auto n = expected.size();
    const auto m = found.size();
    std::vector<std::vector<std::size_t>> common(n + 1, std::vector<std::size_t>(m + 1));
    for (auto i = n; i-- > 0;)
        for (auto j = m; j-- > 0;)
            common[i][j] = expected[i] == found[j] ? common[i + 1][j + 1] + 1
                                                   : std::max(common[i + 1][j], common[i][j + 1]);
    std::string out;
    for (std::size_t i = 0, j = 0; i < n || j < m;) {
        if (i < n && j < m && expected[i] == found[j]) {
            out += "  " + line_of(expected[i]) + "\n";
            ++i, ++j;
        } else if (j == m || (i < n && common[i + 1][j] >= common[i][j + 1])) {
            out += "- " + line_of(expected[i++]) + "\n";
        } else {
            out += "+ " + line_of(found[j++]) + "\n";
        }
    }
    return out;
}

table_counts::table_counts(blocking::verbs& db) {
    const auto parts = db.all<std::string>(
        "select format('select %L::text as name, count(*) as rows from %I.%I', case when n.nspname = "
        "'public' "
        "then c.relname else n.nspname || '.' || c.relname end, n.nspname, c.relname) from "
        "pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.relkind in "
        "('r', 'p') and not c.relispartition and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'");
    std::string sql;
    for (const auto& part : parts) sql += (sql.empty() ? "" : " union all ") + part;
    if (sql.empty()) return;
    for (auto& [name, rows] : db.all<std::tuple<std::string, std::int64_t>>(sql)) counts_[name] = rows;
}

std::string table_counts::unexpected(blocking::verbs& db,
                                     const std::map<std::string, std::int64_t>& expected) const {
    const table_counts now{db};
    std::map<std::string, std::int64_t> changes;
    for (const auto& [name, rows] : now.counts_) changes[name] += rows;
    for (const auto& [name, rows] : counts_) changes[name] -= rows;
    std::string out;
    const auto sign = [](std::int64_t n) { return (n > 0 ? "+" : "") + std::to_string(n); };
    for (const auto& [name, by] : expected)
        if (!changes.contains(name)) out += "there is no table " + name + "\n";
    for (const auto& [name, by] : changes) {
        const auto wanted = expected.find(name);
        const auto should = wanted == expected.end() ? 0 : wanted->second;
        if (by != should) out += name + ": " + sign(by) + " rows, expected " + sign(should) + "\n";
    }
    return out;
}

} // namespace tusk::testing
