#include <tusk/net/channel.hpp>

#include <system_error>

namespace tusk::net {

failure channel::handshake(bool& established) {
    established = false;
    switch (tls_->handshake()) {
    case tls_session::status::ok: {
        established = true;
        session_.channel_binding = tls_->server_end_point();
        return {};
    }
    case tls_session::status::want_input: return {};
    case tls_session::status::closed:
        return failure{errc::tls_failed, "the server closed the connection during the TLS handshake"};
    case tls_session::status::failed: return tls_->error();
    }
    return {};
}

failure channel::outgoing(std::span<const std::byte>& bytes) {
    session_.show_output();
    if (!tls_) {
        bytes = session_.pending_output();
        return {};
    }
    // The session's bytes count as sent once they are encrypted: TLS gives no way to take them back.
    while (session_.output_pending() && tls_->output().size() < record_size * 8) {
        std::size_t consumed = 0;
        const auto status = tls_->write(session_.pending_output(), consumed);
        session_.sent(consumed);
        if (status == tls_session::status::failed) return tls_->error();
        if (consumed == 0) break;
    }
    bytes = tls_->output();
    return {};
}

void channel::sent(std::size_t n) {
    if (tls_)
        tls_->consume_output(n);
    else
        session_.sent(n);
}

std::span<std::byte> channel::incoming() {
    return tls_ ? tls_->prepare_input(record_size) : session_.input.prepare();
}

failure channel::received(std::size_t n, bool& readable) {
    if (!tls_) {
        session_.input.commit(n);
        readable = n > 0;
        return {};
    }
    tls_->commit_input(n);
    readable = false;
    if (!session_.tls) return {}; // still shaking hands
    for (;;) {
        std::size_t got = 0;
        const auto status = tls_->read(session_.input.prepare(), got);
        session_.input.commit(got);
        readable = readable || got > 0;
        // What arrived before the end comes first: the server's last words say why it ended.
        if (readable && (status == tls_session::status::failed || status == tls_session::status::closed))
            return {};
        if (status == tls_session::status::failed) return tls_->error();
        if (status == tls_session::status::closed) return lost_connection(0);
        if (got == 0) return {};
    }
}

failure channel::ended() {
    if (tls_ && session_.tls) {
        tls_->end_of_input(); // a stream cut without a goodbye may be an attacker's work
        bool readable = false;
        if (auto f = received(0, readable)) return f;
    }
    return lost_connection(0);
}

failure lost_connection(int error_number) {
    if (error_number == 0)
        return failure{errc::connection_lost,
                       "the server closed the connection unexpectedly; its log says why"};
    return failure{errc::connection_lost,
                   "the connection broke: " + std::generic_category().message(error_number)};
}

} // namespace tusk::net
