#include <tusk/orm/sql_writer.hpp>

#include <charconv>
#include <iterator>

namespace tusk::orm {

namespace {

constexpr std::size_t longest_name = 63; // NAMEDATALEN - 1; the server would cut it off
constexpr std::size_t most_parameters = 65535;

} // namespace

void sql_writer::value(bound_value v) {
    places_.push_back({text_.size(), values_.size()});
    values_.push_back(std::move(v));
}

void sql_writer::again(std::size_t argument) { places_.push_back({text_.size(), argument}); }

void sql_writer::quoted(std::string_view one_name) {
    if (one_name.empty()) return fail(failure{errc::invalid_argument, "a name is empty"});
    if (one_name.find('\0') != std::string_view::npos)
        return fail(failure{errc::invalid_argument, "a name contains a NUL character"});
    if (one_name.size() > longest_name)
        return fail(failure{errc::invalid_argument,
                            "a name of " + std::to_string(one_name.size()) +
                                " bytes; the server cuts names off after 63: " + std::string{one_name}});
    text_ += '"';
    for (;;) {
        const auto quote = one_name.find('"');
        text_ += one_name.substr(0, quote);
        if (quote == std::string_view::npos) break;
        text_ += "\"\"";
        one_name.remove_prefix(quote + 1);
    }
    text_ += '"';
}

void sql_writer::identifier(std::string_view dotted) {
    for (;;) {
        const auto dot = dotted.find('.');
        const auto part = dotted.substr(0, dot);
        if (part == "*")
            text_ += '*';
        else
            quoted(part);
        if (dot == std::string_view::npos) return;
        text_ += '.';
        dotted.remove_prefix(dot + 1);
    }
}

void sql_writer::qualified(std::string_view a, std::string_view b) {
    if (!a.empty()) {
        quoted(a);
        text_ += '.';
    }
    quoted(b);
}

void sql_writer::append(const sql_writer& other) {
    if (other.failure_) fail(other.failure_);
    const auto text_before = text_.size();
    const auto values_before = values_.size();
    text_ += other.text_;
    for (const auto& p : other.places_) places_.push_back({p.at + text_before, p.argument + values_before});
    values_.insert(values_.end(), other.values_.begin(), other.values_.end());
}

template <class Text, class Put>
Text sql_writer::filled(Put put) const {
    const std::string_view from = text_;
    Text out;
    out.reserve(from.size() + places_.size() * 4);
    std::size_t done = 0;
    for (const auto& p : places_) {
        out.append(from.substr(done, p.at - done));
        done = p.at;
        put(out, p.argument);
    }
    out.append(from.substr(done));
    return out;
}

result<sql_string> sql_writer::finished() const {
    if (failure_) return failure_;
    if (values_.size() > most_parameters)
        return failure{
            errc::too_many_parameters,
            "the statement has " + std::to_string(values_.size()) +
                " arguments, the protocol takes 65,535; pass a vector to = any(?), or insert_all()"};
    return filled<sql_string>([](sql_string& out, std::size_t argument) {
        char digits[5]; // most_parameters
        const auto end = std::to_chars(std::begin(digits), std::end(digits), argument + 1).ptr;
        out += '$';
        out.append(digits, end);
    });
}

std::string sql_writer::literal() const {
    return filled<std::string>(
        [&](std::string& out, std::size_t argument) { values_[argument].append_literal(out); });
}

namespace detail {

namespace {

void write_columns(sql_writer& out, const table_info& t, bool with_alias, bool keys_only) {
    bool first = true;
    for (const auto& c : t.columns) {
        if (c.is(column_flag::scanonly) || (keys_only && !c.is(column_flag::pk))) continue;
        if (!first) out.text(", ");
        first = false;
        out.qualified(with_alias ? t.alias : std::string_view{}, c.name);
    }
}

bool write_model_name(sql_writer& out, std::string_view wanted, const table_info& t) {
    if (wanted == "table")
        out.qualified(t.schema, t.name);
    else if (wanted == "alias")
        out.quoted(t.alias);
    else if (wanted == "columns")
        write_columns(out, t, false, false);
    else if (wanted == "table_columns")
        write_columns(out, t, true, false);
    else if (wanted == "pks")
        write_columns(out, t, false, true);
    else
        return false;
    return true;
}

} // namespace

void write_fragment(sql_writer& out, std::string_view sql, argument_source& arguments,
                    const table_info* about) {
    using kind = fragment_lexer::kind;
    fragment_lexer lexer{sql};
    fragment_lexer::piece p;
    std::size_t next = 0;
    while (lexer.next(p)) {
        switch (p.what) {
        case kind::next: arguments.write(next++, out); break;
        case kind::numbered: arguments.write(p.number, out); break;
        case kind::literally: out.text(p.name); break;
        case kind::named:
            if (!arguments.write(p.name, out) && (about == nullptr || !write_model_name(out, p.name, *about)))
                out.fail(failure{errc::invalid_argument,
                                 "no argument was given for {" + std::string{p.name} + "}"});
            break;
        default: out.text(p.text);
        }
    }
}

} // namespace detail

} // namespace tusk::orm
