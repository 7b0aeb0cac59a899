#include <tusk/client/copy.hpp>

namespace tusk {

namespace {

template <class Names>
std::string quoted_list(const Names& names) {
    std::string out;
    for (const auto& name : names) {
        if (!out.empty()) out += ", ";
        out += detail::quote_identifier(name);
    }
    return out;
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view space = " \t\r\n\f\v";
    const auto first = text.find_first_not_of(space);
    if (first == text.npos) return {};
    text.remove_prefix(first);
    return text.substr(0, text.find_last_not_of(std::string{space} + ';') + 1);
}

} // namespace

std::string table_name::quoted() const {
    const auto table = detail::quote_identifier(table_);
    return schema_.empty() ? table : detail::quote_identifier(schema_) + '.' + table;
}

copy_relation::copy_relation(std::string_view what) {
    what = trimmed(what);
    is_table_ = what.find_first_of(" \t\r\n\f\v(") == what.npos;
    if (is_table_) {
        const table_name table{what};
        sql_ = table.quoted();
        name_ = table.display();
    } else {
        sql_ = what;
    }
}

namespace detail {

std::string quote_identifier(std::string_view name) {
    std::string out{'"'};
    for (const char c : name) {
        if (c == '"') out += '"';
        out += c;
    }
    return out += '"';
}

copy_texts copy_in_texts(const table_name& into, const columns& which, bool freeze) {
    const auto table = into.quoted();
    const auto list = quoted_list(which.names());
    copy_texts out;
    out.copy = "copy " + table + (list.empty() ? "" : " (" + list + ")") + " from stdin (format binary" +
               (freeze ? ", freeze)" : ")");
    out.shape = "select " + (list.empty() ? "*" : list) + " from " + table;
    return out;
}

copy_texts copy_out_texts(const copy_relation& from, const std::vector<std::string_view>& fields) {
    copy_texts out;
    out.shape = from.is_table()
                    ? "select " + (fields.empty() ? "*" : quoted_list(fields)) + " from " + from.sql()
                    : from.sql();
    // On a line of its own: the query may end in a comment.
    out.copy = "copy (" + out.shape + "\n) to stdout (format binary)";
    return out;
}

} // namespace detail

} // namespace tusk
