#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <tusk/orm/select_verbs.hpp>
#include <tusk/orm/values.hpp>

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

} // namespace detail

/// A SELECT of a model's rows, or of anything when `T` is void. Made by `on(db).select<user>()` and
/// `orm::select<user>()`.
template <class E, class T, class Scope>
class select_query : public detail::conditions<select_query<E, T, Scope>, T, Scope>,
                     public detail::select_verbs<E, T> {
    using base = detail::conditions<select_query<E, T, Scope>, T, Scope>;
    using verbs = detail::select_verbs<E, T>;
    template <class, class, class>
    friend class select_query;

public:
    using row_type = T;
    using orm_query = void;

    explicit select_query(detail::runner<E> by = {}, void* user_data = nullptr) : verbs{by, user_data} {}
    template <class OldScope>
    explicit select_query(select_query<E, T, OldScope>&& other) : verbs{static_cast<verbs&&>(other)} {}

    using verbs::state;
    select_query& conditioned() noexcept { return *this; }

    /// The row that `row` is.
    template <class U>
        requires std::is_same_v<U, T>
    select_query& where_pk(const U& row) {
        return base::where_pk(row);
    }
    /// The row with this primary key; the relations that need no more than that come with it.
    template <class... V>
        requires(sizeof...(V) > 0 && !(std::is_same_v<V, T> || ...))
    select_query& where_pk(const V&... values) {
        base::where_pk(values...);
        auto known = std::allocate_shared<T>(recycled<T>{});
        std::size_t i = 0;
        const bool all = (base::set_field(*known, i++, values) && ...);
        this->known_ = all ? std::move(known) : nullptr;
        return *this;
    }

    // --- columns ---
    /// Only these columns of the model; the others keep their members' defaults.
    template <auto... Members>
    select_query& columns() {
        (state().choose(column_of<Members>), ...);
        return *this;
    }
    template <auto... Members>
    select_query& exclude() {
        (state().leave_out(column_of<Members>), ...);
        return *this;
    }
    /// None of the model's columns: `expr` says what is selected.
    select_query& no_columns() {
        state().no_columns = true;
        return *this;
    }
    /// More columns; read them with `all<row>()`.
    template <class... A>
    select_query& expr(std::type_identity_t<fragment<Scope, A...>> sql, const A&... args) {
        return part(clause::column, sql.text(), args...);
    }
    select_query& distinct() {
        state().distinct = true;
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
        state().add(clause::source, std::move(out));
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
        state().no_model_table = true;
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
    /// The related row by the relation's keys, for conditions and order; nothing of it is read. The joined
    /// table's alias is the member's name.
    template <auto Field>
    select_query<E, T, typename Scope::template with<detail::anything>> left_join() {
        add_join<Field>(sql_writer{});
        return opened();
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
        state().limit = n;
        return *this;
    }
    select_query& offset(std::int64_t n) {
        state().offset = n;
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
        state().comment = detail::harmless_comment(text);
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
        state().recursive = true;
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
        this->loads_.push_back(std::make_shared<detail::relation_loader<relation>>(std::move(q)));
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
        add_joined<Field>(detail::written(state(), on.text(), args...));
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

private:
    template <class... A>
    select_query& part(clause where, std::string_view sql, const A&... args) {
        state().add(where, detail::written(state(), sql, args...));
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
        state().add(clause::order, std::move(out));
        return *this;
    }
    template <class U, class... A>
    auto joined(std::string_view kind, std::string_view on, const A&... args) {
        sql_writer out;
        out.text(kind);
        query_state other{&table_of<U>};
        other.write_table(out, true, true);
        out.text(" ON (");
        out.append(detail::written(state(), on, args...));
        out.text(")");
        if (const auto* mark = table_of<U>.soft_delete()) {
            out.text(" AND ");
            out.qualified(table_of<U>.alias, mark->name);
            out.text(" IS NULL");
        }
        state().add(clause::join, std::move(out));
        return select_query<E, T, typename Scope::template with<detail::in_scope<U>>>{std::move(*this)};
    }
    template <class Query>
    auto common(std::string_view name, std::string_view how, const Query& q) {
        sql_writer out;
        detail::write_common_table(out, name, how, q);
        state().add(clause::with, std::move(out));
        return opened();
    }
    template <class Query>
    select_query& operation(std::string_view how, const Query& q) {
        sql_writer out;
        out.text(how);
        out.text(" (");
        q.write_to(out);
        out.text(")");
        state().add(clause::set_operation, std::move(out));
        return *this;
    }
    template <auto Field>
    void add_join(sql_writer on) {
        using relation = detail::relation_of<Field>;
        static_assert(std::is_same_v<typename relation::parent, T>,
                      "tusk: the relation belongs to another model");
        static_assert(!detail::related_model<detail::field_of<Field>>::is_many,
                      "tusk: joins are for relations to one row; take load() or where_exists() for those to "
                      "many");
        const auto alias = std::string{tusk::detail::name_of_pointer<Field>()};
        detail::add_left_join(state(), table_of<typename relation::child>, alias, relation::local::columns(),
                              relation::foreign::columns(), std::move(on));
    }
    template <auto Field>
    void add_joined(sql_writer on) {
        using relation = detail::relation_of<Field>;
        using child = typename relation::child;
        add_join<Field>(std::move(on));
        detail::read_joined(state(), table_of<child>, std::string{tusk::detail::name_of_pointer<Field>()},
                            relation::foreign::columns());
        this->joined_.push_back({0,
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
        const value_list none;
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
        s.write_correlated(out, state().alias(), relation::local::columns());
        out.text(")");
        state().add(clause::where, std::move(out));
        return *this;
    }
};

/// A SELECT that belongs to no connection yet.
template <class T = void>
select_query<unbound, T, typename detail::own_scope<T>::type> select() {
    return select_query<unbound, T, typename detail::own_scope<T>::type>{};
}

} // namespace tusk::orm
