#pragma once

#include <memory>
#include <source_location>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>

#include <tusk/client/connection.hpp>
#include <tusk/client/transaction.hpp>
#include <tusk/client/verbs.hpp>
#include <tusk/pool/config.hpp>
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
    asio::awaitable<lease> acquire(const options& o = {});
    asio::awaitable<result<lease>> try_acquire(const options& o = {});

    asio::awaitable<failure> execute(request& what, client_sink& sink) override;
    asio::awaitable<failure> execute_batch(batch& b, options o) override;
    asio::awaitable<result<std::unique_ptr<detail::stream_source>>>
    open_stream(request what, std::shared_ptr<client_sink> sink, std::function<void()> abandon) override;
    asio::awaitable<failure> copy(detail::copy_job& job) override;
    protocol::known_statement intern(std::string_view sql) override;

    /// Begins a transaction on a connection of its own.
    asio::awaitable<transaction> begin(const tx_options& o = {});
    /// See `connection::transact`.
    template <class F>
    auto transact(F f, tx_options o = {}) {
        return detail::transact(*this, std::move(f), std::move(o));
    }

    /// One round trip on a connection of the pool.
    asio::awaitable<failure> ping(const options& o = {});
    pool_stats stats() const;
    const pool_config& config() const noexcept;
    /// Where the pool works.
    asio::any_io_executor executor() const;

    /// No new leases; waiting callers get `errc::pool_closed`; idle connections are closed; returns when
    /// every lease is back, or at the deadline, when those still out are cut off.
    asio::awaitable<void> close(deadline until = deadline::in(std::chrono::seconds{30}));

private:
    friend asio::awaitable<transaction> begin_on(pool& on, tx_options o);
    std::shared_ptr<detail::pool_core> core_;
};

} // namespace tusk
