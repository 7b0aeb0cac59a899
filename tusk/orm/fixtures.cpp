#include <tusk/orm/fixtures.hpp>

#include <algorithm>
#include <set>

#include <tusk/orm/ddl.hpp>

namespace tusk::orm {

const std::optional<std::string>& loaded_fixtures::text(std::string_view path) const {
    const auto at = values_.find(path);
    if (at == values_.end())
        throw error{errc::not_found, "the fixtures have no " + std::string{path} + " (model._id.column)"};
    return at->second;
}

namespace detail {

namespace {

std::string path_of(const fixture_row& row, std::string_view column) {
    return std::string{row.table->type_name} + '.' + row.label + '.' + std::string{column};
}

std::string quoted_name(const table_info& t) {
    sql_writer out;
    out.qualified(t.schema, t.name);
    return out.literal();
}

[[noreturn]] void refuse(const fixture_row& row, const std::string& why) {
    throw error{errc::invalid_argument, row.where + ": " + why};
}

/// "user.ann" of "user.ann.id"; empty for the name of a function.
std::string_view row_of_place(std::string_view place) {
    const auto last = place.rfind('.');
    return last == std::string_view::npos ? std::string_view{} : place.substr(0, last);
}

/// Every place names a function, or a column of a row with a label.
void check_places(const fixture_plan& plan) {
    std::set<std::string, std::less<>> rows;
    for (const auto& r : plan.rows)
        if (!r.label.empty()) rows.insert(std::string{r.table->type_name} + '.' + r.label);
    const auto check = [&](const fixture_row& row, const std::string& place) {
        const auto of = row_of_place(place);
        if (of.empty()) {
            if (plan.functions.find(place) == plan.functions.end())
                refuse(row, "there is no function " + place);
            return;
        }
        if (rows.find(of) == rows.end())
            refuse(row, "{{ " + place + " }}: no row has this _id; expected model._id.column");
        const auto model = of.substr(0, of.find('.'));
        for (const auto* m : plan.models)
            if (m->type_name == model && !m->has(std::string_view{place}.substr(of.size() + 1)))
                refuse(row, "{{ " + place + " }}: the model has no such column");
    };
    for (const auto& r : plan.rows)
        for (const auto& v : r.values)
            for (const auto& s : v.json)
                if (s.is_place) check(r, s.text);
}

/// The tables in an order in which those that others refer to come first; cycles as they come.
std::vector<std::size_t> ranks_of(std::size_t tables,
                                  const std::vector<std::tuple<std::int64_t, std::int64_t>>& refer) {
    std::vector<std::size_t> rank(tables, 0);
    for (std::size_t round = 0; round < tables; ++round)
        for (const auto& [from, to] : refer) {
            auto& mine = rank[static_cast<std::size_t>(from - 1)];
            mine = std::max(mine, std::min(tables, rank[static_cast<std::size_t>(to - 1)] + 1));
        }
    return rank;
}

std::string escaped_json(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        if (static_cast<unsigned char>(c) < 0x20) {
            constexpr std::string_view digits = "0123456789abcdef";
            out += "\\u00";
            out += digits[static_cast<unsigned char>(c) >> 4U];
            out += digits[static_cast<unsigned char>(c) & 15U];
        } else {
            out += c;
        }
    }
    return out;
}

void write_upsert(sql_writer& out, const fixture_row& row) {
    out.text(" ON CONFLICT (");
    bool first = true;
    for (const auto& c : row.table->columns) {
        if (!c.is(column_flag::pk)) continue;
        if (!first) out.text(", ");
        first = false;
        out.quoted(c.name);
    }
    if (first)
        out.fail(failure{errc::invalid_argument, "upserts need a primary key, the model " +
                                                     std::string{row.table->type_name} + " has none"});
    out.text(") DO UPDATE SET ");
    first = true;
    const bool only_keys = std::all_of(row.values.begin(), row.values.end(),
                                       [](const fixture_value& v) { return v.column->is(column_flag::pk); });
    for (const auto& v : row.values) {
        if (v.column->is(column_flag::pk) && !only_keys) continue;
        if (!first) out.text(", ");
        first = false;
        out.quoted(v.column->name);
        out.text(" = EXCLUDED.");
        out.quoted(v.column->name);
    }
}

constexpr std::string_view foreign_keys_sql =
    "select a.ord, b.ord from unnest($1::text[]) with ordinality as a (name, ord) "
    "join pg_catalog.pg_constraint c on c.contype = 'f' and c.conrelid = pg_catalog.to_regclass(a.name) "
    "join unnest($1::text[]) with ordinality as b (name, ord) on c.confrelid = "
    "pg_catalog.to_regclass(b.name) "
    "where a.ord <> b.ord";

} // namespace

fixture_steps::fixture_steps(fixture_plan plan) : plan_{std::move(plan)} {
    plan_.functions.try_emplace("now", [] { return std::string{"now"}; });
    check_places(plan_);
    for (const auto& r : plan_.rows)
        if (std::find(tables_.begin(), tables_.end(), r.table) == tables_.end()) tables_.push_back(r.table);
}

bool fixture_steps::next(batch& b) {
    collect();
    if (phase_ == phase::begin) {
        if (plan_.rows.empty()) return false;
        ask_for_foreign_keys(b);
        phase_ = phase::sort;
        return true;
    }
    if (phase_ == phase::sort) {
        sort_rows();
        if (plan_.mode == fixture_mode::truncate) truncate(b);
        phase_ = phase::rows;
        if (plan_.mode == fixture_mode::recreate) {
            recreate(b); // a round trip of its own: rows cannot be described before their table is there
            return true;
        }
    }
    if (phase_ == phase::rows) {
        for (; at_ < order_.size() && is_ready(plan_.rows[order_[at_]]); ++at_) {
            const auto row = order_[at_];
            using sink = tusk::detail::one_sink<std::vector<std::optional<std::string>>>;
            asked_.push_back({row, add_to(b, statement(plan_.rows[row]), sink{})});
        }
        if (!asked_.empty()) return true;
        if (at_ < order_.size())
            refuse(plan_.rows[order_[at_]], "the row needs a row that comes after it, or itself");
        phase_ = phase::sequences;
    }
    if (phase_ == phase::end) return false;
    phase_ = phase::end;
    reset_sequences(b);
    return !b.empty();
}

failure fixture_steps::explain(failure f) {
    for (const auto& a : asked_)
        if (a.answer.why() && a.answer.why().code() == f.code()) {
            f.add_context(plan_.rows[a.row].where);
            break;
        }
    return f;
}

void fixture_steps::ask_for_foreign_keys(batch& b) {
    std::vector<std::string> names;
    for (const auto* t : tables_) names.push_back(quoted_name(*t));
    foreign_keys_ = b.all<std::tuple<std::int64_t, std::int64_t>>(foreign_keys_sql, names);
}

/// By table, and among the rows of a table by what they need of each other; else as they were written.
void fixture_steps::sort_rows() {
    const auto ranks = ranks_of(tables_.size(), foreign_keys_->get());
    const auto rank = [&](std::size_t row) {
        const auto at = std::find(tables_.begin(), tables_.end(), plan_.rows[row].table);
        return ranks[static_cast<std::size_t>(at - tables_.begin())];
    };
    std::vector<std::size_t> waiting(plan_.rows.size());
    for (std::size_t i = 0; i < waiting.size(); ++i) waiting[i] = i;
    // Not std::stable_sort: clang calls what it needs of libstdc++ deprecated.
    std::sort(waiting.begin(), waiting.end(),
              [&](std::size_t a, std::size_t b) { return std::pair{rank(a), a} < std::pair{rank(b), b}; });
    std::set<std::string, std::less<>> labels; // of rows that are in order
    const auto fits = [&](std::size_t row) {
        for (const auto& v : plan_.rows[row].values)
            for (const auto& s : v.json)
                if (s.is_place && !row_of_place(s.text).empty() &&
                    labels.find(row_of_place(s.text)) == labels.end())
                    return false;
        return true;
    };
    while (!waiting.empty()) {
        const auto at = std::find_if(waiting.begin(), waiting.end(), fits);
        if (at == waiting.end()) refuse(plan_.rows[waiting.front()], "rows need each other in a circle");
        const auto& row = plan_.rows[*at];
        if (!row.label.empty()) labels.insert(std::string{row.table->type_name} + '.' + row.label);
        order_.push_back(*at);
        waiting.erase(at);
    }
}

void fixture_steps::truncate(batch& b) {
    std::string sql = "TRUNCATE TABLE ";
    for (std::size_t i = 0; i < tables_.size(); ++i) sql += (i == 0 ? "" : ", ") + quoted_name(*tables_[i]);
    b.exec(sql + " RESTART IDENTITY CASCADE");
}

void fixture_steps::recreate(batch& b) {
    const auto add = [&b](const auto& definition) {
        sql_writer out;
        definition.write_to(out);
        static_cast<void>(add_to(b, std::move(out), tusk::detail::exec_sink{}));
    };
    for (const auto* t : tables_) {
        add(drop_table_statement{*t}.if_exists().cascade());
        add(create_table_statement{*t});
    }
}

void fixture_steps::collect() {
    for (auto& a : asked_) {
        const auto texts = a.answer.get();
        const auto& row = plan_.rows[a.row];
        done_.count();
        if (row.label.empty()) continue;
        std::size_t i = 0;
        for (const auto& c : row.table->columns)
            if (!c.is(column_flag::scanonly)) done_.keep(path_of(row, c.name), texts.at(i++));
    }
    asked_.clear();
}

bool fixture_steps::is_ready(const fixture_row& row) const {
    for (const auto& v : row.values)
        for (const auto& s : v.json)
            if (s.is_place && !row_of_place(s.text).empty() && !done_.has(s.text)) return false;
    return true;
}

std::string fixture_steps::place_text(const fixture_segment& s) const {
    if (!row_of_place(s.text).empty()) return done_.text(s.text).value_or("");
    return plan_.functions.find(s.text)->second();
}

std::string fixture_steps::json_of(const fixture_row& row) const {
    std::string out = "{";
    for (const auto& v : row.values) {
        if (out.size() > 1) out += ',';
        out += '"' + escaped_json(v.column->name) + "\":";
        for (const auto& s : v.json) out += s.is_place ? escaped_json(place_text(s)) : s.text;
    }
    return out + '}';
}

/// The server turns the texts into the columns' types.
sql_writer fixture_steps::statement(const fixture_row& row) const {
    sql_writer out;
    out.text("INSERT INTO ");
    out.qualified(row.table->schema, row.table->name);
    if (row.values.empty()) {
        out.text(" DEFAULT VALUES");
    } else {
        out.text(" (");
        for (std::size_t i = 0; i < row.values.size(); ++i) {
            if (i > 0) out.text(", ");
            out.quoted(row.values[i].column->name);
        }
        out.text(") SELECT ");
        for (std::size_t i = 0; i < row.values.size(); ++i) {
            if (i > 0) out.text(", ");
            out.qualified("_row", row.values[i].column->name);
        }
        out.text(" FROM json_populate_record(NULL::");
        out.qualified(row.table->schema, row.table->name);
        out.text(", ");
        out.value(bound_value{json_of(row)});
        out.text("::text::json) AS \"_row\"");
        if (plan_.mode == fixture_mode::upsert) write_upsert(out, row);
    }
    out.text(" RETURNING ARRAY[");
    bool first = true;
    for (const auto& c : row.table->columns) {
        if (c.is(column_flag::scanonly)) continue;
        if (!first) out.text(", ");
        first = false;
        out.quoted(c.name);
        out.text("::text");
    }
    out.text("]");
    return out;
}

void fixture_steps::reset_sequences(batch& b) {
    for (const auto* t : tables_)
        for (const auto& c : t->columns) {
            if (!c.generated()) continue;
            sql_writer out;
            out.text("SELECT setval(pg_get_serial_sequence(");
            out.value(bound_value{quoted_name(*t)});
            out.text(", ");
            out.value(bound_value{c.name});
            out.text("), m) FROM (SELECT max(");
            out.quoted(c.name);
            out.text(") AS m FROM ");
            out.qualified(t->schema, t->name);
            out.text(") AS \"_last\" WHERE m > 0");
            static_cast<void>(add_to(b, std::move(out), tusk::detail::exec_sink{}));
        }
}

} // namespace detail

} // namespace tusk::orm
