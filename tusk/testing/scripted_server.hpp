#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tusk/wire/backend.hpp>
#include <tusk/wire/buffer.hpp>

namespace tusk::testing {

/// Bytes of the messages that a server sends, for scripts and for tests without sockets. Nothing is checked:
/// a hostile server is made of the same pieces. Source: PostgreSQL documentation, section 55.7.
namespace backend {

/// A big-endian integer of `Int`'s size.
template <class Int>
std::string number(Int value) {
    std::string out(sizeof(Int), '\0');
    wire::store_big_endian(reinterpret_cast<std::byte*>(out.data()), value);
    return out;
}
/// `text` and a NUL.
inline std::string text(std::string_view value) { return std::string{value} + '\0'; }
/// Type, length, body; the length may be given to be a lie.
inline std::string message(char type, std::string_view body, std::optional<std::int32_t> length = {}) {
    return type + number(length.value_or(static_cast<std::int32_t>(body.size() + 4))) + std::string{body};
}

inline std::string authentication(std::int32_t code, std::string_view rest = {}) {
    return message('R', number(code) + std::string{rest});
}
inline std::string authentication_ok() { return authentication(0); }
inline std::string authentication_sasl(const std::vector<std::string>& mechanisms) {
    std::string names;
    for (const auto& m : mechanisms) names += text(m);
    return authentication(10, names + '\0');
}
inline std::string parameter_status(std::string_view name, std::string_view value) {
    return message('S', text(name) + text(value));
}
inline std::string backend_key_data(std::int32_t pid, std::string_view key = "KEY!") {
    return message('K', number(pid) + std::string{key});
}
/// 'I' idle, 'T' in a transaction, 'E' in a failed one.
inline std::string ready_for_query(char status = 'I') { return message('Z', std::string(1, status)); }

using error_fields = std::vector<std::pair<char, std::string>>;
inline std::string error_response(const error_fields& fields, char type = 'E') {
    std::string body;
    for (const auto& [letter, value] : fields) body += letter + text(value);
    return message(type, body + '\0');
}
/// An ErrorResponse of severity ERROR (or FATAL) with the fields that every server sends.
inline std::string error_response(std::string_view sqlstate, std::string_view what,
                                  std::string_view severity = "ERROR") {
    return error_response({{'S', std::string{severity}},
                           {'V', std::string{severity}},
                           {'C', std::string{sqlstate}},
                           {'M', std::string{what}}});
}
inline std::string notice_response(std::string_view what) {
    return error_response({{'S', "NOTICE"}, {'V', "NOTICE"}, {'C', "00000"}, {'M', std::string{what}}}, 'N');
}
inline std::string notification_response(std::int32_t pid, std::string_view channel,
                                         std::string_view payload) {
    return message('A', number(pid) + text(channel) + text(payload));
}

inline std::string parse_complete() { return message('1', {}); }
inline std::string bind_complete() { return message('2', {}); }
inline std::string close_complete() { return message('3', {}); }
inline std::string no_data() { return message('n', {}); }
inline std::string portal_suspended() { return message('s', {}); }
inline std::string empty_query_response() { return message('I', {}); }
inline std::string command_complete(std::string_view tag) { return message('C', text(tag)); }
inline std::string parameter_description(const std::vector<std::uint32_t>& oids = {}) {
    std::string body = number(static_cast<std::uint16_t>(oids.size()));
    for (const auto oid : oids) body += number(oid);
    return message('t', body);
}

/// A column of RowDescription: its name, type (23 is int4, 25 text) and format (0 text, 1 binary).
struct column {
    std::string name;
    std::uint32_t type = 25;
    std::int16_t format = 0;
};
inline std::string row_description(const std::vector<column>& columns) {
    std::string body = number(static_cast<std::uint16_t>(columns.size()));
    for (const auto& c : columns)
        body += text(c.name) + number(std::uint32_t{0}) + number(std::int16_t{0}) + number(c.type) +
                number(std::int16_t{-1}) + number(std::int32_t{-1}) + number(c.format);
    return message('T', body);
}
/// Values as they go over the wire; nothing is NULL.
inline std::string data_row(const std::vector<std::optional<std::string>>& values) {
    std::string body = number(static_cast<std::uint16_t>(values.size()));
    for (const auto& v : values)
        body += v ? number(static_cast<std::int32_t>(v->size())) + *v : number(std::int32_t{-1});
    return message('D', body);
}
/// CopyInResponse ('G') or CopyOutResponse ('H') in text format.
inline std::string copy_response(char type, std::uint16_t columns = 1) {
    std::string body = std::string(1, '\0') + number(columns);
    for (unsigned i = 0; i < columns; ++i) body += number(std::int16_t{0});
    return message(type, body);
}

/// What a server with trust authentication says to a StartupMessage.
inline std::string welcome(std::int32_t pid = 4711) {
    return authentication_ok() + parameter_status("server_version", "15.14") +
           parameter_status("client_encoding", "UTF8") + parameter_status("in_hot_standby", "off") +
           parameter_status("default_transaction_read_only", "off") + backend_key_data(pid) +
           ready_for_query();
}

} // namespace backend

/// One message that a client sent. The messages without a type byte have these types instead:
/// '0' StartupMessage, '8' SSLRequest, 'x' CancelRequest.
class received_message {
public:
    static constexpr char startup = '0';
    static constexpr char ssl_request = '8';
    static constexpr char cancel_request = 'x';

    char type = 0;
    std::string body; ///< After the length; of the untyped ones after their code.
};

namespace detail {
class peer;
} // namespace detail

/// What the server does on one connection, step by step. A step that does not come true ends the connection
/// and is reported by `scripted_server::problems()`.
class server_script {
public:
    using predicate = std::function<bool(const received_message&)>;

    /// Waits for one message of this type (at most 10 s).
    server_script& expect(char type);
    /// The same, and the message must satisfy `holds`; `what` is for the report.
    server_script& expect(char type, std::string what, predicate holds);
    /// Waits for messages of these types in this order: "PDS" is Parse, Describe, Sync.
    server_script& expect_all(std::string_view types);
    /// Waits for an SSLRequest and answers it with these bytes ("N", "S", "E…").
    server_script& answer_ssl_request(std::string bytes);
    /// StartupMessage, then `backend::welcome()`.
    server_script& let_in(std::int32_t pid = 4711);
    server_script& send(std::string bytes);
    /// One `send` for each piece of `size` bytes, so that the client may see them apart.
    server_script& send_in_pieces(std::string bytes, std::size_t size);
    /// Does nothing until `scripted_server::release()` was called once for each stall before this one, and
    /// once for it.
    server_script& stall();
    /// Calls `scripted_server::release()`: lets another connection's stall go on.
    server_script& release();
    /// Reads, and ignores, until the client hangs up.
    server_script& wait_for_hang_up();
    /// No more will be sent; the client may go on sending.
    server_script& half_close();
    /// Closes at once, with a TCP reset.
    server_script& reset();
    /// Closes. The end of a script closes as well.
    server_script& close();

private:
    friend class scripted_server;
    using step = std::function<std::string(detail::peer&)>; ///< Answers what went wrong, or nothing.
    server_script& add(step s);
    std::vector<step> steps_;
};

/// A server that follows scripts, for tests of what a client makes of a strange server: on a TCP port of
/// 127.0.0.1 or on a Unix socket, with threads of its own. The n-th connection that is accepted follows the
/// n-th script; they run side by side, so that a CancelRequest can be served while the connection it is about
/// waits.
class scripted_server {
public:
    /// Listens on a free port.
    explicit scripted_server(std::vector<server_script> connections);
    /// Listens on `<directory>/.s.PGSQL.5432`; the directory must exist.
    scripted_server(std::vector<server_script> connections, const std::string& directory);
    /// Hangs up on everybody.
    ~scripted_server();
    scripted_server(const scripted_server&) = delete;
    scripted_server& operator=(const scripted_server&) = delete;

    std::uint16_t port() const noexcept;
    /// A connection string for this server: host, port, user, database; no TLS unless `sslmode` says so.
    std::string conninfo(std::string_view sslmode = "disable") const;

    /// Lets one more `stall()` step of every connection go on.
    void release();
    /// Waits until script `index` has come to its end (at most 10 s): what it sent is on its way then.
    bool finished(std::size_t index) const;
    /// Waits until all scripts have come to their end (at most 10 s) and answers what went wrong: a step that
    /// did not come true, a connection without a script, a script without a connection. Empty when all is
    /// well.
    std::string problems();
    /// What connection `index` (from 0) has sent so far.
    std::vector<received_message> received(std::size_t index) const;
    /// The types of these messages, in order.
    std::string received_types(std::size_t index) const;

private:
    class impl;
    std::unique_ptr<impl> impl_;
};

} // namespace tusk::testing
