#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <tusk/client/copy_verbs.hpp>
#include <tusk/client/make_request.hpp>
#include <tusk/client/notification.hpp>
#include <tusk/client/request.hpp>
#include <tusk/client/result_set.hpp>
#include <tusk/client/settings.hpp>
#include <tusk/client/sinks.hpp>
#include <tusk/client/statement_verbs.hpp>
#include <tusk/client/tx_options.hpp>
#include <tusk/net/conninfo.hpp>

/// The blocking twin: the same verbs, no Asio. Calls block the thread until the answer is there or the
/// deadline has passed; one thread at a time uses a connection.
namespace tusk {
class batch;

namespace net {
class connect_target;
}
} // namespace tusk

namespace tusk::blocking {

class connection;
class transaction;

namespace detail {

class stream_source {
public:
    virtual ~stream_source() = default;
    /// Runs on until the sink has a row (`more`) or the statement is over.
    virtual failure advance(bool& more) = 0;
};

/// `On` has `begin(tx_options)`.
template <class On, class F>
auto transact(On& on, F f, const tx_options& o) -> std::invoke_result_t<F&, transaction&>;
void back_off(unsigned attempt);

} // namespace detail

/// What the verbs need of whatever executes them.
class executor {
public:
    /// What the verbs return.
    template <class T>
    using returns = T;

    executor() = default;
    virtual ~executor() = default;
    virtual failure execute(request& what, client_sink& sink) = 0;
    /// Runs all statements of a batch; the results are with those who added them.
    virtual failure execute_batch(batch& b, const options& o) = 0;
    virtual result<std::unique_ptr<detail::stream_source>>
    open_stream(request what, std::shared_ptr<client_sink> sink, std::function<void()> abandon) = 0;
    virtual failure copy(tusk::detail::copy_job& job) = 0;
    /// The statement of a text, with its description when one is known.
    virtual protocol::known_statement intern(std::string_view sql) = 0;

protected:
    executor(const executor&) = default;
    executor(executor&&) = default;
    executor& operator=(const executor&) = default;
    executor& operator=(executor&&) = default;
};

inline result<std::uint64_t> try_run_copy(executor& on, const std::unique_ptr<tusk::detail::copy_job>& job) {
    auto f = on.copy(*job);
    job->rethrow();
    if (f) return failed<std::uint64_t>(std::move(f));
    return job->rows();
}

inline std::uint64_t run_copy(executor& on, const std::unique_ptr<tusk::detail::copy_job>& job) {
    return try_run_copy(on, job).value();
}

/// See `tusk::row_stream`.
template <class T>
class row_stream {
public:
    row_stream(std::unique_ptr<detail::stream_source> source,
               std::shared_ptr<tusk::detail::stream_sink<T>> sink)
        : source_{std::move(source)}, sink_{std::move(sink)} {}

    /// The next row, or nothing after the last. Throws `tusk::error`.
    std::optional<T> next() {
        if (!source_) return std::nullopt;
        sink_->row.reset();
        bool more = false;
        auto f = source_->advance(more);
        if (!more) source_.reset();
        if (f) throw error{std::move(f)};
        if (!more) return std::nullopt;
        return std::move(sink_->row);
    }

private:
    std::unique_ptr<detail::stream_source> source_;
    std::shared_ptr<tusk::detail::stream_sink<T>> sink_;
};

/// See `tusk::verbs`: the same names, the same meaning.
class verbs : public tusk::detail::statement_verbs<verbs, tusk::detail::copy_verbs<executor>> {
    using typed = tusk::detail::statement_verbs<verbs, tusk::detail::copy_verbs<executor>>;

public:
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

    template <class... A>
    std::uint64_t exec(std::string_view sql, const A&... args) {
        return exec(options{}, sql, args...);
    }
    template <class... A>
    std::uint64_t exec(const options& o, std::string_view sql, const A&... args) {
        return run(tusk::detail::make_request(*this, o, sql, args...), tusk::detail::exec_sink{}).value();
    }
    template <class T, class... A>
    T one(std::string_view sql, const A&... args) {
        return one<T>(options{}, sql, args...);
    }
    template <class T, class... A>
    T one(const options& o, std::string_view sql, const A&... args) {
        return run(tusk::detail::make_request(*this, o, sql, args...), tusk::detail::one_sink<T>{}).value();
    }
    template <class T, class... A>
    std::optional<T> maybe(std::string_view sql, const A&... args) {
        return maybe<T>(options{}, sql, args...);
    }
    template <class T, class... A>
    std::optional<T> maybe(const options& o, std::string_view sql, const A&... args) {
        return run(tusk::detail::make_request(*this, o, sql, args...), tusk::detail::maybe_sink<T>{}).value();
    }
    template <class T, class... A>
    std::vector<T> all(std::string_view sql, const A&... args) {
        return all<T>(options{}, sql, args...);
    }
    template <class T, class... A>
    std::vector<T> all(const options& o, std::string_view sql, const A&... args) {
        return run(tusk::detail::make_request(*this, o, sql, args...), tusk::detail::all_sink<T>{}).value();
    }
    template <class T, class F, class... A>
    std::uint64_t for_each(F f, std::string_view sql, const A&... args) {
        return for_each<T>(options{}, std::move(f), sql, args...);
    }
    template <class T, class F, class... A>
    std::uint64_t for_each(const options& o, F f, std::string_view sql, const A&... args) {
        return run(tusk::detail::make_request(*this, o, sql, args...),
                   tusk::detail::each_sink<T, F>{std::move(f)})
            .value();
    }
    template <class... A>
    result_set query(std::string_view sql, const A&... args) {
        return query(options{}, sql, args...);
    }
    template <class... A>
    result_set query(const options& o, std::string_view sql, const A&... args) {
        return run(tusk::detail::make_request(*this, o, sql, args...), tusk::detail::result_set_sink{})
            .value();
    }
    std::vector<result_set> results(std::string_view sql, options o = {}) {
        o.mode(protocol::exec_mode::simple_protocol);
        return run(request{intern(sql), o}, tusk::detail::result_sets_sink{}).value();
    }
    template <class T, class... A>
    row_stream<T> stream(std::string_view sql, const A&... args) {
        return stream<T>(options{}, sql, args...);
    }
    template <class T, class... A>
    row_stream<T> stream(const options& o, std::string_view sql, const A&... args) {
        auto sink = std::make_shared<tusk::detail::stream_sink<T>>();
        auto source = open_stream(tusk::detail::make_request(*this, o, sql, args...), sink,
                                  [s = sink.get()] { s->abandoned = true; });
        return row_stream<T>{std::move(source.value()), std::move(sink)};
    }

    /// See `tusk::verbs::notify`.
    void notify(std::string_view channel, std::string_view payload = {}, const options& o = {}) {
        static_cast<void>(try_notify(channel, payload, o).value());
    }
    result<void> try_notify(std::string_view channel, std::string_view payload = {}, const options& o = {}) {
        if (auto f = tusk::detail::check_notification(channel, payload)) return failed<void>(std::move(f));
        auto sent = try_exec(o, tusk::detail::notify_sql, channel, payload);
        return sent ? result<void>{} : failed<void>(sent.error());
    }

    /// Runs a batch; throws the first error, which names its statement.
    void run(batch& b, const options& o = {}) {
        if (auto f = execute_batch(b, o)) throw error{std::move(f)};
    }
    failure try_run(batch& b, const options& o = {}) { return execute_batch(b, o); }

    template <class... A>
    result<std::uint64_t> try_exec(std::string_view sql, const A&... args) {
        return try_exec(options{}, sql, args...);
    }
    template <class... A>
    result<std::uint64_t> try_exec(const options& o, std::string_view sql, const A&... args) {
        return run(tusk::detail::make_request(*this, o, sql, args...), tusk::detail::exec_sink{});
    }
    template <class T, class... A>
    result<T> try_one(std::string_view sql, const A&... args) {
        return try_one<T>(options{}, sql, args...);
    }
    template <class T, class... A>
    result<T> try_one(const options& o, std::string_view sql, const A&... args) {
        return run(tusk::detail::make_request(*this, o, sql, args...), tusk::detail::one_sink<T>{});
    }
    template <class T, class... A>
    result<std::optional<T>> try_maybe(std::string_view sql, const A&... args) {
        return try_maybe<T>(options{}, sql, args...);
    }
    template <class T, class... A>
    result<std::optional<T>> try_maybe(const options& o, std::string_view sql, const A&... args) {
        return run(tusk::detail::make_request(*this, o, sql, args...), tusk::detail::maybe_sink<T>{});
    }
    template <class T, class... A>
    result<std::vector<T>> try_all(std::string_view sql, const A&... args) {
        return try_all<T>(options{}, sql, args...);
    }
    template <class T, class... A>
    result<std::vector<T>> try_all(const options& o, std::string_view sql, const A&... args) {
        return run(tusk::detail::make_request(*this, o, sql, args...), tusk::detail::all_sink<T>{});
    }
    template <class T, class F, class... A>
    result<std::uint64_t> try_for_each(F f, std::string_view sql, const A&... args) {
        return try_for_each<T>(options{}, std::move(f), sql, args...);
    }
    template <class T, class F, class... A>
    result<std::uint64_t> try_for_each(const options& o, F f, std::string_view sql, const A&... args) {
        return run(tusk::detail::make_request(*this, o, sql, args...),
                   tusk::detail::each_sink<T, F>{std::move(f)});
    }
    template <class... A>
    result<result_set> try_query(std::string_view sql, const A&... args) {
        return try_query(options{}, sql, args...);
    }
    template <class... A>
    result<result_set> try_query(const options& o, std::string_view sql, const A&... args) {
        return run(tusk::detail::make_request(*this, o, sql, args...), tusk::detail::result_set_sink{});
    }
    result<std::vector<result_set>> try_results(std::string_view sql, options o = {}) {
        o.mode(protocol::exec_mode::simple_protocol);
        return run(request{intern(sql), o}, tusk::detail::result_sets_sink{});
    }

protected:
    verbs() = default;
    ~verbs() override = default;
    verbs(const verbs&) = default;
    verbs(verbs&&) = default;
    verbs& operator=(const verbs&) = default;
    verbs& operator=(verbs&&) = default;

private:
    template <class Sink>
    result<typename Sink::value_type> run(request what, Sink sink) {
        using value = typename Sink::value_type;
        if (auto f = execute(what, sink)) return failed<value>(std::move(f));
        auto out = sink.take();
        if (!out) return failed<value>(std::move(failure{out.error()}.set_sql(what.text()->text)));
        return out;
    }
};

/// See `tusk::connection`.
class connection final : public verbs {
public:
    class core; ///< Private to the part.

    /// Connects by a connection string. Throws `tusk::error`.
    static connection open(std::string_view conninfo, connection_settings settings = {});
    static connection open(connect_config config, connection_settings settings = {});
    static result<connection> try_open(connect_config config, connection_settings settings, deadline until);
    /// The same for a target whose certificates are already loaded.
    static result<connection> try_open(std::shared_ptr<const net::connect_target> target,
                                       connection_settings settings, deadline until);

    connection(connection&&) noexcept;
    connection& operator=(connection&&) noexcept;
    ~connection() override;

    failure execute(request& what, client_sink& sink) override;
    failure execute_batch(batch& b, const options& o) override;
    result<std::unique_ptr<detail::stream_source>>
    open_stream(request what, std::shared_ptr<client_sink> sink, std::function<void()> abandon) override;
    failure copy(tusk::detail::copy_job& job) override;
    protocol::known_statement intern(std::string_view sql) override;

    void script(std::string_view sql, const options& o = {});
    failure try_script(std::string_view sql, const options& o = {});
    transaction begin(const tx_options& o = {});
    template <class F>
    auto transact(F f, const tx_options& o = {}) {
        return detail::transact(*this, std::move(f), o);
    }
    notification next_notification(const options& o = {});
    result<notification> try_next_notification(const options& o = {});
    std::optional<notification> poll_notification();
    failure ping(const options& o = {});
    void close() noexcept;

    bool is_open() const noexcept;
    bool looks_alive();
    bool is_clean() const noexcept;
    failure recover(deadline until);
    bool is_altered() const noexcept;
    bool refused_to_write() noexcept;
    failure reset_session(const options& o = {});
    void accept_session() noexcept;
    std::int32_t backend_pid() const noexcept;
    transaction_status status() const noexcept;
    std::string_view parameter(std::string_view name) const noexcept;
    /// How statements are executed; a pooler that was noticed changes it.
    protocol::exec_mode mode() const noexcept;
    bool tls() const noexcept;
    std::string server() const;

private:
    friend class transaction;
    explicit connection(std::shared_ptr<core> c) noexcept;
    std::shared_ptr<core> core_;
};

/// See `tusk::transaction`.
class transaction final : public verbs {
public:
    transaction(connection& on, unsigned depth, const tx_options& o);
    transaction(transaction&& other) noexcept;
    transaction& operator=(transaction&& other) noexcept;
    ~transaction() override;

    failure execute(request& what, client_sink& sink) override;
    failure execute_batch(batch& b, const options& o) override;
    result<std::unique_ptr<detail::stream_source>>
    open_stream(request what, std::shared_ptr<client_sink> sink, std::function<void()> abandon) override;
    failure copy(tusk::detail::copy_job& job) override;
    protocol::known_statement intern(std::string_view sql) override;

    void commit();
    failure try_commit();
    void rollback();
    failure try_rollback();
    /// A savepoint; while it is open this object must not be used. (A savepoint has no options.)
    transaction begin(const tx_options& = {});
    template <class F>
    auto transact(F f) {
        return detail::transact(*this, std::move(f), tx_options{});
    }
    bool is_open() const noexcept { return connection_ != nullptr; }
    /// Keeps something alive until the transaction is over: a pool's lease.
    void hold(std::shared_ptr<void> what) { keep_alive_ = std::move(what); }

private:
    void abandon() noexcept;
    failure commit_on(connection& on);
    failure roll_back_on(connection& on);
    connection* connection_;
    unsigned depth_;
    options control_;
    bool resolvable_;
    std::shared_ptr<void> keep_alive_;
    std::unique_ptr<tusk::detail::transaction_watch> watch_;
};

namespace detail {

template <class On, class F>
auto transact(On& on, F f, const tx_options& o) -> std::invoke_result_t<F&, transaction&> {
    using value = std::invoke_result_t<F&, transaction&>;
    for (unsigned attempt = 0;; ++attempt) {
        auto tx = on.begin(o);
        try {
            if constexpr (std::is_void_v<value>) {
                f(tx);
                tx.commit();
                return;
            } else {
                auto out = f(tx);
                tx.commit();
                return out;
            }
        } catch (const error& e) {
            static_cast<void>(tx.try_rollback());
            if (!tusk::detail::lost_to_another(e) || attempt >= o.retries()) throw;
        } catch (...) {
            static_cast<void>(tx.try_rollback());
            throw;
        }
        back_off(attempt);
    }
}

} // namespace detail

} // namespace tusk::blocking
