#pragma once

#include <concepts>
#include <memory>
#include <source_location>
#include <utility>

#include <tusk/client/batch.hpp>
#include <tusk/client/blocking.hpp>
#include <tusk/client/transaction.hpp>
#include <tusk/client/verbs.hpp>
#include <tusk/orm/repeated_queries.hpp>
#include <tusk/orm/rows.hpp>

/// How built queries get to connections, pools and transactions, of either client.
namespace tusk::orm {

/// A query that belongs to no connection yet: `orm::select<user>()` for sub-queries and texts, or to be given
/// one at the verb: `query.all(db)`.
struct unbound {};

/// What executes statements: a connection, a transaction, a pool, or a blocking twin of them.
template <class E>
concept database_handle = std::derived_from<E, tusk::executor> || std::derived_from<E, blocking::executor>;

namespace detail {

template <class E>
inline constexpr bool is_async = std::derived_from<E, tusk::executor>;
template <class E, class T>
using returned = typename E::template returns<T>;

template <class T>
asio::awaitable<T> throwing(failure f) {
    auto nothing = failed<T>(std::move(f));
    co_return std::move(nothing).value(); // throws
}

/// Who executes a query, and who looks on.
template <class E>
struct runner {
    E* on = nullptr;
    options call;
    repeated_queries* watch = nullptr;
};

template <class E>
request request_of(E& on, const options& o, std::string_view text, value_list values) {
    const auto count = values.size();
    return request::with(on.intern(text), o, bound_arguments{std::move(values)}, count);
}

/// Executes a statement; its arguments are taken before this returns.
template <class E, class Sink>
returned<E, typename Sink::value_type> run_one(const runner<E>& by, sql_writer query, Sink sink,
                                               std::source_location where) {
    using value = typename Sink::value_type;
    auto text = query.finished();
    if (text && by.watch != nullptr) by.watch->note(*text, where);
    if constexpr (is_async<E>) {
        if (!text) return throwing<value>(text.error());
        return tusk::detail::run(*by.on, request_of(*by.on, by.call, *text, query.take_values()),
                                 std::move(sink));
    } else {
        if (!text) throw error{text.error()};
        auto what = request_of(*by.on, by.call, *text, query.take_values());
        if (auto f = by.on->execute(what, sink)) throw error{std::move(f)};
        auto out = sink.take();
        if (!out) throw error{failure{out.error()}.set_sql(what.text()->text)};
        return std::move(*out);
    }
}

/// Work in several steps, each a batch; knows nothing of how the batches are run.
template <class T>
class steps {
public:
    using value_type = T;
    virtual ~steps() = default;
    /// Adds the statements of the next round trip; false when there is none left. Throws `tusk::error`.
    virtual bool next(batch& b) = 0;
    /// What came of it, once.
    virtual T take() = 0;
    /// Says more about what went wrong with the statements that `next` added.
    virtual failure explain(failure f) { return f; }
};

template <class T>
asio::awaitable<T> drive_steps(tusk::executor& on, options o, steps<T>* work) {
    for (;;) {
        batch b;
        const bool more = work->next(b);
        if (!more) break;
        auto f = co_await on.execute_batch(b, o);
        if (f) throw error{work->explain(std::move(f))};
    }
    co_return work->take();
}
template <class T>
T drive_steps(blocking::executor& on, const options& o, steps<T>* work) {
    for (;;) {
        batch b;
        if (!work->next(b)) break;
        if (auto f = on.execute_batch(b, o)) throw error{work->explain(std::move(f))};
    }
    return work->take();
}
template <class T>
asio::awaitable<T> drive(tusk::executor& on, options o, std::unique_ptr<steps<T>> work) {
    co_return co_await drive_steps(on, std::move(o), work.get());
}
template <class T>
T drive(blocking::executor& on, const options& o, const std::unique_ptr<steps<T>>& work) {
    return drive_steps(on, o, work.get());
}

template <class E, class T>
asio::awaitable<T> drive_together_async(E& on, options o, std::unique_ptr<steps<T>> work) {
    auto body = [&o, todo = work.get()](tusk::transaction& tx) { return drive_steps(tx, o, todo); };
    co_return co_await on.transact(body);
}
/// All steps in one transaction; a savepoint, inside of one.
template <class E, class T>
returned<E, T> drive_together(E& on, options o, std::unique_ptr<steps<T>> work) {
    if constexpr (is_async<E>) {
        return drive_together_async(on, std::move(o), std::move(work));
    } else {
        auto tx = on.begin();
        auto out = drive_steps(tx, o, work.get());
        tx.commit();
        return out;
    }
}

/// Adds a built statement to a batch. Throws what was wrong while it was built.
template <class Sink>
auto add_to(batch& b, sql_writer query, Sink sink) {
    auto text = query.finished();
    if (!text) throw error{text.error()};
    return b.add_deferred(*text, std::move(sink), std::make_unique<bound_arguments>(query.take_values()));
}

/// `f(value)` when the value is there, now or later.
template <class T, class F>
asio::awaitable<std::invoke_result_t<F&, T>> then(asio::awaitable<T> first, F f) {
    auto value = co_await std::move(first);
    co_return f(std::move(value));
}

template <class T>
T only_row(std::vector<T> rows) {
    if (rows.empty()) throw error{errc::not_found, "one row was expected, the statement returned none"};
    if (rows.size() > 1)
        throw error{errc::too_many_rows,
                    "one row was expected, the statement returned " + std::to_string(rows.size())};
    return std::move(rows.front());
}
template <class T>
std::optional<T> row_if_any(std::vector<T> rows) {
    if (rows.empty()) return std::nullopt;
    return only_row(std::move(rows));
}

template <class E, class T, class F>
auto after(returned<E, T> value, F f) {
    if constexpr (is_async<E>)
        return then(std::move(value), std::move(f));
    else
        return f(std::move(value));
}

} // namespace detail

/// Rows of a model, one at a time. Only the connection's owner goes on when it is finished or destroyed.
template <class E, class T>
class model_stream {
    using source =
        std::conditional_t<detail::is_async<E>, tusk::detail::stream_source, blocking::detail::stream_source>;

public:
    model_stream(std::unique_ptr<source> from, std::shared_ptr<detail::model_stream_sink<T>> sink)
        : source_{std::move(from)}, sink_{std::move(sink)} {}

    /// The next row, or nothing after the last. Throws `tusk::error`.
    detail::returned<E, std::optional<T>> next() {
        if constexpr (detail::is_async<E>)
            return next_async();
        else
            return next_blocking();
    }

private:
    std::optional<T> taken(failure f, bool more) {
        if (!more) source_.reset();
        if (f) throw error{std::move(f)};
        if (!more) return std::nullopt;
        return std::move(sink_->row);
    }
    asio::awaitable<std::optional<T>> next_async() {
        if (!source_) co_return std::nullopt;
        sink_->row.reset();
        bool more = source_->advance_now();
        failure f;
        if (!more) f = co_await source_->advance(more);
        co_return taken(std::move(f), more);
    }
    std::optional<T> next_blocking() {
        if (!source_) return std::nullopt;
        sink_->row.reset();
        bool more = false;
        auto f = source_->advance(more);
        return taken(std::move(f), more);
    }
    std::unique_ptr<source> source_;
    std::shared_ptr<detail::model_stream_sink<T>> sink_;
};

namespace detail {

template <class E, class T>
asio::awaitable<model_stream<E, T>> open_stream(tusk::executor& on, request what,
                                                std::shared_ptr<model_stream_sink<T>> sink) {
    auto from = co_await on.open_stream(std::move(what), sink, [s = sink.get()] { s->abandoned = true; });
    if (!from) throw error{from.error()};
    co_return model_stream<E, T>{std::move(*from), std::move(sink)};
}
template <class E, class T>
model_stream<E, T> open_stream(blocking::executor& on, request what,
                               std::shared_ptr<model_stream_sink<T>> sink) {
    auto from = on.open_stream(std::move(what), sink, [s = sink.get()] { s->abandoned = true; });
    return model_stream<E, T>{std::move(from.value()), std::move(sink)};
}

} // namespace detail

} // namespace tusk::orm
