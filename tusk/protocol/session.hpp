#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tusk/protocol/exec_mode.hpp>
#include <tusk/protocol/message_trace.hpp>
#include <tusk/protocol/statement_cache.hpp>
#include <tusk/wire/backend.hpp>
#include <tusk/wire/buffer.hpp>

namespace tusk::protocol {

/// The state of one connection as data: both buffers, what the server told about itself, the transaction
/// status, the prepared statements. Machines work on it one after another; whoever owns the connection
/// serialises them.
class session {
public:
    wire::write_buffer output;
    std::size_t output_sent = 0; ///< Bytes of `output` that are already written.
    wire::read_buffer input;

    std::int32_t backend_pid = 0;
    std::vector<std::byte> cancel_key;
    bool tls = false; ///< Set by the driver after the handshake.
    std::vector<std::byte>
        channel_binding; ///< tls-server-end-point data, set by the driver; empty without TLS.
    transaction_status transaction = transaction_status::unknown;
    bool broken = false; ///< The connection cannot be used any more.
    statement_cache statements;
    exec_mode mode = exec_mode::cache_statement;
    std::vector<statement_ptr> to_close; ///< Prepared statements to Close with the next request.
    /// BEGIN and SAVEPOINT that nobody has sent yet: they travel in front of the next request that is willing
    /// to take them, in its round trip. When one of them fails, the request is not executed, and they stay.
    std::vector<std::string> preamble;

    /// Something was executed, or told by the server, that may have left more behind than data: SET, LISTEN,
    /// a temporary table, a cursor. Whoever has reset the session, or knows better, clears it.
    bool altered = false;
    /// The server refused to write because it, or the transaction, is read-only (25006).
    bool refused_to_write = false;

    std::uint64_t notifications = 0; ///< How many have arrived.

    /// Called for NoticeResponse and NotificationResponse, at whatever moment they arrive.
    std::function<void(const server_error&)> on_notice;
    std::function<void(wire::notification&&)> on_notification;
    /// Who sees every message; usually nobody.
    message_trace on_message;
    /// Shows the messages of `output` that were not shown yet; for the driver, before it sends.
    void show_output() {
        if (on_message) [[unlikely]]
            show_unshown();
    }

    /// Value of a reported server parameter ("server_version"), or empty.
    std::string_view parameter(std::string_view name) const noexcept;

    /// Bytes still to be sent.
    std::span<const std::byte> pending_output() const noexcept { return output.bytes().subspan(output_sent); }
    bool output_pending() const noexcept { return output_sent < output.size(); }
    /// `n` bytes of `pending_output()` were written.
    void sent(std::size_t n) noexcept {
        output_sent += n;
        if (output_sent == output.size()) discard_output();
    }
    void discard_output() noexcept {
        output.clear();
        output_sent = output_shown_ = 0;
        if (output.size() == 0) output.shrink(keep_output);
    }

    enum class next_result : std::uint8_t { frame, need_input, failed };
    /// The next message that belongs to a request; ParameterStatus, notices and notifications are dealt with
    /// here, wherever they stand. Call `consume` after use.
    next_result next(wire::frame& out, failure& why);
    void consume(const wire::frame& f) noexcept { input.consume(f.size()); }

    /// After an error about a prepared statement: one that nobody took away by DEALLOCATE or DISCARD and that
    /// is gone all the same, or is there although nobody here made it, means that a pooler hands this
    /// connection from server to server. Nothing is left on them from then on.
    void suspect_pooler(const failure& error);
    /// DISCARD ALL or DEALLOCATE ALL was executed: the server has no prepared statements any more.
    void statements_gone();

    /// Back to the state before connecting; nothing of one server reaches the next (CVE-2018-10915).
    void reset();

private:
    static constexpr std::size_t keep_output = 1024 * 1024;
    bool handle_asynchronous(const wire::frame& f, failure& why);
    void note(const wire::frame& f) noexcept;
    void show_unshown();
    void set_parameter(std::string_view name, std::string_view value);

    std::vector<std::pair<std::string, std::string>> parameters_;
    std::size_t output_shown_ = 0; ///< Bytes of `output` that `on_message` has seen.
    bool deallocated_ = false;     ///< A statement may be missing for a known reason.
};

/// A protocol violation, with what is known to cause it.
failure protocol_failure(std::string message);

} // namespace tusk::protocol
