#pragma once

#include <algorithm>
#include <optional>
#include <source_location>
#include <utility>
#include <vector>

#include <tusk/orm/load.hpp>

namespace tusk::orm {

/// Directions for `order_by`.
enum class direction : std::uint8_t {
    asc,
    asc_nulls_first,
    asc_nulls_last,
    desc,
    desc_nulls_first,
    desc_nulls_last
};

namespace detail {

std::string_view text_of(direction d) noexcept;

/// The steps of a select that loads relations or calls hooks.
template <class T>
class select_steps final : public steps<std::vector<T>> {
public:
    select_steps(sql_writer sql, std::shared_ptr<const row_shape> shape, loaders<T> loads,
                 std::shared_ptr<T> known, void* user_data)
        : sql_{std::move(sql)}, shape_{std::move(shape)}, loads_{std::move(loads)}, known_{std::move(known)},
          about_{"select", table_of<T>.name, user_data} {}

    bool next(batch& b) override {
        if (!answer_) {
            call_before_select<T>(about_);
            answer_.emplace(add_to(b, std::move(sql_), model_sink<T>{shape_}));
            ask_early(b);
            return true;
        }
        if (!has_rows_) take_rows();
        return advance_all(loads_, b);
    }
    std::vector<T> take() override {
        for (auto& row : rows_) call_after_select(row, about_);
        return std::move(rows_);
    }

private:
    /// Relations of a row whose key is known travel with the row.
    void ask_early(batch& b) {
        if (!known_) return;
        for (const auto& l : loads_) {
            if (!l->needs_only_pk()) continue;
            l->start({known_.get()});
            static_cast<void>(l->next(b));
            early_.push_back(l.get());
        }
    }
    void take_rows() {
        rows_ = answer_->get();
        has_rows_ = true;
        std::vector<T*> parents;
        for (auto& row : rows_) parents.push_back(&row);
        for (const auto& l : loads_) {
            if (std::find(early_.begin(), early_.end(), l.get()) != early_.end())
                l->adopt(parents);
            else
                l->start(parents);
        }
    }

    sql_writer sql_;
    std::shared_ptr<const row_shape> shape_;
    loaders<T> loads_;
    std::shared_ptr<T> known_;
    hook_context about_;
    std::optional<batch_result<std::vector<T>>> answer_;
    std::vector<T> rows_;
    std::vector<loader<T>*> early_;
    bool has_rows_ = false;
};

} // namespace detail

/// A SELECT of a model's rows, or of anything when `T` is void. Made by `on(db).select<user>()` and
/// `orm::select<user>()`.
template <class E, class T, class Scope>
class select_query : public detail::conditions<select_query<E, T, Scope>, T, Scope> {
    using base = detail::conditions<select_query<E, T, Scope>, T, Scope>;
    template <class, class, class>
    friend class select_query;

public:
    using row_type = T;
    using orm_query = void;

    explicit select_query(detail::runner<E> by = {}, void* user_data = nullptr)
        : by_{by}, user_data_{user_data}, state_{detail::model_or_none<T>()} {}
    template <class OldScope>
    explicit select_query(select_query<E, T, OldScope>&& other)
        : by_{other.by_}, user_data_{other.user_data_}, state_{std::move(other.state_)},
          loads_{std::move(other.loads_)}, joined_{std::move(other.joined_)},
          known_{std::move(other.known_)} {}

    query_state& state() noexcept { return state_; }
    const query_state& state() const noexcept { return state_; }
    select_query& conditioned() noexcept { return *this; }

    using base::where_pk;
    template <class... V>
        requires(sizeof...(V) > 0 && !(std::is_same_v<V, T> || ...))
    select_query& where_pk(const V&... values) {
        base::where_pk(values...);
        auto known = std::make_shared<T>();
        std::size_t i = 0;
        const bool all = (base::set_field(*known, i++, values) && ...);
        known_ = all ? std::move(known) : nullptr;
        return *this;
    }

    // --- columns ---
    /// Only these columns of the model; the others keep their members' defaults.
    template <auto... Members>
    select_query& columns() {
        (state_.choose(column_of<Members>), ...);
        return *this;
    }
    template <auto... Members>
    select_query& exclude() {
        (state_.leave_out(column_of<Members>), ...);
        return *this;
    }
    /// None of the model's columns: `expr` says what is selected.
    select_query& no_columns() {
        state_.no_columns = true;
        return *this;
    }
    /// More columns; read them with `all<row>()`.
    template <class... A>
    select_query& expr(std::type_identity_t<fragment<Scope, A...>> sql, const A&... args) {
        return part(clause::column, sql.text(), args...);
    }
    select_query& distinct() {
        state_.distinct = true;
        return *this;
    }
    template <class... A>
    select_query& distinct_on(std::type_identity_t<fragment<Scope, A...>> sql, const A&... args) {
        return part(clause::distinct_on, sql.text(), args...);
    }

    // --- tables ---
    /// One more table, by name.
    select_query<E, T, typename Scope::template with<detail::anything>> from(const ident& table) {
        sql_writer out;
        out.identifier(table.value);
        state_.add(clause::source, std::move(out));
        return opened();
    }
    /// Anything that FROM takes: `from("generate_series(1, ?) as n", 5)`, `from("(?) as x", subquery)`.
    template <class... A>
    select_query<E, T, typename Scope::template with<detail::anything>>
    from(std::type_identity_t<fragment<typename Scope::template with<detail::anything>, A...>> sql,
         const A&... args) {
        part(clause::source, sql.text(), args...);
        return opened();
    }
    /// The same in place of the model's table.
    template <class... A>
    select_query<E, T, typename Scope::template with<detail::anything>>
    instead_from(std::type_identity_t<fragment<typename Scope::template with<detail::anything>, A...>> sql,
                 const A&... args) {
        state_.no_model_table = true;
        return from(sql, args...);
    }
    /// Another model's table under its alias: `.join<post>("p.user_id = u.id")`. Its columns are known from
    /// then on. Deleted rows of a model with soft delete are left out.
    template <model U, class... A>
    select_query<E, T, typename Scope::template with<detail::in_scope<U>>>
    join(std::type_identity_t<fragment<typename Scope::template with<detail::in_scope<U>>, A...>> on,
         const A&... args) {
        return joined<U>("JOIN ", on.text(), args...);
    }
    template <model U, class... A>
    select_query<E, T, typename Scope::template with<detail::in_scope<U>>>
    left_join(std::type_identity_t<fragment<typename Scope::template with<detail::in_scope<U>>, A...>> on,
              const A&... args) {
        return joined<U>("LEFT JOIN ", on.text(), args...);
    }
    /// A join as it is written: `.join_sql("cross join lateral (?) as x", subquery)`.
    template <class... A>
    select_query<E, T, typename Scope::template with<detail::anything>>
    join_sql(std::type_identity_t<fragment<typename Scope::template with<detail::anything>, A...>> sql,
             const A&... args) {
        part(clause::join, sql.text(), args...);
        return opened();
    }

    // --- groups, order ---
    template <class... A>
    select_query& group(std::type_identity_t<fragment<Scope, A...>> sql, const A&... args) {
        return part(clause::group_by, sql.text(), args...);
    }
    template <class... A>
    select_query& having(std::type_identity_t<fragment<Scope, A...>> sql, const A&... args) {
        return part(clause::having, sql.text(), args...);
    }
    /// `window("w as (partition by u.id)")`
    template <class... A>
    select_query& window(std::type_identity_t<fragment<Scope, A...>> sql, const A&... args) {
        return part(clause::window, sql.text(), args...);
    }
    template <class... A>
    select_query& order(std::type_identity_t<fragment<Scope, A...>> sql, const A&... args) {
        return part(clause::order, sql.text(), args...);
    }
    template <auto Member>
    select_query& order_by(direction d = direction::asc) {
        return ordered(
            [&](sql_writer& out) {
                out.qualified(table_of<detail::owner_of<Member>>.alias, column_of<Member>.name);
            },
            d);
    }
    /// A column that is chosen at run time; quoted, and nothing but a name.
    select_query& order_by(const ident& column, direction d = direction::asc) {
        return ordered([&](sql_writer& out) { out.identifier(column.value); }, d);
    }
    /// At most that many rows; 0 is none.
    select_query& limit(std::int64_t n) {
        state_.limit = n;
        return *this;
    }
    select_query& offset(std::int64_t n) {
        state_.offset = n;
        return *this;
    }
    /// Locks: `lock("update skip locked")`, `lock("share of u nowait")`.
    template <class... A>
    select_query& lock(std::type_identity_t<fragment<Scope, A...>> sql, const A&... args) {
        return part(clause::lock, sql.text(), args...);
    }
    select_query& for_update() { return lock("UPDATE"); }
    select_query& for_update_skip_locked() { return lock("UPDATE SKIP LOCKED"); }
    /// For people who read the server's log, and for pg_hint_plan.
    select_query& comment(std::string_view text) {
        state_.comment = detail::harmless_comment(text);
        return *this;
    }

    // --- other queries ---
    template <class Query>
    select_query<E, T, typename Scope::template with<detail::anything>> with(std::string_view name,
                                                                             const Query& q) {
        return common(name, "", q);
    }
    template <class Query>
    select_query<E, T, typename Scope::template with<detail::anything>> with_recursive(std::string_view name,
                                                                                       const Query& q) {
        state_.recursive = true;
        return common(name, "", q);
    }
    template <class Query>
    select_query<E, T, typename Scope::template with<detail::anything>>
    with_materialized(std::string_view name, const Query& q) {
        return common(name, "MATERIALIZED ", q);
    }
    template <class Query>
    select_query<E, T, typename Scope::template with<detail::anything>>
    with_not_materialized(std::string_view name, const Query& q) {
        return common(name, "NOT MATERIALIZED ", q);
    }
    template <class Query>
    select_query& union_with(const Query& q) {
        return operation("UNION", q);
    }
    template <class Query>
    select_query& union_all(const Query& q) {
        return operation("UNION ALL", q);
    }
    template <class Query>
    select_query& intersect(const Query& q) {
        return operation("INTERSECT", q);
    }
    template <class Query>
    select_query& intersect_all(const Query& q) {
        return operation("INTERSECT ALL", q);
    }
    template <class Query>
    select_query& except(const Query& q) {
        return operation("EXCEPT", q);
    }
    template <class Query>
    select_query& except_all(const Query& q) {
        return operation("EXCEPT ALL", q);
    }

    // --- relations ---
    /// The rows come with their related ones: one more statement, whatever their number. `f` says more about
    /// it.
    template <auto Field, class F>
    select_query& load(F f) {
        using relation = detail::relation_of<Field>;
        static_assert(std::is_same_v<typename relation::parent, T>,
                      "tusk: the relation belongs to another model");
        relation_query<relation> q;
        f(q);
        loads_.push_back(std::make_shared<detail::relation_loader<relation>>(std::move(q)));
        return *this;
    }
    template <auto Field>
    select_query& load() {
        return load<Field>([](auto&) {});
    }
    /// The related row comes in the same statement, by a LEFT JOIN; for relations to one. `on` is one more
    /// condition of the join; the joined table's alias is the member's name.
    template <auto Field>
    select_query<E, T, typename Scope::template with<detail::anything>> load_joined() {
        add_joined<Field>(sql_writer{});
        return opened();
    }
    template <auto Field, class... A>
    select_query<E, T, typename Scope::template with<detail::anything>>
    load_joined(std::type_identity_t<fragment<typename Scope::template with<detail::anything>, A...>> on,
                const A&... args) {
        add_joined<Field>(detail::written(state_, on.text(), args...));
        return opened();
    }
    /// Only rows that have a related one; `f` says more about it.
    template <auto Field, class F>
    select_query& where_exists(F f) {
        return exists_related<Field>("EXISTS (", f);
    }
    template <auto Field>
    select_query& where_exists() {
        return where_exists<Field>([](auto&) {});
    }
    template <auto Field, class F>
    select_query& where_not_exists(F f) {
        return exists_related<Field>("NOT EXISTS (", f);
    }
    template <auto Field>
    select_query& where_not_exists() {
        return where_not_exists<Field>([](auto&) {});
    }

    // --- texts ---
    void write_to(sql_writer& out) const { state_.write_select(out); }
    /// What is sent, `$1` for arguments. Throws what was wrong while the query was built.
    std::string sql() const {
        sql_writer out;
        write_to(out);
        auto text = out.finished();
        if (!text) throw error{text.error()};
        return std::move(*text);
    }
    /// With the values in the text: for logs and tests, never sent.
    std::string to_string() const {
        sql_writer out;
        write_to(out);
        return out.literal();
    }

    // --- verbs; `db` may be given here instead of at `on(db)` ---
    /// All rows: models, or rows of another type by their columns' names (structs) or places (tuples,
    /// values).
    template <class R = T, database_handle Db>
    auto all(Db& db, std::source_location where = std::source_location::current()) const {
        return all_by<R>(by(db), where);
    }
    template <class R = T>
    auto all(std::source_location where = std::source_location::current()) const {
        return all_by<R>(bound(), where);
    }
    /// Exactly one row. Errors: `errc::not_found`, `errc::too_many_rows`.
    template <class R = T, database_handle Db>
    auto one(Db& db, std::source_location where = std::source_location::current()) const {
        return one_by<R>(by(db), where);
    }
    template <class R = T>
    auto one(std::source_location where = std::source_location::current()) const {
        return one_by<R>(bound(), where);
    }
    /// One row or none. Errors: `errc::too_many_rows`.
    template <class R = T, database_handle Db>
    auto maybe(Db& db, std::source_location where = std::source_location::current()) const {
        return maybe_by<R>(by(db), where);
    }
    template <class R = T>
    auto maybe(std::source_location where = std::source_location::current()) const {
        return maybe_by<R>(bound(), where);
    }
    /// Calls `f(row)` with each row, which is reused, and returns their number.
    template <class F, database_handle Db>
    auto for_each(Db& db, F f, std::source_location where = std::source_location::current()) const {
        return each_by(by(db), std::move(f), where);
    }
    template <class F>
    auto for_each(F f, std::source_location where = std::source_location::current()) const {
        return each_by(bound(), std::move(f), where);
    }
    /// Rows one at a time, with back-pressure; no relations, no hooks.
    template <database_handle Db>
    auto stream(Db& db, std::source_location where = std::source_location::current()) const {
        return stream_by(by(db), where);
    }
    auto stream(std::source_location where = std::source_location::current()) const {
        return stream_by(bound(), where);
    }
    /// How many rows there are, without limit and offset.
    template <database_handle Db>
    auto count(Db& db, std::source_location where = std::source_location::current()) const {
        return count_by(by(db), where);
    }
    auto count(std::source_location where = std::source_location::current()) const {
        return count_by(bound(), where);
    }
    template <database_handle Db>
    auto exists(Db& db, std::source_location where = std::source_location::current()) const {
        return exists_by(by(db), where);
    }
    auto exists(std::source_location where = std::source_location::current()) const {
        return exists_by(bound(), where);
    }
    /// A page and the number of all rows, in one round trip.
    template <database_handle Db>
    auto all_and_count(Db& db, std::source_location where = std::source_location::current()) const {
        return page_by(by(db), where);
    }
    auto all_and_count(std::source_location where = std::source_location::current()) const {
        return page_by(bound(), where);
    }
    /// The server's plan as text; with `analyze` it executes the query.
    template <database_handle Db>
    auto explain(Db& db, bool analyze = false) const {
        return explain_by(by(db), analyze);
    }
    auto explain(bool analyze = false) const { return explain_by(bound(), analyze); }

private:
    template <class... A>
    select_query& part(clause where, std::string_view sql, const A&... args) {
        state_.add(where, detail::written(state_, sql, args...));
        return *this;
    }
    auto opened() {
        return select_query<E, T, typename Scope::template with<detail::anything>>{std::move(*this)};
    }
    template <class Write>
    select_query& ordered(Write write, direction d) {
        sql_writer out;
        write(out);
        out.text(detail::text_of(d));
        state_.add(clause::order, std::move(out));
        return *this;
    }
    template <class U, class... A>
    auto joined(std::string_view kind, std::string_view on, const A&... args) {
        sql_writer out;
        out.text(kind);
        query_state other{&table_of<U>};
        other.write_table(out, true, true);
        out.text(" ON (");
        out.append(detail::written(state_, on, args...));
        out.text(")");
        if (const auto* mark = table_of<U>.soft_delete()) {
            out.text(" AND ");
            out.qualified(table_of<U>.alias, mark->name);
            out.text(" IS NULL");
        }
        state_.add(clause::join, std::move(out));
        return select_query<E, T, typename Scope::template with<detail::in_scope<U>>>{std::move(*this)};
    }
    template <class Query>
    auto common(std::string_view name, std::string_view how, const Query& q) {
        sql_writer out;
        out.quoted(name);
        out.text(" AS ");
        out.text(how);
        out.text("(");
        q.write_to(out);
        out.text(")");
        state_.add(clause::with, std::move(out));
        return opened();
    }
    template <class Query>
    select_query& operation(std::string_view how, const Query& q) {
        sql_writer out;
        out.text(how);
        out.text(" (");
        q.write_to(out);
        out.text(")");
        state_.add(clause::set_operation, std::move(out));
        return *this;
    }
    template <auto Field>
    void add_joined(sql_writer on) {
        using relation = detail::relation_of<Field>;
        using child = typename relation::child;
        static_assert(std::is_same_v<typename relation::parent, T>,
                      "tusk: the relation belongs to another model");
        static_assert(!detail::related_model<detail::field_of<Field>>::is_many,
                      "tusk: load_joined() is for relations to one row; take load() for those to many");
        const auto alias = std::string{tusk::detail::name_of_pointer<Field>()};
        detail::add_left_join(state_, table_of<child>, alias, relation::local::columns(),
                              relation::foreign::columns(), std::move(on));
        joined_.push_back({0,
                           [](void* parent) -> void* {
                               auto row = std::make_shared<child>();
                               (static_cast<T*>(parent)->*Field).set(row);
                               return row.get();
                           },
                           [](void* parent) { (static_cast<T*>(parent)->*Field).set(nullptr); }});
    }
    template <auto Field, class F>
    select_query& exists_related(std::string_view how, F& f) {
        using relation = detail::relation_of<Field>;
        static_assert(std::is_same_v<typename relation::parent, T>,
                      "tusk: the relation belongs to another model");
        relation_query<relation> q;
        f(q);
        const std::vector<bound_value> none;
        detail::relation_statement s{q.settings(),
                                     relation::foreign::columns(),
                                     q.state().alias(),
                                     none,
                                     nullptr,
                                     {},
                                     {},
                                     nullptr,
                                     {}};
        if constexpr (!std::is_same_v<typename relation::junction, detail::no_junction>) {
            s.junction = &table_of<typename relation::junction>;
            s.key_alias = s.junction->alias;
            s.junction_far = relation::junction_far::columns();
            s.far = relation::far::columns();
        }
        if constexpr (requires { relation::type_member; }) {
            s.type_column = &column_of<relation::type_member>;
            s.type_value = relation::type_value();
        }
        sql_writer out;
        out.text(how);
        s.write_correlated(out, state_.alias(), relation::local::columns());
        out.text(")");
        state_.add(clause::where, std::move(out));
        return *this;
    }

    // --- execution ---
    detail::runner<E> bound() const {
        static_assert(!std::is_same_v<E, unbound>,
                      "tusk: the query has no connection; give it to the verb: all(db)");
        return by_;
    }
    template <class Db>
    static detail::runner<Db> by(Db& db) {
        return {&db, {}, nullptr};
    }
    sql_writer written_select() const {
        sql_writer out;
        write_to(out);
        return out;
    }
    std::shared_ptr<const detail::row_shape> shape() const {
        auto out = std::make_shared<detail::row_shape>();
        out->slots = state_.slots();
        out->joined = joined_;
        return out;
    }
    template <class R>
    static constexpr bool reads_model = !std::is_void_v<T> && std::is_same_v<R, T>;
    template <class R>
    void check_row() const {
        static_assert(!std::is_void_v<R>, "tusk: what are the rows? all<row>(), one<std::tuple<…>>()");
    }

    template <class R, class Db>
    auto all_by(detail::runner<Db> by, std::source_location where) const {
        check_row<R>();
        if constexpr (reads_model<R>)
            return models_by(by, where);
        else
            return detail::run_one(by, written_select(), tusk::detail::all_sink<R>{}, where);
    }
    template <class Db>
    detail::returned<Db, std::vector<T>> models_by(detail::runner<Db> by, std::source_location where) const {
        if (!detail::selects_with_hooks<T> && loads_.empty())
            return detail::run_one(by, written_select(), detail::model_sink<T>{shape()}, where);
        auto sql = written_select();
        if (by.watch != nullptr) by.watch->note(sql.literal(), where);
        std::unique_ptr<detail::steps<std::vector<T>>> work = std::make_unique<detail::select_steps<T>>(
            std::move(sql), shape(), detail::fresh_copies(loads_), known_, user_data_);
        return detail::drive(*by.on, by.call, std::move(work));
    }
    template <class R, class Db>
    auto one_by(detail::runner<Db> by, std::source_location where) const {
        check_row<R>();
        if constexpr (reads_model<R>)
            return detail::after<Db, std::vector<T>>(models_by(by, where), &detail::only_row<T>);
        else
            return detail::run_one(by, written_select(), tusk::detail::one_sink<R>{}, where);
    }
    template <class R, class Db>
    auto maybe_by(detail::runner<Db> by, std::source_location where) const {
        check_row<R>();
        if constexpr (reads_model<R>)
            return detail::after<Db, std::vector<T>>(models_by(by, where), &detail::row_if_any<T>);
        else
            return detail::run_one(by, written_select(), tusk::detail::maybe_sink<R>{}, where);
    }
    template <class Db, class F>
    auto each_by(detail::runner<Db> by, F f, std::source_location where) const {
        static_assert(!std::is_void_v<T>, "tusk: for_each() reads a model's rows");
        return detail::run_one(by, written_select(), detail::model_each_sink<T, F>{shape(), std::move(f)},
                               where);
    }
    template <class Db>
    auto stream_by(detail::runner<Db> by, std::source_location where) const {
        static_assert(!std::is_void_v<T>, "tusk: stream() reads a model's rows");
        auto q = written_select();
        auto text = q.finished();
        if (!text) throw error{text.error()};
        if (by.watch != nullptr) by.watch->note(*text, where);
        return detail::open_stream<Db, T>(*by.on, detail::request_of(*by.on, by.call, *text, q.take_values()),
                                          std::make_shared<detail::model_stream_sink<T>>(shape()));
    }
    template <class Db>
    auto count_by(detail::runner<Db> by, std::source_location where) const {
        sql_writer out;
        state_.write_count(out);
        return detail::run_one(by, std::move(out), tusk::detail::one_sink<std::int64_t>{}, where);
    }
    template <class Db>
    auto exists_by(detail::runner<Db> by, std::source_location where) const {
        sql_writer out;
        state_.write_exists(out);
        return detail::run_one(by, std::move(out), tusk::detail::one_sink<bool>{}, where);
    }
    template <class Db>
    auto page_by(detail::runner<Db> by, std::source_location where) const;
    template <class Db>
    auto explain_by(detail::runner<Db> by, bool analyze) const {
        sql_writer out;
        out.text(analyze ? "EXPLAIN (ANALYZE) " : "EXPLAIN ");
        write_to(out);
        const auto joined = [](std::vector<std::string> lines) {
            std::string text;
            for (const auto& line : lines) text += line + '\n';
            return text;
        };
        return detail::after<Db, std::vector<std::string>>(
            detail::run_one(by, std::move(out), tusk::detail::all_sink<std::string>{},
                            std::source_location::current()),
            joined);
    }

    detail::runner<E> by_;
    void* user_data_ = nullptr;
    query_state state_;
    detail::loaders<T> loads_;
    std::vector<detail::row_shape::joined_object> joined_;
    std::shared_ptr<T> known_;
};

namespace detail {

/// The steps of a page: its rows with what hangs on them, and the count.
template <class T>
class page_steps final : public steps<std::pair<std::vector<T>, std::int64_t>> {
public:
    page_steps(std::unique_ptr<select_steps<T>> rows, sql_writer count)
        : rows_{std::move(rows)}, count_{std::move(count)} {}
    bool next(batch& b) override {
        if (!answer_) answer_.emplace(add_to(b, std::move(count_), tusk::detail::one_sink<std::int64_t>{}));
        return rows_->next(b);
    }
    std::pair<std::vector<T>, std::int64_t> take() override {
        const auto n = answer_->get();
        return {rows_->take(), n};
    }

private:
    std::unique_ptr<select_steps<T>> rows_;
    sql_writer count_;
    std::optional<batch_result<std::int64_t>> answer_;
};

} // namespace detail

template <class E, class T, class Scope>
template <class Db>
auto select_query<E, T, Scope>::page_by(detail::runner<Db> by, std::source_location where) const {
    static_assert(!std::is_void_v<T>, "tusk: all_and_count() reads a model's rows");
    sql_writer count;
    state_.write_count(count);
    auto sql = written_select();
    if (by.watch != nullptr) by.watch->note(sql.literal(), where);
    auto rows = std::make_unique<detail::select_steps<T>>(std::move(sql), shape(),
                                                          detail::fresh_copies(loads_), known_, user_data_);
    std::unique_ptr<detail::steps<std::pair<std::vector<T>, std::int64_t>>> work =
        std::make_unique<detail::page_steps<T>>(std::move(rows), std::move(count));
    return detail::drive(*by.on, by.call, std::move(work));
}

/// A SELECT that belongs to no connection yet.
template <class T = void>
select_query<unbound, T, typename detail::own_scope<T>::type> select() {
    return select_query<unbound, T, typename detail::own_scope<T>::type>{};
}

} // namespace tusk::orm
