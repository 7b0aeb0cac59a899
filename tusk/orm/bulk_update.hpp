#pragma once

#include <memory>
#include <source_location>
#include <string>
#include <utility>
#include <vector>

#include <tusk/orm/hooks.hpp>
#include <tusk/orm/run.hpp>
#include <tusk/orm/values.hpp>

/// Many rows of a model, each with its own values, updated at once.
namespace tusk::orm {

namespace detail {

/// What a bulk update says, without its types.
struct bulk_update_settings {
    query_state state;
    std::vector<void*> rows;
    bool by_values = false; ///< VALUES in place of one array for each column.
};
/// One statement by arrays; by values as many as the protocol's limit of arguments needs.
std::vector<sql_writer> write_bulk_update(const bulk_update_settings& s);

/// Statements for one round trip and one transaction, of which only the number of rows counts.
class exec_steps : public steps<std::uint64_t> {
public:
    explicit exec_steps(std::vector<sql_writer> statements) : statements_{std::move(statements)} {}
    bool next(batch& b) override;
    std::uint64_t take() override;

private:
    std::vector<sql_writer> statements_;
    std::vector<batch_result<std::uint64_t>> answers_;
    bool asked_ = false;
};

/// With the model's hooks.
template <class T>
class hooked_update_steps final : public exec_steps {
public:
    hooked_update_steps(std::vector<sql_writer> statements, std::vector<void*> rows, void* user_data)
        : exec_steps{std::move(statements)}, rows_{std::move(rows)},
          about_{"update", table_of<T>.name, user_data} {}
    std::uint64_t take() override {
        const auto n = exec_steps::take();
        for (void* row : rows_) call_after_update(*static_cast<T*>(row), about_);
        return n;
    }

private:
    std::vector<void*> rows_;
    hook_context about_;
};

} // namespace detail

/// `UPDATE … FROM unnest(…)`: each row by its primary key, with its own values. Made by
/// `on(db).update_all(rows)`. The rows have to live until the verb is over. Two rows with the same key are
/// `errc::invalid_argument`. In fragments the new values are `"_data"`.
template <class E, class T>
class bulk_update_query : public query_text<bulk_update_query<E, T>> {
    using scope = detail::scope<detail::in_scope<T>, detail::anything>;

public:
    explicit bulk_update_query(detail::runner<E> by, std::vector<void*> rows, void* user_data = nullptr)
        : by_{by}, user_data_{user_data} {
        s_.state.model = &table_of<T>;
        s_.rows = std::move(rows);
    }
    /// Only these columns.
    template <auto... Members>
    bulk_update_query& only() {
        (s_.state.choose(column_of<Members>), ...);
        return *this;
    }
    template <auto... Members>
    bulk_update_query& exclude() {
        (s_.state.leave_out(column_of<Members>), ...);
        return *this;
    }
    /// `set("version = u.version + 1")`, besides the columns of the rows.
    template <class... A>
    bulk_update_query& set(std::type_identity_t<fragment<scope, A...>> sql, const A&... args) {
        s_.state.add(clause::set, detail::written(s_.state, sql.text(), args...));
        return *this;
    }
    /// An expression in place of the rows' values.
    template <auto Member, class... A>
    bulk_update_query& value(std::type_identity_t<fragment<scope, A...>> sql, const A&... args) {
        s_.state.add(clause::value, detail::written(s_.state, sql.text(), args...), glue::conjunction,
                     std::string{column_of<Member>.name});
        return *this;
    }
    /// One more condition.
    template <class... A>
    bulk_update_query& where(std::type_identity_t<fragment<scope, A...>> sql, const A&... args) {
        s_.state.add(clause::where, detail::written(s_.state, sql.text(), args...));
        return *this;
    }
    /// Deleted rows as well.
    bulk_update_query& with_deleted() {
        s_.state.deleted = deleted_rows::shown;
        return *this;
    }
    /// A common table expression of VALUES, as Bun writes it.
    bulk_update_query& by_values() {
        s_.by_values = true;
        return *this;
    }
    void write_to(sql_writer& out) const {
        const auto all = detail::write_bulk_update(s_);
        if (!all.empty()) out.append(all.front());
    }

    /// Updates, and returns the number of rows that were there. No row: nothing is sent.
    template <database_handle Db>
    auto exec(Db& db, std::source_location where = std::source_location::current()) const {
        return exec_by(detail::runner<Db>{&db, {}, nullptr}, where);
    }
    auto exec(std::source_location where = std::source_location::current()) const {
        static_assert(!std::is_same_v<E, unbound>,
                      "tusk: the query has no connection; give it to the verb: exec(db)");
        return exec_by(by_, where);
    }

private:
    template <class Db>
    auto exec_by(detail::runner<Db> by, std::source_location where) const {
        hook_context about{"update", table_of<T>.name, user_data_};
        for (void* row : s_.rows) detail::call_before_update(*static_cast<T*>(row), about);
        auto statements = detail::write_bulk_update(s_);
        if (by.watch != nullptr && !statements.empty()) by.watch->note(statements.front().literal(), where);
        std::unique_ptr<detail::steps<std::uint64_t>> work =
            std::make_unique<detail::hooked_update_steps<T>>(std::move(statements), s_.rows, user_data_);
        return detail::drive(*by.on, by.call, std::move(work));
    }
    detail::runner<E> by_;
    void* user_data_ = nullptr;
    detail::bulk_update_settings s_;
};

} // namespace tusk::orm
