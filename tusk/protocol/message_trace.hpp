#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace tusk {

/// One message of the protocol on its way. What it says about the content is safe to write down: no value of
/// an argument or a row, no password, no key.
struct traced_message {
    bool sent = false; ///< By us; else received.
    char type = 0;     ///< Its first byte; 0 for the messages before the start of a session, which have none.
    std::string_view name;  ///< "Bind"; "?" for what is not known.
    std::size_t length = 0; ///< Bytes, with the type and the length.
    /// What it is about: names, numbers, the text of a statement, an error's SQLSTATE and message.
    std::string detail;
};

/// One line for a log: `> Bind 45 statement "s1", 2 arguments`, `< DataRow 36 3 values`.
std::string to_string(const traced_message& m);

/// Who wants to see the messages. It is called where the connection works, under its lock: it has to be
/// quick, must not throw and must not use the connection.
using message_trace = std::function<void(const traced_message&)>;

namespace protocol {

/// A message as it stands on the wire, without its type and length. `type` 0: a start-up message.
traced_message trace_sent(char type, std::span<const std::byte> body);
traced_message trace_received(char type, std::span<const std::byte> body);

} // namespace protocol

} // namespace tusk
