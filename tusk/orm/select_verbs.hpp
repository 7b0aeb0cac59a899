#pragma once

#include <algorithm>
#include <optional>
#include <source_location>
#include <utility>
#include <vector>

#include <tusk/orm/load.hpp>

/// How a select is executed, once it is built.
namespace tusk::orm::detail {

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

/// The texts and verbs of a select; the same for all that its fragments may refer to.
template <class E, class T>
class select_verbs : public query_text<select_verbs<E, T>> {
public:
    explicit select_verbs(runner<E> by, void* user_data)
        : by_{by}, user_data_{user_data}, state_{model_or_none<T>()} {}

    query_state& state() noexcept { return state_; }
    const query_state& state() const noexcept { return state_; }

    void write_to(sql_writer& out) const { state_.write_select(out); }

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
    runner<E> bound() const {
        static_assert(!std::is_same_v<E, unbound>,
                      "tusk: the query has no connection; give it to the verb: all(db)");
        return by_;
    }
    template <class Db>
    static runner<Db> by(Db& db) {
        return {&db, {}, nullptr};
    }
    sql_writer written_select() const {
        sql_writer out;
        out.reserve_statement();
        write_to(out);
        return out;
    }
    std::shared_ptr<const row_shape> shape() const {
        if (state_.reads_whole_rows()) {
            static const std::shared_ptr<const row_shape> whole = [] {
                auto of_model = std::make_shared<row_shape>();
                of_model->slots = query_state{model_or_none<T>()}.slots();
                of_model->whole = true;
                return of_model;
            }();
            return whole;
        }
        auto out = std::allocate_shared<row_shape>(recycled<row_shape>{});
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
    auto all_by(runner<Db> by, std::source_location where) const {
        check_row<R>();
        if constexpr (reads_model<R>)
            return models_by(by, where);
        else
            return run_one(by, written_select(), tusk::detail::all_sink<R>{}, where);
    }
    /// One statement does it.
    bool is_plain() const noexcept { return !selects_with_hooks<T> && loads_.empty(); }
    template <class Db>
    returned<Db, std::vector<T>> models_by(runner<Db> by, std::source_location where) const {
        if (is_plain()) return run_one(by, written_select(), model_sink<T>{shape()}, where);
        auto sql = written_select();
        if (by.watch != nullptr) by.watch->note(sql.literal(), where);
        std::unique_ptr<steps<std::vector<T>>> work = std::make_unique<select_steps<T>>(
            std::move(sql), shape(), fresh_copies(loads_), known_, user_data_);
        return drive(*by.on, by.call, std::move(work));
    }
    template <class R, class Db>
    returned<Db, R> one_by(runner<Db> by, std::source_location where) const {
        check_row<R>();
        if constexpr (reads_model<R>) {
            if (is_plain()) return run_one(by, written_select(), model_row_sink<T, false>{shape()}, where);
            return after<Db, std::vector<T>>(models_by(by, where), &only_row<T>);
        } else
            return run_one(by, written_select(), tusk::detail::one_sink<R>{}, where);
    }
    template <class R, class Db>
    returned<Db, std::optional<R>> maybe_by(runner<Db> by, std::source_location where) const {
        check_row<R>();
        if constexpr (reads_model<R>) {
            if (is_plain()) return run_one(by, written_select(), model_row_sink<T, true>{shape()}, where);
            return after<Db, std::vector<T>>(models_by(by, where), &row_if_any<T>);
        } else
            return run_one(by, written_select(), tusk::detail::maybe_sink<R>{}, where);
    }
    template <class Db, class F>
    auto each_by(runner<Db> by, F f, std::source_location where) const {
        static_assert(!std::is_void_v<T>, "tusk: for_each() reads a model's rows");
        return run_one(by, written_select(), model_each_sink<T, F>{shape(), std::move(f)}, where);
    }
    template <class Db>
    auto stream_by(runner<Db> by, std::source_location where) const {
        static_assert(!std::is_void_v<T>, "tusk: stream() reads a model's rows");
        auto q = written_select();
        auto text = q.finished();
        if (!text) throw error{text.error()};
        if (by.watch != nullptr) by.watch->note(*text, where);
        return open_stream<Db, T>(*by.on, request_of(*by.on, by.call, *text, q.take_values()),
                                  std::make_shared<model_stream_sink<T>>(shape()));
    }
    template <class Db>
    auto count_by(runner<Db> by, std::source_location where) const {
        sql_writer out;
        state_.write_count(out);
        return run_one(by, std::move(out), tusk::detail::one_sink<std::int64_t>{}, where);
    }
    template <class Db>
    auto exists_by(runner<Db> by, std::source_location where) const {
        sql_writer out;
        state_.write_exists(out);
        return run_one(by, std::move(out), tusk::detail::one_sink<bool>{}, where);
    }
    template <class Db>
    auto page_by(runner<Db> by, std::source_location where) const {
        static_assert(!std::is_void_v<T>, "tusk: all_and_count() reads a model's rows");
        sql_writer count;
        state_.write_count(count);
        auto sql = written_select();
        if (by.watch != nullptr) by.watch->note(sql.literal(), where);
        auto rows = std::make_unique<select_steps<T>>(std::move(sql), shape(), fresh_copies(loads_), known_,
                                                      user_data_);
        std::unique_ptr<steps<std::pair<std::vector<T>, std::int64_t>>> work =
            std::make_unique<page_steps<T>>(std::move(rows), std::move(count));
        return drive(*by.on, by.call, std::move(work));
    }
    template <class Db>
    auto explain_by(runner<Db> by, bool analyze) const {
        sql_writer out;
        out.text(analyze ? "EXPLAIN (ANALYZE) " : "EXPLAIN ");
        write_to(out);
        const auto joined = [](std::vector<std::string> lines) {
            std::string text;
            for (const auto& line : lines) text += line + '\n';
            return text;
        };
        return after<Db, std::vector<std::string>>(run_one(by, std::move(out),
                                                           tusk::detail::all_sink<std::string>{},
                                                           std::source_location::current()),
                                                   joined);
    }

protected:
    runner<E> by_;
    void* user_data_ = nullptr;
    query_state state_;
    loaders<T> loads_;
    std::vector<row_shape::joined_object> joined_;
    std::shared_ptr<T> known_;
};

} // namespace tusk::orm::detail
