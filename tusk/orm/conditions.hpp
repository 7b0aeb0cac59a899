#pragma once

#include <utility>

#include <tusk/orm/query_state.hpp>

/// What selects, updates and deletes have in common: WHERE.
namespace tusk::orm {

namespace detail {

template <class T>
constexpr const table_info* model_or_none() noexcept {
    if constexpr (std::is_void_v<T>)
        return nullptr;
    else
        return &table_of<T>;
}

template <class T>
struct own_scope {
    using type = scope<in_scope<T>>;
};
template <>
struct own_scope<void> {
    using type = scope<anything>;
};

template <class... A>
sql_writer written(const query_state& state, std::string_view sql, const A&... args) {
    sql_writer out;
    write_fragment_with(out, sql, state.model, args...);
    return out;
}

/// The values of a primary key, as the columns' types.
template <class T, class... V>
value_list key_values(const V&... values) {
    static_assert(sizeof...(V) == table_of<T>.pk_count(),
                  "tusk: where_pk() takes as many values as the primary key has columns");
    value_list out;
    out.reserve(sizeof...(V));
    (out.emplace_back(values), ...);
    return out;
}

} // namespace detail

/// A condition of typed expressions (`c<&user::id> == 7`) on columns of these models.
template <class... Models>
class condition;

/// A group of conditions in parentheses, given to the function of `where_group`.
template <class Scope>
class condition_group {
public:
    explicit condition_group(query_state& state, clause of = clause::where) noexcept
        : state_{state}, of_{of} {}
    template <class... A>
    condition_group& where(std::type_identity_t<fragment<Scope, A...>> sql, const A&... args) {
        return add(glue::conjunction, sql.text(), args...);
    }
    template <class... A>
    condition_group& or_where(std::type_identity_t<fragment<Scope, A...>> sql, const A&... args) {
        return add(glue::disjunction, sql.text(), args...);
    }
    template <class F>
    condition_group& where_group(F f) {
        return group(glue::conjunction, f);
    }
    template <class F>
    condition_group& or_where_group(F f) {
        return group(glue::disjunction, f);
    }
    template <class F>
    condition_group& or_where_not_group(F f) {
        return group(glue::disjunction_not, f);
    }
    template <class F>
    condition_group& where_not_group(F f) {
        return group(glue::conjunction_not, f);
    }

private:
    template <class... A>
    condition_group& add(glue how, std::string_view sql, const A&... args) {
        state_.add(of_, detail::written(state_, sql, args...), how);
        return *this;
    }
    template <class F>
    condition_group& group(glue how, F& f) {
        state_.open(of_, how);
        f(*this);
        state_.close(of_);
        return *this;
    }
    query_state& state_;
    clause of_;
};

namespace detail {

/// The verbs of WHERE. `Self` has `state()` and `conditioned()`, which is what a condition makes of it.
template <class Self, class T, class Scope>
class conditions {
public:
    /// A condition: SQL with `?` for each argument. Several are joined by AND, each in parentheses.
    template <class... A>
    decltype(auto) where(std::type_identity_t<fragment<Scope, A...>> sql, const A&... args) {
        return add(glue::conjunction, written(state(), sql.text(), args...));
    }
    template <class... A>
    decltype(auto) or_where(std::type_identity_t<fragment<Scope, A...>> sql, const A&... args) {
        return add(glue::disjunction, written(state(), sql.text(), args...));
    }
    template <class... A>
    decltype(auto) where_not(std::type_identity_t<fragment<Scope, A...>> sql, const A&... args) {
        return add(glue::conjunction_not, written(state(), sql.text(), args...));
    }
    /// A typed condition; its columns' models have to be in scope.
    template <class... Models>
    decltype(auto) where(const condition<Models...>& c) {
        return add(glue::conjunction, typed(c));
    }
    template <class... Models>
    decltype(auto) or_where(const condition<Models...>& c) {
        return add(glue::disjunction, typed(c));
    }
    /// SQL that is not known when the program is compiled. Nothing from outside may get into it.
    template <class... A>
    decltype(auto) where(const unsafe_sql& sql, const A&... args) {
        return add(glue::conjunction, written(state(), sql.value, args...));
    }
    /// `f(group)` adds conditions in parentheses; an empty group says nothing.
    template <class F>
    decltype(auto) where_group(F f) {
        return group(glue::conjunction, f);
    }
    template <class F>
    decltype(auto) or_where_group(F f) {
        return group(glue::disjunction, f);
    }
    template <class F>
    decltype(auto) where_not_group(F f) {
        return group(glue::conjunction_not, f);
    }
    template <class F>
    decltype(auto) or_where_not_group(F f) {
        return group(glue::disjunction_not, f);
    }
    /// The row with this primary key: a value for each of its columns.
    template <class... V>
        requires(sizeof...(V) > 0 && !(std::is_same_v<V, T> || ...))
    decltype(auto) where_pk(const V&... values) {
        sql_writer out;
        write_pk_equal(out, table_of<T>, state().alias(), key_values<T>(values...));
        return add(glue::conjunction, std::move(out));
    }
    /// The row that `row` is.
    template <class U>
        requires std::is_same_v<U, T>
    decltype(auto) where_pk(const U& row) {
        sql_writer out;
        auto key = key_of(table_of<T>, &row);
        if (key)
            write_pk_equal(out, table_of<T>, state().alias(), *key);
        else
            out.fail(key.error());
        return add(glue::conjunction, std::move(out));
    }
    /// The rows that these are; none for an empty range. One statement, whatever their number.
    template <std::ranges::input_range R>
        requires std::is_same_v<std::ranges::range_value_t<R>, T>
    decltype(auto) where_pks(const R& rows) {
        std::vector<const void*> all;
        for (const auto& row : rows) all.push_back(&row);
        sql_writer out;
        write_pk_among(out, table_of<T>, state().alias(), all);
        return add(glue::conjunction, std::move(out));
    }
    /// The rows with these keys; for a composite key the values are tuples.
    template <std::ranges::input_range R>
        requires(!std::is_same_v<std::ranges::range_value_t<R>, T>)
    decltype(auto) where_pks(const R& keys) {
        std::vector<T> rows;
        for (const auto& k : keys)
            if (!set_key(rows.emplace_back(), k))
                state().fail(failure{errc::invalid_argument, "a key has another type than the primary key"});
        return where_pks(rows);
    }
    /// Deleted rows as well.
    decltype(auto) with_deleted() { return see(deleted_rows::shown); }
    /// Only deleted rows.
    decltype(auto) only_deleted() { return see(deleted_rows::only); }

protected:
    /// The primary key's column of that index gets a value. False when it is of another type.
    template <class U, class V>
    static bool set_field(U& row, std::size_t index, const V& value) {
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            std::size_t seen = 0;
            return (set_entry<I>(row, index, seen, value) || ...);
        }(std::make_index_sequence<columns_of<U>.size()>{});
    }
    template <std::size_t I, class U, class V>
    static bool set_entry(U& row, std::size_t index, std::size_t& seen, const V& value) {
        if constexpr (columns_of<U>[I].is(column_flag::pk)) {
            using entry = entry_at<U, I>;
            using field = typename entry::field;
            if (seen++ != index) return false;
            if constexpr (std::is_convertible_v<const V&, field>) {
                entry::getter::get(row) = static_cast<field>(value);
                return true;
            }
        }
        return false;
    }
    template <class U, class K>
    static bool set_key(U& row, const K& key) {
        if constexpr (tusk::detail::is_tuple<K>) {
            static_assert(std::tuple_size_v<K> == table_of<T>.pk_count(),
                          "tusk: a key has as many values as the primary key has columns");
            std::size_t i = 0;
            return std::apply([&](const auto&... v) { return (set_field(row, i++, v) && ...); }, key);
        } else {
            static_assert(table_of<T>.pk_count() == 1,
                          "tusk: the keys of a composite primary key are tuples");
            return set_field(row, 0, key);
        }
    }

private:
    Self& self() noexcept { return static_cast<Self&>(*this); }
    query_state& state() noexcept { return self().state(); }
    template <class... Models>
    sql_writer typed(const condition<Models...>& c) {
        static_assert(((Scope::open || Scope::template has<Models>) && ...),
                      "tusk: a condition is about a column of a model that is not in this query");
        sql_writer out;
        c.write_to(out);
        return out;
    }
    decltype(auto) add(glue how, sql_writer sql) {
        state().add(clause::where, std::move(sql), how);
        return self().conditioned();
    }
    template <class F>
    decltype(auto) group(glue how, F& f) {
        state().open(clause::where, how);
        condition_group<Scope> inner{state()};
        f(inner);
        state().close(clause::where);
        return self().conditioned();
    }
    decltype(auto) see(deleted_rows which) {
        static_assert(std::is_void_v<T> || table_of<T>.has_soft_delete(),
                      "tusk: the model has no soft_delete column");
        state().deleted = which;
        return (self());
    }
};

} // namespace detail

} // namespace tusk::orm
