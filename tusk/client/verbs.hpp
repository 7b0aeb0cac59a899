#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <tusk/client/copy_verbs.hpp>
#include <tusk/client/executor.hpp>
#include <tusk/client/make_request.hpp>
#include <tusk/client/notification.hpp>
#include <tusk/client/result_set.hpp>
#include <tusk/client/statement_verbs.hpp>
#include <tusk/client/stream.hpp>

namespace tusk {

namespace detail {

template <class Sink>
asio::awaitable<result<typename Sink::value_type>> try_run(executor& on, request what, Sink sink) {
    using value = typename Sink::value_type;
    auto f = co_await on.execute(what, sink);
    if (f) co_return failed<value>(std::move(f));
    auto out = sink.take();
    if (!out) co_return failed<value>(std::move(failure{out.error()}.set_sql(what.text()->text)));
    co_return std::move(out);
}

template <class Sink>
asio::awaitable<typename Sink::value_type> run(executor& on, request what, Sink sink) {
    auto f = co_await on.execute(what, sink);
    if (f) throw error{std::move(f)};
    auto out = sink.take();
    if (!out) throw error{failure{out.error()}.set_sql(what.text()->text)};
    co_return std::move(*out);
}

inline asio::awaitable<void> or_throw(asio::awaitable<failure> work) {
    auto f = co_await std::move(work);
    if (f) throw error{std::move(f)};
}

inline asio::awaitable<failure> ready(failure f) { co_return f; }

inline asio::awaitable<failure> outcome_of(asio::awaitable<result<std::uint64_t>> work) {
    auto r = co_await std::move(work);
    co_return r ? failure{} : r.error();
}

template <class T>
asio::awaitable<row_stream<T>> open_stream(executor& on, request what) {
    auto sink = std::make_shared<stream_sink<T>>();
    auto source = co_await on.open_stream(std::move(what), sink, [s = sink.get()] { s->abandoned = true; });
    if (!source) throw error{source.error()};
    co_return row_stream<T>{std::move(*source), std::move(sink)};
}

inline asio::awaitable<result<std::uint64_t>> try_run_copy(executor& on, std::unique_ptr<copy_job> job) {
    auto f = co_await on.copy(*job);
    job->rethrow();
    if (f) co_return failed<std::uint64_t>(std::move(f));
    co_return job->rows();
}

inline asio::awaitable<std::uint64_t> run_copy(executor& on, std::unique_ptr<copy_job> job) {
    auto f = co_await on.copy(*job);
    job->rethrow();
    if (f) throw error{std::move(f)};
    co_return job->rows();
}

} // namespace detail

/// The vocabulary that connection, transaction and pool share. `$1`, `$2`, … stand for the arguments, or
/// `{name}` for `named("name", value)`; they travel apart from the text, always. Every verb throws
/// `tusk::error`; its `try_…` twin returns a `result`. The arguments are encoded or copied before the call
/// returns its awaitable, so nothing has to outlive the call itself.
class verbs : public detail::statement_verbs<verbs, detail::copy_verbs<executor>> {
    using typed = detail::statement_verbs<verbs, detail::copy_verbs<executor>>;

public:
    /// The same for `sql<…>` statements, which bring the row type with them.
    using typed::all;
    using typed::exec;
    using typed::for_each;
    using typed::maybe;
    using typed::one;
    using typed::stream;
    using typed::try_all;
    using typed::try_exec;
    using typed::try_maybe;
    using typed::try_one;

    /// Executes a statement and returns the number of affected (or returned) rows.
    template <class... A>
    asio::awaitable<std::uint64_t> exec(std::string_view sql, const A&... args) {
        return exec(options{}, sql, args...);
    }
    template <class... A>
    asio::awaitable<std::uint64_t> exec(const options& o, std::string_view sql, const A&... args) {
        return detail::run(*this, detail::make_request(*this, o, sql, args...), detail::exec_sink{});
    }

    /// Exactly one row. Errors: `errc::not_found`, `errc::too_many_rows`.
    template <class T, class... A>
    asio::awaitable<T> one(std::string_view sql, const A&... args) {
        return one<T>(options{}, sql, args...);
    }
    template <class T, class... A>
    asio::awaitable<T> one(const options& o, std::string_view sql, const A&... args) {
        return detail::run(*this, detail::make_request(*this, o, sql, args...), detail::one_sink<T>{});
    }

    /// One row or none. Errors: `errc::too_many_rows`.
    template <class T, class... A>
    asio::awaitable<std::optional<T>> maybe(std::string_view sql, const A&... args) {
        return maybe<T>(options{}, sql, args...);
    }
    template <class T, class... A>
    asio::awaitable<std::optional<T>> maybe(const options& o, std::string_view sql, const A&... args) {
        return detail::run(*this, detail::make_request(*this, o, sql, args...), detail::maybe_sink<T>{});
    }

    /// All rows.
    template <class T, class... A>
    asio::awaitable<std::vector<T>> all(std::string_view sql, const A&... args) {
        return all<T>(options{}, sql, args...);
    }
    template <class T, class... A>
    asio::awaitable<std::vector<T>> all(const options& o, std::string_view sql, const A&... args) {
        return detail::run(*this, detail::make_request(*this, o, sql, args...), detail::all_sink<T>{});
    }

    /// Calls `f(row)` with each row and returns their number. The row object is reused: `std::string_view`
    /// members are views into the receive buffer, valid during the call. An exception from `f` comes out when
    /// the rest is read.
    template <class T, class F, class... A>
    asio::awaitable<std::uint64_t> for_each(F f, std::string_view sql, const A&... args) {
        return for_each<T>(options{}, std::move(f), sql, args...);
    }
    template <class T, class F, class... A>
    asio::awaitable<std::uint64_t> for_each(const options& o, F f, std::string_view sql, const A&... args) {
        return detail::run(*this, detail::make_request(*this, o, sql, args...),
                           detail::each_sink<T, F>{std::move(f)});
    }

    /// All that a statement returns, for when its columns are not known when the program is compiled.
    template <class... A>
    asio::awaitable<result_set> query(std::string_view sql, const A&... args) {
        return query(options{}, sql, args...);
    }
    template <class... A>
    asio::awaitable<result_set> query(const options& o, std::string_view sql, const A&... args) {
        return detail::run(*this, detail::make_request(*this, o, sql, args...), detail::result_set_sink{});
    }
    /// What each statement of a text of several returns, in one round trip by the simple protocol, and in one
    /// transaction unless the text says otherwise.
    asio::awaitable<std::vector<result_set>> results(std::string_view sql, options o = {}) {
        o.mode(protocol::exec_mode::simple_protocol);
        return detail::run(*this, request{intern(sql), o}, detail::result_sets_sink{});
    }

    /// Rows one at a time, with back-pressure.
    template <class T, class... A>
    asio::awaitable<row_stream<T>> stream(std::string_view sql, const A&... args) {
        return stream<T>(options{}, sql, args...);
    }
    template <class T, class... A>
    asio::awaitable<row_stream<T>> stream(const options& o, std::string_view sql, const A&... args) {
        return detail::open_stream<T>(*this, detail::make_request(*this, o, sql, args...));
    }

    /// Sends a notification; in a transaction it goes out with the commit. Errors: `errc::invalid_argument`
    /// for a payload of more than 7,999 bytes and for a channel without a name or with one of more than 63.
    asio::awaitable<void> notify(std::string_view channel, std::string_view payload = {},
                                 const options& o = {}) {
        return detail::or_throw(try_notify(channel, payload, o));
    }
    asio::awaitable<failure> try_notify(std::string_view channel, std::string_view payload = {},
                                        const options& o = {}) {
        if (auto f = detail::check_notification(channel, payload)) return detail::ready(std::move(f));
        return detail::outcome_of(detail::try_run(
            *this, request{intern(detail::notify_sql), o, channel, payload}, detail::exec_sink{}));
    }

    /// Runs a batch; throws the first error, which names its statement. The batch must live until then.
    asio::awaitable<void> run(batch& b, const options& o = {}) {
        return detail::or_throw(execute_batch(b, o));
    }
    asio::awaitable<failure> try_run(batch& b, const options& o = {}) { return execute_batch(b, o); }

    template <class... A>
    asio::awaitable<result<std::uint64_t>> try_exec(std::string_view sql, const A&... args) {
        return try_exec(options{}, sql, args...);
    }
    template <class... A>
    asio::awaitable<result<std::uint64_t>> try_exec(const options& o, std::string_view sql,
                                                    const A&... args) {
        return detail::try_run(*this, detail::make_request(*this, o, sql, args...), detail::exec_sink{});
    }
    template <class T, class... A>
    asio::awaitable<result<T>> try_one(std::string_view sql, const A&... args) {
        return try_one<T>(options{}, sql, args...);
    }
    template <class T, class... A>
    asio::awaitable<result<T>> try_one(const options& o, std::string_view sql, const A&... args) {
        return detail::try_run(*this, detail::make_request(*this, o, sql, args...), detail::one_sink<T>{});
    }
    template <class T, class... A>
    asio::awaitable<result<std::optional<T>>> try_maybe(std::string_view sql, const A&... args) {
        return try_maybe<T>(options{}, sql, args...);
    }
    template <class T, class... A>
    asio::awaitable<result<std::optional<T>>> try_maybe(const options& o, std::string_view sql,
                                                        const A&... args) {
        return detail::try_run(*this, detail::make_request(*this, o, sql, args...), detail::maybe_sink<T>{});
    }
    template <class T, class... A>
    asio::awaitable<result<std::vector<T>>> try_all(std::string_view sql, const A&... args) {
        return try_all<T>(options{}, sql, args...);
    }
    template <class T, class... A>
    asio::awaitable<result<std::vector<T>>> try_all(const options& o, std::string_view sql,
                                                    const A&... args) {
        return detail::try_run(*this, detail::make_request(*this, o, sql, args...), detail::all_sink<T>{});
    }
    template <class T, class F, class... A>
    asio::awaitable<result<std::uint64_t>> try_for_each(F f, std::string_view sql, const A&... args) {
        return try_for_each<T>(options{}, std::move(f), sql, args...);
    }
    template <class T, class F, class... A>
    asio::awaitable<result<std::uint64_t>> try_for_each(const options& o, F f, std::string_view sql,
                                                        const A&... args) {
        return detail::try_run(*this, detail::make_request(*this, o, sql, args...),
                               detail::each_sink<T, F>{std::move(f)});
    }
    template <class... A>
    asio::awaitable<result<result_set>> try_query(std::string_view sql, const A&... args) {
        return try_query(options{}, sql, args...);
    }
    template <class... A>
    asio::awaitable<result<result_set>> try_query(const options& o, std::string_view sql, const A&... args) {
        return detail::try_run(*this, detail::make_request(*this, o, sql, args...),
                               detail::result_set_sink{});
    }
    asio::awaitable<result<std::vector<result_set>>> try_results(std::string_view sql, options o = {}) {
        o.mode(protocol::exec_mode::simple_protocol);
        return detail::try_run(*this, request{intern(sql), o}, detail::result_sets_sink{});
    }

protected:
    verbs() = default;
    ~verbs() override = default;
    verbs(const verbs&) = default;
    verbs(verbs&&) = default;
    verbs& operator=(const verbs&) = default;
    verbs& operator=(verbs&&) = default;
};

} // namespace tusk
