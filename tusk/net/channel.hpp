#pragma once

#include <memory>
#include <string>

#include <tusk/core/error.hpp>
#include <tusk/net/tls.hpp>
#include <tusk/protocol/session.hpp>

namespace tusk::net {

/// Between a session's buffers and a socket's bytes: nothing, or TLS. Without I/O, so that both drivers share
/// it.
class channel {
public:
    explicit channel(protocol::session& s) noexcept : session_{s} {}

    void start_tls(std::shared_ptr<const tls_context> context, const std::string& host) {
        tls_ = std::make_unique<tls_session>(std::move(context), host);
    }
    bool has_tls() const noexcept { return tls_ != nullptr; }
    /// Takes the handshake further; `established` is set when it is over.
    failure handshake(bool& established);

    /// Bytes that the socket should send now; encrypts what the session has queued.
    failure outgoing(std::span<const std::byte>& bytes);
    void sent(std::size_t n);

    /// Where the socket should receive into.
    std::span<std::byte> incoming();
    /// `n` bytes were received; `readable` is set when the session's input grew.
    failure received(std::size_t n, bool& readable);

    /// The socket reported its end: the failure to report, after what TLS still holds was read.
    failure ended();

    void reset() { tls_.reset(); }

private:
    static constexpr std::size_t record_size = 32 * 1024;
    protocol::session& session_;
    std::unique_ptr<tls_session> tls_;
};

/// The failure for a connection that ended: `n == 0` bytes or a socket error.
failure lost_connection(int error_number);

} // namespace tusk::net
