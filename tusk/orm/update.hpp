#pragma once

#include <source_location>
#include <utility>
#include <vector>

#include <tusk/orm/select.hpp>

namespace tusk::orm {

namespace detail {

/// What an update and a delete have in common: the verbs, which exist only when it is said which rows are
/// meant.
template <class Self, class E, class T, class Scope, bool Conditioned>
class changing_query : public conditions<Self, T, Scope>, public query_text<Self> {
public:
    explicit changing_query(runner<E> by, const T* row, void* user_data)
        : by_{by}, row_{row}, user_data_{user_data}, state_{model_or_none<T>()} {}
    query_state& state() noexcept { return state_; }
    const query_state& state() const noexcept { return state_; }

    /// All rows are meant.
    decltype(auto) all_rows() { return self().conditioned(); }
    using conditions<Self, T, Scope>::where_pk;
    /// The row that was given to `update(row)` or `erase(row)`.
    decltype(auto) where_pk() {
        if (row_ == nullptr) {
            state_.fail(failure{errc::invalid_argument,
                                "where_pk() without a value is for update(row) and erase(row)"});
            return self().conditioned();
        }
        return where_pk(*row_);
    }
    template <auto... Members>
    Self& returning() {
        (add_returning(column_of<Members>.name), ...);
        return self();
    }
    template <class... A>
    Self& returning(std::type_identity_t<fragment<Scope, A...>> sql, const A&... args) {
        state_.add(clause::returning, written(state_, sql.text(), args...));
        return self();
    }
    Self& comment(std::string_view text) {
        state_.comment = harmless_comment(text);
        return self();
    }

    /// Executes it and returns the number of rows.
    template <database_handle Db>
    auto exec(Db& db, std::source_location where = std::source_location::current()) const {
        return exec_by(runner<Db>{&db, {}, nullptr}, where);
    }
    auto exec(std::source_location where = std::source_location::current()) const {
        return exec_by(bound(), where);
    }
    /// Executes it for one row. Errors: `errc::not_found` when there is none, `errc::too_many_rows`; what was
    /// done to several rows stays, outside of a transaction.
    template <database_handle Db>
    auto exec_one(Db& db, std::source_location where = std::source_location::current()) const {
        return after<Db, std::uint64_t>(exec(db, where), &one_row);
    }
    auto exec_one(std::source_location where = std::source_location::current()) const {
        return after<E, std::uint64_t>(exec(where), &one_row);
    }
    /// What RETURNING brings; without `returning` the whole rows, as models.
    template <class R = T, database_handle Db>
    auto all(Db& db, std::source_location where = std::source_location::current()) const {
        return all_by<R>(runner<Db>{&db, {}, nullptr}, where);
    }
    template <class R = T>
    auto all(std::source_location where = std::source_location::current()) const {
        return all_by<R>(bound(), where);
    }
    template <class R = T>
    auto one(std::source_location where = std::source_location::current()) const {
        return after<E, std::vector<R>>(all<R>(where), &only_row<R>);
    }
    template <class R = T>
    auto maybe(std::source_location where = std::source_location::current()) const {
        return after<E, std::vector<R>>(all<R>(where), &row_if_any<R>);
    }

protected:
    runner<E> by_;
    const T* row_;
    void* user_data_;
    query_state state_;

    static std::uint64_t one_row(std::uint64_t n) {
        if (n == 0) throw error{errc::not_found, "one row was expected to change, none did"};
        if (n > 1)
            throw error{errc::too_many_rows, "one row was expected to change, " + std::to_string(n) + " did"};
        return n;
    }

private:
    const Self& self() const noexcept { return static_cast<const Self&>(*this); }
    Self& self() noexcept { return static_cast<Self&>(*this); }
    void add_returning(std::string_view column) {
        sql_writer out;
        out.quoted(column);
        state_.add(clause::returning, std::move(out));
    }
    runner<E> bound() const {
        static_assert(!std::is_same_v<E, unbound>,
                      "tusk: the query has no connection; give it to the verb: exec(db)");
        return by_;
    }
    static void check() {
        static_assert(Conditioned,
                      "tusk: an update or delete without a condition; say where…(), or all_rows() when "
                      "all rows are meant");
    }
    template <class Db>
    auto exec_by(runner<Db> by, std::source_location at) const {
        check();
        self().before();
        sql_writer out;
        self().write_to(out);
        return self().template finished<Db>(run_one(by, std::move(out), tusk::detail::exec_sink{}, at));
    }
    template <class R, class Db>
    auto all_by(runner<Db> by, std::source_location at) const {
        check();
        self().before();
        sql_writer out;
        if constexpr (std::is_same_v<R, T>) {
            auto copy = self();
            copy.state().returning_all = true;
            copy.write_to(out);
            auto shape = std::make_shared<row_shape>();
            query_state whole{&table_of<T>};
            shape->slots = whole.slots();
            return run_one(by, std::move(out), model_sink<T>{std::move(shape)}, at);
        } else {
            self().write_to(out);
            return run_one(by, std::move(out), tusk::detail::all_sink<R>{}, at);
        }
    }
};

} // namespace detail

/// An UPDATE. `Conditioned` says whether it was said which rows are meant; without it there are no verbs.
/// Made by `on(db).update<user>()` and `on(db).update(row)`.
template <class E, class T, class Scope, bool Conditioned = false>
class update_query
    : public detail::changing_query<update_query<E, T, Scope, Conditioned>, E, T, Scope, Conditioned> {
    using base = detail::changing_query<update_query<E, T, Scope, Conditioned>, E, T, Scope, Conditioned>;
    template <class, class, class, bool>
    friend class update_query;

public:
    explicit update_query(detail::runner<E> by = {}, const T* row = nullptr, void* user_data = nullptr)
        : base{by, row, user_data} {}
    template <class OldScope, bool Old>
    explicit update_query(update_query<E, T, OldScope, Old>&& other)
        : base{other.by_, other.row_, other.user_data_} {
        this->state_ = std::move(other.state_);
    }
    decltype(auto) conditioned() {
        if constexpr (Conditioned)
            return (*this);
        else
            return update_query<E, T, Scope, true>{std::move(*this)};
    }
    /// Only these columns of the row.
    template <auto... Members>
    update_query& only() {
        (this->state_.choose(column_of<Members>), ...);
        return *this;
    }
    /// All but these columns of the row.
    template <auto... Members>
    update_query& exclude() {
        (this->state_.leave_out(column_of<Members>), ...);
        return *this;
    }
    /// Only columns of the row that are not zero or empty.
    update_query& omit_zero() {
        this->state_.omit_zero = true;
        return *this;
    }
    /// `set("visits = visits + ?", 1)`
    template <class... A>
    update_query& set(std::type_identity_t<fragment<Scope, A...>> sql, const A&... args) {
        this->state_.add(clause::set, detail::written(this->state_, sql.text(), args...));
        return *this;
    }
    template <auto Member, class V>
    update_query& set(const V& value) {
        static_assert(std::is_same_v<detail::owner_of<Member>, T>,
                      "tusk: the column belongs to another model");
        using field = detail::field_of<Member>;
        static_assert(std::is_convertible_v<const V&, field>,
                      "tusk: the value does not convert to the column's type");
        sql_writer out;
        out.value(bound_value{static_cast<field>(value)});
        this->state_.add(clause::value, std::move(out), glue::conjunction,
                         std::string{column_of<Member>.name});
        return *this;
    }
    /// An expression for a column: `value<&user::seen>("now()")`.
    template <auto Member, class... A>
    update_query& value(std::type_identity_t<fragment<Scope, A...>> sql, const A&... args) {
        this->state_.add(clause::value, detail::written(this->state_, sql.text(), args...), glue::conjunction,
                         std::string{column_of<Member>.name});
        return *this;
    }
    /// Other tables: `from("orders as o")`.
    template <class... A>
    update_query<E, T, typename Scope::template with<detail::anything>, Conditioned>
    from(std::type_identity_t<fragment<typename Scope::template with<detail::anything>, A...>> sql,
         const A&... args) {
        this->state_.add(clause::source, detail::written(this->state_, sql.text(), args...));
        return update_query<E, T, typename Scope::template with<detail::anything>, Conditioned>{
            std::move(*this)};
    }
    template <class Query>
    update_query<E, T, typename Scope::template with<detail::anything>, Conditioned>
    with(std::string_view name, const Query& q) {
        sql_writer out;
        detail::write_common_table(out, name, "", q);
        this->state_.add(clause::with, std::move(out));
        return update_query<E, T, typename Scope::template with<detail::anything>, Conditioned>{
            std::move(*this)};
    }
    void write_to(sql_writer& out) const { this->state_.write_update(out, this->row_); }

    /// For the verbs: the hooks of the row.
    void before() const {
        if constexpr (detail::has_before_update<T>) {
            hook_context about{"update", table_of<T>.name, this->user_data_};
            if (this->row_ != nullptr)
                detail::call_before_update(const_cast<T&>(*this->row_), about); // update(row) took a T&
        }
    }
    template <class Db>
    auto finished(detail::returned<Db, std::uint64_t> n) const {
        if constexpr (detail::has_after_update<T>) {
            const auto call = [row = const_cast<T*>(this->row_),
                               data = this->user_data_](std::uint64_t rows) {
                hook_context about{"update", table_of<T>.name, data};
                if (row != nullptr) detail::call_after_update(*row, about);
                return rows;
            };
            return detail::after<Db, std::uint64_t>(std::move(n), call);
        } else {
            return n;
        }
    }
};

/// A DELETE; of a model with soft delete an UPDATE that marks the rows, unless `force()` is said.
template <class E, class T, class Scope, bool Conditioned = false>
class delete_query
    : public detail::changing_query<delete_query<E, T, Scope, Conditioned>, E, T, Scope, Conditioned> {
    using base = detail::changing_query<delete_query<E, T, Scope, Conditioned>, E, T, Scope, Conditioned>;
    template <class, class, class, bool>
    friend class delete_query;

public:
    explicit delete_query(detail::runner<E> by = {}, const T* row = nullptr, void* user_data = nullptr)
        : base{by, row, user_data} {}
    template <class OldScope, bool Old>
    explicit delete_query(delete_query<E, T, OldScope, Old>&& other)
        : base{other.by_, other.row_, other.user_data_} {
        this->state_ = std::move(other.state_);
    }
    decltype(auto) conditioned() {
        if constexpr (Conditioned)
            return (*this);
        else
            return delete_query<E, T, Scope, true>{std::move(*this)};
    }
    /// Deletes for good, also rows that are marked as deleted.
    delete_query& force() {
        this->state_.really_delete = true;
        if (this->state_.deleted == deleted_rows::hidden) this->state_.deleted = deleted_rows::shown;
        return *this;
    }
    template <class... A>
    delete_query<E, T, typename Scope::template with<detail::anything>, Conditioned>
    using_tables(std::type_identity_t<fragment<typename Scope::template with<detail::anything>, A...>> sql,
                 const A&... args) {
        this->state_.add(clause::source, detail::written(this->state_, sql.text(), args...));
        return delete_query<E, T, typename Scope::template with<detail::anything>, Conditioned>{
            std::move(*this)};
    }
    void write_to(sql_writer& out) const { this->state_.write_delete(out); }

    /// For the verbs: the hooks of the model.
    void before() const {
        hook_context about{"delete", table_of<T>.name, this->user_data_};
        detail::call_before_delete<T>(about);
    }
    template <class Db>
    auto finished(detail::returned<Db, std::uint64_t> n) const {
        if constexpr (detail::has_after_delete<T>) {
            const auto call = [data = this->user_data_](std::uint64_t rows) {
                hook_context about{"delete", table_of<T>.name, data};
                detail::call_after_delete<T>(about);
                return rows;
            };
            return detail::after<Db, std::uint64_t>(std::move(n), call);
        } else {
            return n;
        }
    }
};

} // namespace tusk::orm
