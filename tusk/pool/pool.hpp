#pragma once

#include <memory>
#include <source_location>
#include <string_view>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include <tusk/client/connection.hpp>
#include <tusk/client/transaction.hpp>
#include <tusk/client/verbs.hpp>
#include <tusk/pool/config.hpp>
#include <tusk/pool/describe.hpp>
#include <tusk/pool/stats.hpp>

namespace tusk {

namespace detail {
class pool_core;
struct pooled;
} // namespace detail

/// A connection on loan; it goes back when the lease is destroyed. An open transaction or stream is ended
/// first.
class lease {
public:
    lease() noexcept = default;
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
    /// Takes the connection out of the pool for good: it is the caller's, and the pool may make another.
    connection detach();

private:
    friend class pool;
    friend class detail::pool_core;
    lease(std::shared_ptr<detail::pool_core> from, std::unique_ptr<detail::pooled> what) noexcept;
    std::shared_ptr<detail::pool_core> pool_;
    std::unique_ptr<detail::pooled> held_;
};

/// Connections to one server, shared. Safe from several threads; each connection works on a strand of its
/// own. Waiting callers are served in the order they came: a connection that is returned or newly made goes
/// straight to the first of them. Idle connections are used last in, first out.
class pool final : public verbs {
public:
    /// Checks the configuration, makes the first connection (so that a wrong password shows at once) and
    /// starts to keep the minimum. Throws `tusk::error`.
    static asio::awaitable<pool> open(pool_config config, std::shared_ptr<observer> observed_by = nullptr);
    static asio::awaitable<pool> open(std::string_view conninfo,
                                      std::shared_ptr<observer> observed_by = nullptr);
    /// Without making a connection: the server may come later. Throws `tusk::error` for a wrong
    /// configuration.
    pool(asio::any_io_executor executor, pool_config config, std::shared_ptr<observer> observed_by = nullptr);
    pool(pool&&) noexcept;
    pool& operator=(pool&&) noexcept;
    /// Closes without waiting; see `close`.
    ~pool() override;

    /// A connection for several statements. Errors: `errc::pool_timeout` (the message says whether all were
    /// in use or connecting failed, and why), `errc::pool_closed`, `errc::canceled`, and the failure of
    /// connecting when no connection is left.
    /// Also `errc::circuit_open` when the breaker is open. `where` is what `describe` and the leak detector
    /// show.
    asio::awaitable<lease> acquire(const options& o = {},
                                   std::source_location where = std::source_location::current());
    asio::awaitable<result<lease>> try_acquire(const options& o = {},
                                               std::source_location where = std::source_location::current());
    /// Every connection that is idle now and passes the checks; none is made. For work on all of them, such
    /// as filling caches.
    asio::awaitable<std::vector<lease>>
    acquire_all_idle(std::source_location where = std::source_location::current());

    asio::awaitable<failure> execute(request& what, client_sink& sink) override;
    asio::awaitable<failure> execute_batch(batch& b, options o) override;
    asio::awaitable<result<std::unique_ptr<detail::stream_source>>>
    open_stream(request what, std::shared_ptr<client_sink> sink, std::function<void()> abandon) override;
    asio::awaitable<failure> copy(detail::copy_job& job) override;
    protocol::known_statement intern(std::string_view sql) override;

    /// Begins a transaction on a connection of its own.
    asio::awaitable<transaction> begin(const tx_options& o = {},
                                       std::source_location where = std::source_location::current());
    /// See `connection::transact`.
    template <class F>
    auto transact(F f, tx_options o = {}, std::source_location where = std::source_location::current()) {
        return detail::transact(*this, std::move(f), std::move(o.begun_at(where)));
    }

    /// One round trip on a connection of the pool.
    asio::awaitable<failure> ping(const options& o = {});
    pool_stats stats() const;
    /// Every connection with its state, age, holder and last statement; who waits; the breaker.
    pool_description describe() const;
    /// The settings in force.
    pool_config config() const;
    const std::string& name() const noexcept;

    /// Returns when the minimum of connections is open. Errors: `errc::timeout`, with the last failure of
    /// connecting; `errc::pool_closed`.
    asio::awaitable<failure> warm_up(deadline until = deadline::in(std::chrono::seconds{30}));
    /// New settings for a pool that is in use: sizes, times, dispatch, reset, retry. Server, name, hooks,
    /// breaker and observer stay. Idle connections above a lower maximum are closed at once, others when they
    /// come back. Throws `errc::invalid_configuration`.
    void reconfigure(const pool_config& c);
    /// Replaces every connection: idle ones now, those in use when they come back. After a failover, or when
    /// something that sessions keep (a search path, a role's settings) was changed in the server.
    void reset();

    breaker_state breaker() const;
    /// By an operator's hand: everything is refused, nothing is refused whatever happens, or back to normal.
    void force_open_breaker();
    void disable_breaker();
    void reset_breaker();

    /// Where the pool works.
    asio::any_io_executor executor() const;

    /// No new leases; waiting callers get `errc::pool_closed`; idle connections are closed; returns when
    /// every lease is back. At the deadline, what is still running is cancelled, and a second later the
    /// connections are closed under their holders.
    asio::awaitable<void> close(deadline until = deadline::in(std::chrono::seconds{30}));

private:
    friend asio::awaitable<transaction> begin_on(pool& on, tx_options o);
    std::shared_ptr<detail::pool_core> core_;
};

} // namespace tusk
