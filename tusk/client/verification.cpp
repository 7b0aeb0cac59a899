#include <tusk/client/verification.hpp>

#include <algorithm>

namespace tusk {

std::string statement_problem::text() const {
    return std::string{is_error() ? "error" : "warning"} + ": " + message_ + "\n  statement: " + sql_ +
           "\n  remedy: " + remedy_;
}

namespace detail {

using severity = statement_problem::severity;

namespace {

std::string quoted(std::string_view name) { return '"' + std::string{name} + '"'; }

std::string count_of(std::size_t n, const char* what) {
    return std::to_string(n) + ' ' + what + (n == 1 ? "" : "s");
}

std::string shown(const statement_argument& a, std::size_t index) {
    return a.name.empty() ? "argument $" + std::to_string(index + 1)
                          : "argument {" + std::string{a.name} + "} ($" + std::to_string(index + 1) + ")";
}

} // namespace

void verification::add(severity s, const statement_info& of, std::string message, std::string remedy) {
    problems_.emplace_back(s, of.text(), std::move(message), std::move(remedy));
}

void verification::refused(const statement_info& s, const failure& why) {
    std::string message = "the server refuses the statement: " + why.message();
    if (const auto* e = why.server(); e != nullptr && e->position > 0)
        message += " (at character " + std::to_string(e->position) + ")";
    add(severity::error, s, std::move(message),
        "correct the statement, or bring the database up to date if this one has an older schema");
}

void verification::described(const statement_info& s, const protocol::statement_description& d) {
    check_arguments(s, d.parameters);
    if (s.returns_rows()) check_columns(s, d.columns);
}

void verification::check_arguments(const statement_info& s, const std::vector<std::uint32_t>& types) {
    const auto arguments = s.arguments();
    if (types.size() != arguments.size())
        add(severity::error, s,
            "the statement has " + count_of(types.size(), "parameter") + " for the server, and " +
                count_of(arguments.size(), "argument") + " in its signature",
            "give the signature one argument for each parameter");
    for (std::size_t i = 0; i < std::min(types.size(), arguments.size()); ++i) {
        const auto& a = arguments[i];
        const auto fit = a.fit(types[i]);
        if (fit == argument_fit::refused)
            add(severity::error, s,
                conversion_failure(codec_errc::wrong_type, shown(a, i), types[i], a.cpp_type).message(),
                "give the argument another C++ type, or cast the parameter in the statement ($" +
                    std::to_string(i + 1) + "::type)");
        else if (fit == argument_fit::text && !is_run_time_type(types[i]))
            add(severity::warning, s,
                shown(a, i) + ", a " + std::string{a.cpp_type} +
                    ", is sent as text, because the parameter is of " + "another type (OID " +
                    std::to_string(types[i]) + "), and the server may fail to read it",
                "give the argument the C++ type of the parameter, or cast the parameter in the statement");
    }
}

void verification::check_columns(const statement_info& s,
                                 const std::vector<wire::column_description>& columns) {
    const auto wanted = s.columns();
    const std::string row{s.row_type()};
    if (!s.by_name()) {
        if (columns.size() != wanted.size())
            add(severity::error, s,
                row + " takes " + count_of(wanted.size(), "column") + ", the statement returns " +
                    count_of(columns.size(), "column"),
                "select as many columns as the row type has");
        for (std::size_t i = 0; i < std::min(columns.size(), wanted.size()); ++i)
            check_column(s, wanted[i], columns[i]);
        return;
    }
    for (const auto& w : wanted) {
        const auto found =
            std::find_if(columns.begin(), columns.end(), [&](const auto& c) { return c.name == w.name; });
        if (found == columns.end())
            add(severity::error, s,
                "member " + quoted(w.name) + " of " + row + " has no column in the result",
                "select it, or rename a column with AS");
        else
            check_column(s, w, *found);
    }
    for (const auto& c : columns)
        if (std::none_of(wanted.begin(), wanted.end(), [&](const auto& w) { return w.name == c.name; }))
            add(severity::error, s, "column " + quoted(c.name) + " has no member in " + row,
                "name the columns that are wanted instead of *, or add the member");
}

void verification::check_column(const statement_info& s, const statement_column& wanted,
                                const wire::column_description& column) {
    if (!wanted.accepts(column.type_oid, true) && !wanted.accepts(column.type_oid, false))
        add(severity::error, s,
            conversion_failure(codec_errc::wrong_type, "column " + quoted(column.name), column.type_oid,
                               wanted.cpp_type)
                .message(),
            "give the member of " + std::string{s.row_type()} + " another C++ type, or cast the column");
    if (wanted.optional || s.trusts_not_null() || column.table_oid == 0) return;
    questions_.push_back({&s,
                          column.name,
                          std::string{wanted.name},
                          std::string{wanted.cpp_type},
                          {column.table_oid, column.attribute}});
}

std::vector<std::int64_t> verification::tables() const {
    std::vector<std::int64_t> out;
    for (const auto& q : questions_) out.push_back(q.of.first);
    return out;
}

std::vector<std::int64_t> verification::attributes() const {
    std::vector<std::int64_t> out;
    for (const auto& q : questions_) out.push_back(q.of.second);
    return out;
}

void verification::nullable(const std::vector<std::tuple<std::int64_t, std::int64_t>>& columns) {
    std::set<table_column> may_be_null;
    for (const auto& [table, attribute] : columns) may_be_null.emplace(table, attribute);
    for (const auto& q : questions_)
        if (may_be_null.contains(q.of))
            add(severity::warning, *q.statement,
                "column " + quoted(q.column) + " may be NULL by its table, and goes into a " + q.cpp_type +
                    (q.member.empty() ? std::string{}
                                      : " (" + std::string{q.statement->row_type()} + "::" + q.member + ")"),
                "make it std::optional<" + q.cpp_type +
                    ">, or promise that it is never NULL here: sql<\"…\", …, tusk::never_null>");
}

} // namespace detail

} // namespace tusk
