#pragma once

#include <utility>
#include <vector>

#include <tusk/orm/bulk_update.hpp>
#include <tusk/orm/insert.hpp>
#include <tusk/orm/insert_graph.hpp>
#include <tusk/orm/merge.hpp>
#include <tusk/orm/raw.hpp>
#include <tusk/orm/update.hpp>

namespace tusk::orm {

/// Queries on a connection, a transaction, a pool, or a blocking twin: `auto db = orm::on(connection)`. It
/// refers to what it was made of, and is cheap to make and to copy. A function that is a template of `Db` and
/// begins with `orm::on(db)` works on all of them.
template <database_handle E>
class database {
public:
    explicit database(E& on) noexcept : by_{&on, {}, nullptr} {}

    E& handle() const noexcept { return *by_.on; }
    /// Settings for every statement.
    database with_options(const options& o) const {
        auto out = *this;
        out.by_.call = o;
        return out;
    }
    /// `w` counts the statements; see `repeated_queries`.
    database watched_by(repeated_queries& w) const {
        auto out = *this;
        out.by_.watch = &w;
        return out;
    }
    /// What hooks get as `user_data`.
    database with(void* user_data) const {
        auto out = *this;
        out.user_data_ = user_data;
        return out;
    }

    template <class T = void>
    auto select() const {
        return select_query<E, T, typename detail::own_scope<T>::type>{by_, user_data_};
    }
    /// The row lives until the verb is over; what the server makes of it is written into it.
    template <model T>
    auto insert(T& row) const {
        return insert_query<E, T>{by_, {&row}, user_data_};
    }
    template <model T>
    auto insert(std::vector<T>& rows) const {
        return insert_query<E, T>{by_, pointers(rows), user_data_};
    }
    /// The same by an array for each column: one statement for any number of rows.
    template <model T>
    auto insert_all(std::vector<T>& rows) const {
        auto q = insert_query<E, T>{by_, pointers(rows), user_data_};
        q.by_arrays();
        return q;
    }
    template <model T>
    auto insert_into() const {
        return insert_into_query<E, T>{by_};
    }
    auto insert_into(std::string_view table) const { return insert_into_query<E, void>{by_, table}; }
    template <model T>
    auto update() const {
        return update_query<E, T, typename detail::own_scope<T>::type>{by_, nullptr, user_data_};
    }
    /// The row lives until the verb is over.
    template <model T>
    auto update(T& row) const {
        return update_query<E, T, typename detail::own_scope<T>::type>{by_, &row, user_data_};
    }
    /// Each row by its primary key, with its own values, in one statement. The rows live until the verb is
    /// over.
    template <model T>
    auto update_all(std::vector<T>& rows) const {
        return bulk_update_query<E, T>{by_, pointers(rows), user_data_};
    }
    template <model T>
    auto merge() const {
        return merge_query<E, T>{by_};
    }
    /// A row and, of these relations, the rows that were `set`, in one transaction:
    /// `insert_with<&user::posts>(u).exec()`. Keys go where they belong: see `insert_graph_query`.
    template <auto... Fields, model T>
    auto insert_with(T& row) const {
        return insert_graph_query<E, T, Fields...>{by_, row, user_data_};
    }
    template <model T>
    auto erase() const {
        return delete_query<E, T, typename detail::own_scope<T>::type>{by_, nullptr, user_data_};
    }
    template <model T>
    auto erase(const T& row) const {
        return delete_query<E, T, typename detail::own_scope<T>::type>{by_, &row, user_data_};
    }
    /// Rows that are marked as deleted are there again: `restore<user>().where_pk(7).exec()`.
    template <model T>
    auto restore() const {
        static_assert(table_of<T>.has_soft_delete(), "tusk: the model has no soft_delete column");
        auto q = update<T>();
        sql_writer sql;
        sql.quoted(table_of<T>.soft_delete()->name);
        sql.text(" = NULL");
        q.state().add(clause::set, std::move(sql));
        q.state().deleted = deleted_rows::only;
        return q;
    }
    template <class... A>
    auto raw(std::type_identity_t<fragment<detail::scope<detail::anything>, A...>> sql,
             const A&... args) const {
        return raw_query<E>{by_, detail::written(query_state{}, sql.text(), args...)};
    }
    /// Runs `f` in a transaction (a savepoint, inside of one): see `connection::transact`. `f` takes the
    /// transaction, and says `orm::on(tx)`.
    template <class F, class... O>
    auto transact(F f, O&&... o) const {
        return by_.on->transact(std::move(f), std::forward<O>(o)...);
    }

private:
    template <class T>
    static std::vector<void*> pointers(std::vector<T>& rows) {
        std::vector<void*> out;
        out.reserve(rows.size());
        for (auto& row : rows) out.push_back(&row);
        return out;
    }
    detail::runner<E> by_;
    void* user_data_ = nullptr;
};

template <database_handle E>
database<E> on(E& handle) noexcept {
    return database<E>{handle};
}

// The same without a connection, for texts and for parts of other queries.
template <model T>
auto insert(T& row) {
    return insert_query<unbound, T>{{}, {&row}};
}
template <model T>
auto insert(std::vector<T>& rows) {
    std::vector<void*> all;
    for (auto& row : rows) all.push_back(&row);
    return insert_query<unbound, T>{{}, std::move(all)};
}
template <model T>
auto insert_into() {
    return insert_into_query<unbound, T>{{}};
}
inline auto insert_into(std::string_view table) { return insert_into_query<unbound, void>{{}, table}; }
template <model T>
auto update() {
    return update_query<unbound, T, typename detail::own_scope<T>::type>{};
}
template <model T>
auto update(T& row) {
    return update_query<unbound, T, typename detail::own_scope<T>::type>{{}, &row};
}
template <model T>
auto update_all(std::vector<T>& rows) {
    std::vector<void*> all;
    for (auto& row : rows) all.push_back(&row);
    return bulk_update_query<unbound, T>{{}, std::move(all)};
}
template <model T>
auto erase() {
    return delete_query<unbound, T, typename detail::own_scope<T>::type>{};
}
template <model T>
auto erase(const T& row) {
    return delete_query<unbound, T, typename detail::own_scope<T>::type>{{}, &row};
}

} // namespace tusk::orm
