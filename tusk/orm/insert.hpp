#pragma once

#include <source_location>
#include <span>
#include <utility>
#include <vector>

#include <tusk/orm/select.hpp>

namespace tusk::orm {

namespace detail {

/// What an insert says, without its types.
struct insert_settings {
    query_state state;
    std::vector<void*> rows;
    bool unnest = false; ///< One array a column, in place of one value a column and row.
    bool fill = false;   ///< What the server made of DEFAULT is read into the rows.
    bool on_conflict = false;
    bool do_nothing = false;
    std::vector<std::string_view> conflict_target;
    sql_writer conflict_sql;                          ///< In place of all of it.
    std::vector<const column_info*> conflict_columns; ///< What is updated; all when empty.
    const void* conflict_row = nullptr;               ///< Whose values are set, in place of those of `rows`.
    sql_writer source;                                ///< INSERT … SELECT
    std::vector<std::string> extra_columns;           ///< Of `source`.
};

/// One statement of an insert, and the rows it fills.
struct insert_statement {
    sql_writer sql;
    row_slots slots;
    std::vector<void*> rows;
};
/// As many statements as the protocol's limit of 65,535 arguments needs.
std::vector<insert_statement> write_insert(const insert_settings& s);

/// Runs an insert's statements in one round trip, in one transaction.
class insert_steps : public steps<std::uint64_t> {
public:
    insert_steps(std::vector<insert_statement> statements, const void* plan_key)
        : statements_{std::move(statements)}, plan_key_{plan_key} {}
    bool next(batch& b) override;
    std::uint64_t take() override;

private:
    std::vector<insert_statement> statements_;
    std::vector<batch_result<std::uint64_t>> answers_;
    const void* plan_key_;
    bool asked_ = false;
};

/// The usual case, without a batch.
template <class E>
returned<E, std::uint64_t> run_insert(const runner<E>& by, insert_statement one, const void* plan_key,
                                      std::source_location where) {
    if (one.slots.empty()) return run_one(by, std::move(one.sql), tusk::detail::exec_sink{}, where);
    auto shape = std::allocate_shared<row_shape>(recycled<row_shape>{});
    shape->slots = std::move(one.slots);
    filling_sink sink{std::move(shape), plan_key, std::move(one.rows)};
    return run_one(by, std::move(one.sql), std::move(sink), where);
}

/// With the model's hooks.
template <class T>
class hooked_insert_steps final : public insert_steps {
public:
    hooked_insert_steps(std::vector<insert_statement> statements, std::vector<void*> rows, void* user_data)
        : insert_steps{std::move(statements), &table_of<T>}, rows_{std::move(rows)},
          about_{"insert", table_of<T>.name, user_data} {}
    std::uint64_t take() override {
        const auto n = insert_steps::take();
        for (void* row : rows_) call_after_insert(*static_cast<T*>(row), about_);
        return n;
    }

private:
    std::vector<void*> rows_;
    hook_context about_;
};

} // namespace detail

/// An INSERT of models. The rows have to live until the verb is over: what the server makes of identity,
/// default and timestamp columns is written into them. Made by `on(db).insert(row)` and `insert_all(rows)`.
template <class E, class T>
class insert_query : public query_text<insert_query<E, T>> {
    using scope = detail::scope<detail::in_scope<T>>;

public:
    explicit insert_query(detail::runner<E> by, std::vector<void*> rows, void* user_data = nullptr)
        : by_{by}, user_data_{user_data} {
        s_.state.model = &table_of<T>;
        s_.rows = std::move(rows);
        s_.fill = true;
    }
    query_state& state() noexcept { return s_.state; }

    /// Only these columns; the server makes the others.
    template <auto... Members>
    insert_query& columns() {
        (state().choose(column_of<Members>), ...);
        return *this;
    }
    template <auto... Members>
    insert_query& exclude() {
        (state().leave_out(column_of<Members>), ...);
        return *this;
    }
    /// An expression in place of the rows' values.
    template <auto Member, class... A>
    insert_query& value(std::type_identity_t<fragment<scope, A...>> sql, const A&... args) {
        state().add(clause::value, detail::written(state(), sql.text(), args...), glue::conjunction,
                    std::string{column_of<Member>.name});
        return *this;
    }
    /// An array for each column, so that the statement is the same for any number of rows.
    insert_query& by_arrays() {
        s_.unnest = true;
        return *this;
    }
    /// Rows that are there already stay as they are.
    insert_query& on_conflict_do_nothing() {
        s_.on_conflict = s_.do_nothing = true;
        s_.fill = false;
        return *this;
    }
    /// A row with the same values in these columns is there already …
    template <auto... Members>
    insert_query& on_conflict() {
        static_assert(sizeof...(Members) > 0, "tusk: on_conflict() names the columns of a unique constraint");
        s_.on_conflict = true;
        s_.conflict_target = {column_of<Members>.name...};
        return *this;
    }
    /// … then it stays as it is.
    insert_query& do_nothing() { return on_conflict_do_nothing(); }
    /// … then these of its columns (none: all but key and creation) get the new values.
    template <auto... Members>
    insert_query& update() {
        s_.conflict_columns = {&column_of<Members>...};
        return *this;
    }
    /// … then its columns get the values of another row, which lives until the verb is over …
    insert_query& set_values(const T& row) {
        s_.conflict_row = &row;
        return *this;
    }
    /// … those that are not zero or empty there.
    insert_query& omit_zero() {
        state().omit_zero = true;
        return *this;
    }
    /// … then this is set: `set("name = excluded.name || ?", x)`.
    template <class... A>
    insert_query& set(std::type_identity_t<fragment<scope, A...>> sql, const A&... args) {
        state().add(clause::set, detail::written(state(), sql.text(), args...));
        return *this;
    }
    /// … if this holds.
    template <class... A>
    insert_query& where(std::type_identity_t<fragment<scope, A...>> sql, const A&... args) {
        state().add(clause::conflict_where, detail::written(state(), sql.text(), args...));
        return *this;
    }
    /// ON CONFLICT and what follows, as it is written: `on_conflict_sql("on constraint c do nothing")`.
    template <class... A>
    insert_query& on_conflict_sql(std::type_identity_t<fragment<scope, A...>> sql, const A&... args) {
        s_.on_conflict = true;
        s_.conflict_sql = detail::written(state(), sql.text(), args...);
        return *this;
    }
    template <auto... Members>
    insert_query& returning() {
        s_.fill = false;
        (add_returning(column_of<Members>.name), ...);
        return *this;
    }
    template <class... A>
    insert_query& returning(std::type_identity_t<fragment<scope, A...>> sql, const A&... args) {
        s_.fill = false;
        state().add(clause::returning, detail::written(state(), sql.text(), args...));
        return *this;
    }
    /// Nothing is read back.
    insert_query& returning_nothing() {
        s_.fill = false;
        return *this;
    }
    insert_query& comment(std::string_view text) {
        state().comment = detail::harmless_comment(text);
        return *this;
    }
    void write_to(sql_writer& out) const {
        const auto all = detail::write_insert(s_);
        if (!all.empty()) out.append(all.front().sql);
    }

    /// Inserts, and returns the number of rows. No row: nothing is sent.
    template <database_handle Db>
    auto exec(Db& db, std::source_location where = std::source_location::current()) const {
        return exec_by(detail::runner<Db>{&db, {}, nullptr}, where);
    }
    auto exec(std::source_location where = std::source_location::current()) const {
        return exec_by(bound(), where);
    }
    /// What RETURNING brings; without `returning` the whole rows, as models.
    template <class R = T, database_handle Db>
    auto all(Db& db, std::source_location where = std::source_location::current()) const {
        return all_by<R>(detail::runner<Db>{&db, {}, nullptr}, where);
    }
    template <class R = T>
    auto all(std::source_location where = std::source_location::current()) const {
        return all_by<R>(bound(), where);
    }
    template <class R = T, database_handle Db>
    auto one(Db& db, std::source_location where = std::source_location::current()) const {
        return detail::after<Db, std::vector<R>>(all<R>(db, where), &detail::only_row<R>);
    }
    template <class R = T>
    auto one(std::source_location where = std::source_location::current()) const {
        return detail::after<E, std::vector<R>>(all<R>(where), &detail::only_row<R>);
    }
    /// The row, or nothing when it was there already (`on_conflict…`).
    template <class R = T>
    auto maybe(std::source_location where = std::source_location::current()) const {
        return detail::after<E, std::vector<R>>(all<R>(where), &detail::row_if_any<R>);
    }

private:
    void add_returning(std::string_view column) {
        sql_writer out;
        out.quoted(column);
        state().add(clause::returning, std::move(out));
    }
    detail::runner<E> bound() const {
        static_assert(!std::is_same_v<E, unbound>,
                      "tusk: the query has no connection; give it to the verb: exec(db)");
        return by_;
    }
    void call_before() const {
        hook_context about{"insert", table_of<T>.name, user_data_};
        for (void* row : s_.rows) detail::call_before_insert(*static_cast<T*>(row), about);
    }
    template <class Db>
    auto exec_by(detail::runner<Db> by, std::source_location where) const {
        call_before();
        auto statements = detail::write_insert(s_);
        if (!detail::has_after_insert<T> && statements.size() == 1)
            return detail::run_insert(by, std::move(statements.front()), &table_of<T>, where);
        if (by.watch != nullptr && !statements.empty())
            by.watch->note(statements.front().sql.literal(), where);
        return run_all(by, std::move(statements));
    }
    template <class Db>
    auto run_all(const detail::runner<Db>& by, std::vector<detail::insert_statement> statements) const {
        std::unique_ptr<detail::steps<std::uint64_t>> work =
            std::make_unique<detail::hooked_insert_steps<T>>(std::move(statements), s_.rows, user_data_);
        return detail::drive(*by.on, by.call, std::move(work));
    }
    template <class R, class Db>
    auto all_by(detail::runner<Db> by, std::source_location where) const {
        call_before();
        auto s = s_;
        s.fill = false;
        const bool whole = !s.state.has(clause::returning);
        if constexpr (std::is_same_v<R, T>) {
            auto shape = std::make_shared<detail::row_shape>();
            if (whole)
                for (const auto& c : table_of<T>.columns)
                    if (!c.is(column_flag::scanonly)) {
                        shape->slots.push_back({&c, 0});
                        sql_writer out;
                        out.quoted(c.name);
                        s.state.add(clause::returning, std::move(out));
                    }
            auto all = detail::write_insert(s);
            if (!whole && !all.empty())
                all.front().sql.fail(failure{errc::invalid_argument,
                                             "returning() chose columns; say their type: "
                                             "all<row>()"});
            return detail::run_one(by, single(std::move(all)), detail::model_sink<T>{std::move(shape)},
                                   where);
        } else {
            return detail::run_one(by, single(detail::write_insert(s)), tusk::detail::all_sink<R>{}, where);
        }
    }
    static sql_writer single(std::vector<detail::insert_statement> all) {
        sql_writer out;
        if (all.size() == 1) return std::move(all.front().sql);
        out.fail(failure{errc::invalid_argument,
                         all.empty() ? "there is no row to insert"
                                     : "so many rows need several statements; take exec(), or by_arrays()"});
        return out;
    }

    detail::runner<E> by_;
    void* user_data_ = nullptr;
    detail::insert_settings s_;
};

/// An INSERT of what a query brings, or of expressions: `insert_into<user>().columns<…>().from(query)`.
template <class E, class T>
class insert_into_query {
public:
    explicit insert_into_query(detail::runner<E> by, std::string_view table = {}) : by_{by}, table_{table} {}
    template <auto... Members>
    insert_into_query& columns() {
        (names_.emplace_back(column_of<Members>.name), ...);
        return *this;
    }
    /// A column that no model knows.
    insert_into_query& value(std::string_view column, bound_value v) {
        names_.emplace_back(column);
        if (!values_.empty()) values_.text(", ");
        values_.value(std::move(v));
        return *this;
    }
    template <class V>
    insert_into_query& value(std::string_view column, const V& v) {
        return value(column, bound_value{v});
    }
    template <class Query>
    insert_into_query& from(const Query& q) {
        q.write_to(source_);
        return *this;
    }
    void write_to(sql_writer& out) const {
        out.text("INSERT INTO ");
        if constexpr (std::is_void_v<T>)
            out.identifier(table_);
        else
            out.qualified(table_of<T>.schema, table_of<T>.name);
        for (std::size_t i = 0; i < names_.size(); ++i) {
            out.text(i == 0 ? " (" : ", ");
            out.quoted(names_[i]);
        }
        if (!names_.empty()) out.text(")");
        if (!source_.empty()) {
            out.text(" ");
            out.append(source_);
        } else if (values_.empty()) {
            out.text(" DEFAULT VALUES");
        } else {
            out.text(" VALUES (");
            out.append(values_);
            out.text(")");
        }
    }
    std::string to_string() const {
        sql_writer out;
        write_to(out);
        return out.literal();
    }
    template <database_handle Db>
    auto exec(Db& db, std::source_location where = std::source_location::current()) const {
        sql_writer out;
        write_to(out);
        return detail::run_one(detail::runner<Db>{&db, {}, nullptr}, std::move(out),
                               tusk::detail::exec_sink{}, where);
    }
    auto exec(std::source_location where = std::source_location::current()) const {
        sql_writer out;
        write_to(out);
        return detail::run_one(by_, std::move(out), tusk::detail::exec_sink{}, where);
    }

private:
    detail::runner<E> by_;
    std::string table_;
    std::vector<std::string> names_;
    sql_writer values_;
    sql_writer source_;
};

} // namespace tusk::orm
