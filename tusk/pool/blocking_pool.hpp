#pragma once

#include <functional>
#include <memory>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>

#include <tusk/client/blocking.hpp>
#include <tusk/pool/config.hpp>
#include <tusk/pool/describe.hpp>
#include <tusk/pool/stats.hpp>

namespace tusk::blocking {

namespace detail {
class pool_core;
struct pooled;
} // namespace detail

/// See `tusk::lease`.
class lease {
public:
    lease() noexcept;
    lease(lease&& other) noexcept;
    lease& operator=(lease&& other) noexcept;
    ~lease();

    connection& operator*() const noexcept;
    connection* operator->() const noexcept { return &**this; }
    explicit operator bool() const noexcept { return static_cast<bool>(held_); }
    /// Gives the connection back now.
    void release() noexcept;
    /// Closes the connection instead of giving it back.
    void discard() noexcept;
    /// Takes the connection out of the pool for good.
    connection detach();

private:
    friend class pool;
    friend class detail::pool_core;
    lease(std::shared_ptr<detail::pool_core> from, std::unique_ptr<detail::pooled> what) noexcept;
    std::shared_ptr<detail::pool_core> pool_;
    std::unique_ptr<detail::pooled> held_;
};

/// What a program does to the connections of a blocking pool; see `tusk::pool_hooks`. What a hook throws is
/// the failure of what it was called for.
class pool_hooks {
public:
    using connect_hook = std::function<void(connect_config&)>;
    using connection_hook = std::function<void(connection&)>;
    using verdict_hook = std::function<bool(connection&)>;

    pool_hooks& before_connect(connect_hook f) {
        before_connect_ = std::move(f);
        return *this;
    }
    pool_hooks& after_connect(connection_hook f) {
        after_connect_ = std::move(f);
        return *this;
    }
    pool_hooks& before_acquire(verdict_hook f) {
        before_acquire_ = std::move(f);
        return *this;
    }
    /// Runs in the thread that gives the connection back.
    pool_hooks& after_release(verdict_hook f) {
        after_release_ = std::move(f);
        return *this;
    }
    pool_hooks& before_close(connection_hook f) {
        before_close_ = std::move(f);
        return *this;
    }

    const connect_hook& before_connect() const noexcept { return before_connect_; }
    const connection_hook& after_connect() const noexcept { return after_connect_; }
    const verdict_hook& before_acquire() const noexcept { return before_acquire_; }
    const verdict_hook& after_release() const noexcept { return after_release_; }
    const connection_hook& before_close() const noexcept { return before_close_; }

private:
    connect_hook before_connect_;
    connection_hook after_connect_;
    verdict_hook before_acquire_;
    verdict_hook after_release_;
    connection_hook before_close_;
};

/// The pool for threads: the same configuration, rules, numbers and events as `tusk::pool`, and no Asio.
/// Threads that wait are served in the order they came, by whatever comes first, a connection that is
/// returned or one that was made. Threads of the pool's own make connections and look after idle ones. What
/// it has not: statements that share a connection (shared dispatch). Safe from several threads.
class pool final : public verbs {
public:
    /// Without making a connection: the server may come later. Throws `tusk::error` for a wrong configuration
    /// (also for one with `tusk::pool_hooks`: those are coroutines).
    explicit pool(pool_config config, std::shared_ptr<observer> observed_by = nullptr, pool_hooks hooks = {});
    /// Makes the first connection, so that a wrong password shows at once. Throws `tusk::error`.
    static pool open(std::string_view conninfo, std::shared_ptr<observer> observed_by = nullptr);
    static pool open(pool_config config, std::shared_ptr<observer> observed_by = nullptr,
                     pool_hooks hooks = {});
    pool(pool&&) noexcept;
    pool& operator=(pool&&) noexcept;
    /// Closes; waits for connections that are being made, at most as long as connecting may take, and not for
    /// leases.
    ~pool() override;

    /// A connection for several statements. Errors as `tusk::pool::acquire`.
    lease acquire(const options& o = {}, std::source_location where = std::source_location::current());
    result<lease> try_acquire(const options& o = {},
                              std::source_location where = std::source_location::current());

    failure execute(request& what, client_sink& sink) override;
    failure execute_batch(batch& b, const options& o) override;
    result<std::unique_ptr<detail::stream_source>>
    open_stream(request what, std::shared_ptr<client_sink> sink, std::function<void()> abandon) override;
    failure copy(tusk::detail::copy_job& job) override;
    protocol::known_statement intern(std::string_view sql) override;

    /// Begins a transaction on a connection of its own.
    transaction begin(const tx_options& o = {}, std::source_location where = std::source_location::current());
    /// See `tusk::connection::transact`.
    template <class F>
    auto transact(F f, tx_options o = {}, std::source_location where = std::source_location::current()) {
        o.begun_at(where);
        return detail::transact(*this, std::move(f), o);
    }

    /// One round trip on a connection of the pool.
    failure ping(const options& o = {});
    pool_stats stats() const;
    pool_description describe() const;
    pool_config config() const;
    const std::string& name() const noexcept;

    /// Returns when the minimum of connections is open. Errors: `errc::timeout`, `errc::pool_closed`.
    failure warm_up(deadline until = deadline::in(std::chrono::seconds{30}));
    /// See `tusk::pool::reconfigure`.
    void reconfigure(const pool_config& c);
    /// Replaces every connection: idle ones now, those in use when they come back.
    void reset();

    breaker_state breaker() const;
    void force_open_breaker();
    void disable_breaker();
    void reset_breaker();

    /// No new leases; waiting threads get `errc::pool_closed`; idle connections are closed; returns when
    /// every lease is back. `errc::timeout` at the deadline: the leases that are out are closed when they
    /// come back.
    failure close(deadline until = deadline::in(std::chrono::seconds{30}));

private:
    std::shared_ptr<detail::pool_core> core_;
};

} // namespace tusk::blocking
