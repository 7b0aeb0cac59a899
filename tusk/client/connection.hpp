#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include <boost/asio/any_io_executor.hpp>

#include <tusk/client/notification.hpp>
#include <tusk/client/settings.hpp>
#include <tusk/client/transaction.hpp>
#include <tusk/client/verbs.hpp>
#include <tusk/net/conninfo.hpp>

namespace tusk {

namespace net {
class connect_target;
}
namespace detail {
struct share_access;
}

using protocol::exec_mode;

/// One connection to a server. Only one operation at a time; a second one fails with `errc::connection_busy`.
/// Destroying it closes it. For more than one user at a time take a `pool`.
class connection final : public verbs {
public:
    class core; ///< Private to the part.

    /// Connects by a connection string (docs/connection-strings.md); an empty one takes PG… variables and
    /// defaults. Throws `tusk::error`.
    static asio::awaitable<connection> open(std::string_view conninfo, connection_settings settings = {});
    static asio::awaitable<connection> open(connect_config config, connection_settings settings = {});
    /// The same without exceptions, on a given executor, for a target whose certificates are already loaded.
    static asio::awaitable<result<connection>> try_open(asio::any_io_executor executor,
                                                        std::shared_ptr<const net::connect_target> target,
                                                        connection_settings settings, deadline until);

    connection(connection&&) noexcept;
    connection& operator=(connection&&) noexcept;
    ~connection() override;

    asio::awaitable<failure> execute(request& what, client_sink& sink) override;
    asio::awaitable<failure> execute_batch(batch& b, options o) override;
    asio::awaitable<result<std::unique_ptr<detail::stream_source>>>
    open_stream(request what, std::shared_ptr<client_sink> sink, std::function<void()> abandon) override;
    asio::awaitable<failure> copy(detail::copy_job& job) override;
    protocol::known_statement intern(std::string_view sql) override;

    /// Executes SQL text of one or several statements by the simple protocol, in one implicit transaction;
    /// results are ignored. For migrations and set-up scripts; takes no arguments.
    asio::awaitable<void> script(std::string_view sql, const options& o = {});
    asio::awaitable<failure> try_script(std::string_view sql, const options& o = {});

    /// Begins a transaction. Only the transaction may be used until it is over.
    asio::awaitable<transaction> begin(const tx_options& o = {});
    /// Runs `f(transaction&)` in a transaction: commits when it returns, rolls back when it throws, and runs
    /// it again after 40001/40P01 when `o.retries(n)` allows. Returns what `f` returns.
    template <class F>
    auto transact(F f, tx_options o = {}) {
        return detail::transact(*this, std::move(f), std::move(o));
    }

    /// A notification of a channel that was subscribed by LISTEN: one that has come already (with the answers
    /// to statements, say), else the connection waits for one and does nothing else meanwhile. No statement
    /// timeout applies. What is not read is kept up to `connection_settings::notification_capacity`; what
    /// came beyond that is lost, and the call that comes to its place fails with `errc::connection_busy`,
    /// once. Errors: `errc::timeout`, `errc::canceled`, `condition::connection_lost`. See `listener` for more
    /// than that.
    asio::awaitable<notification> next_notification(const options& o = {});
    asio::awaitable<result<notification>> try_next_notification(const options& o = {});
    /// The same without waiting, also while a stream is open.
    std::optional<notification> poll_notification();

    /// One round trip that executes nothing. Without an answer in time the connection is closed.
    asio::awaitable<failure> ping(const options& o = {});
    /// Says goodbye and closes, without waiting for anything.
    void close() noexcept;

    bool is_open() const noexcept;
    /// Nobody hung up while the connection was idle: one system call, no round trip.
    bool looks_alive();
    /// Nothing is running, nothing is left behind, no transaction is open: as after connecting.
    bool is_clean() const noexcept;
    /// Ends an abandoned stream or transaction and rolls back what is open.
    asio::awaitable<failure> recover(deadline until);
    /// Something was executed that may have left more behind than data: SET, LISTEN, a temporary table, a
    /// cursor, an advisory lock taken by a statement that says so. (A function that was called by SELECT
    /// tells only if it changed a parameter that the server reports.)
    bool is_altered() const noexcept;
    /// The server refused to write (25006) since this was last asked: it may have become a standby.
    bool refused_to_write() noexcept;
    /// Makes the session as it was after connecting, in one round trip: parameters, role, temporary tables,
    /// cursors, LISTEN, advisory locks, sequences. Prepared statements stay. What DISCARD ALL does, but for
    /// those and the plans.
    asio::awaitable<failure> reset_session(const options& o = {});
    /// From now on the session counts as it should be.
    void accept_session() noexcept;
    std::int32_t backend_pid() const noexcept;
    transaction_status status() const noexcept;
    /// A server parameter that is reported ("server_version"), or empty.
    std::string_view parameter(std::string_view name) const noexcept;
    /// How statements are executed; a pooler that was noticed changes it.
    exec_mode mode() const noexcept;
    /// The transport is encrypted.
    bool tls() const noexcept;
    /// "host:port" of the server.
    std::string server() const;

private:
    friend class transaction;
    friend struct detail::transaction_access;
    friend struct detail::share_access;
    explicit connection(std::shared_ptr<core> c) noexcept;
    std::shared_ptr<core> core_;
};

} // namespace tusk
