#pragma once

#include <source_location>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tusk/orm/run.hpp>
#include <tusk/orm/values.hpp>

namespace tusk::orm {

namespace detail {

/// What a MERGE says, without its types.
struct merge_settings {
    query_state state;
    sql_writer source;
    sql_writer on;
    std::vector<sql_writer> branches;
};
void write_merge(sql_writer& out, const merge_settings& s);
/// ` AND (condition)`, or nothing for an empty one.
sql_writer merge_branch_start(std::string_view when, sql_writer condition);

} // namespace detail

/// A MERGE (PostgreSQL 15 and later): rows of a source meet those of a model's table.
///
///     db.merge<account>().with("_data", orm::values(rows)).using_source("_data").on("account.id = _data.id")
///         .when_matched("_data.balance = 0").erase()
///         .when_matched().update("balance = _data.balance")
///         .when_not_matched().insert<&account::id, &account::balance>("_data.id, _data.balance")
///         .exec();
///
/// It sees rows that are marked as deleted; `returning` needs PostgreSQL 17.
template <class E, class T>
class merge_query : public query_text<merge_query<E, T>> {
    using scope = detail::scope<detail::in_scope<T>, detail::anything>;

public:
    /// What happens to rows; each answers with the query.
    class branch {
    public:
        branch(merge_query& of, sql_writer start) : of_{of}, sql_{std::move(start)} {}
        template <class... A>
        merge_query& update(std::type_identity_t<fragment<scope, A...>> set, const A&... args) {
            sql_.text("UPDATE SET ");
            sql_.append(detail::written(of_.s_.state, set.text(), args...));
            return done();
        }
        merge_query& erase() {
            sql_.text("DELETE");
            return done();
        }
        merge_query& do_nothing() {
            sql_.text("DO NOTHING");
            return done();
        }
        /// `insert<&account::id>("_data.id")`: an expression for each of these columns.
        template <auto... Members, class... A>
        merge_query& insert(std::type_identity_t<fragment<scope, A...>> values, const A&... args) {
            static_assert(sizeof...(Members) > 0, "tusk: insert() names the columns");
            sql_.text("INSERT (");
            bool first = true;
            ((sql_.text(first ? "" : ", "), first = false, sql_.quoted(column_of<Members>.name)), ...);
            sql_.text(") VALUES (");
            sql_.append(detail::written(of_.s_.state, values.text(), args...));
            sql_.text(")");
            return done();
        }

    private:
        merge_query& done() {
            of_.s_.branches.push_back(std::move(sql_));
            return of_;
        }
        merge_query& of_;
        sql_writer sql_;
    };

    explicit merge_query(detail::runner<E> by = {}) : by_{by} { s_.state.model = &table_of<T>; }

    template <class Query>
    merge_query& with(std::string_view name, const Query& q) {
        sql_writer out;
        detail::write_common_table(out, name, "", q);
        s_.state.add(clause::with, std::move(out));
        return *this;
    }
    /// A table, a common table expression, or `using_source("(?) as d", query)`.
    template <class... A>
    merge_query& using_source(std::type_identity_t<fragment<scope, A...>> sql, const A&... args) {
        s_.source = detail::written(s_.state, sql.text(), args...);
        return *this;
    }
    template <class... A>
    merge_query& on(std::type_identity_t<fragment<scope, A...>> sql, const A&... args) {
        s_.on = detail::written(s_.state, sql.text(), args...);
        return *this;
    }
    branch when_matched() { return {*this, detail::merge_branch_start("MATCHED", {})}; }
    template <class... A>
    branch when_matched(std::type_identity_t<fragment<scope, A...>> condition, const A&... args) {
        return {*this,
                detail::merge_branch_start("MATCHED", detail::written(s_.state, condition.text(), args...))};
    }
    branch when_not_matched() { return {*this, detail::merge_branch_start("NOT MATCHED", {})}; }
    template <class... A>
    branch when_not_matched(std::type_identity_t<fragment<scope, A...>> condition, const A&... args) {
        return {*this, detail::merge_branch_start("NOT MATCHED",
                                                  detail::written(s_.state, condition.text(), args...))};
    }
    template <class... A>
    merge_query& returning(std::type_identity_t<fragment<scope, A...>> sql, const A&... args) {
        s_.state.add(clause::returning, detail::written(s_.state, sql.text(), args...));
        return *this;
    }
    void write_to(sql_writer& out) const { detail::write_merge(out, s_); }

    /// Executes it and returns the number of rows that it changed.
    template <database_handle Db>
    auto exec(Db& db, std::source_location where = std::source_location::current()) const {
        return run(detail::runner<Db>{&db, {}, nullptr}, tusk::detail::exec_sink{}, where);
    }
    auto exec(std::source_location where = std::source_location::current()) const {
        static_assert(!std::is_same_v<E, unbound>,
                      "tusk: the query has no connection; give it to the verb: exec(db)");
        return run(by_, tusk::detail::exec_sink{}, where);
    }
    /// What RETURNING brings.
    template <class R>
    auto all(std::source_location where = std::source_location::current()) const {
        return run(by_, tusk::detail::all_sink<R>{}, where);
    }

private:
    template <class Db, class Sink>
    auto run(const detail::runner<Db>& by, Sink sink, std::source_location where) const {
        sql_writer out;
        write_to(out);
        return detail::run_one(by, std::move(out), std::move(sink), where);
    }
    detail::runner<E> by_;
    detail::merge_settings s_;
};

template <model T>
merge_query<unbound, T> merge() {
    return merge_query<unbound, T>{};
}

} // namespace tusk::orm
