#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include <tusk/testing/fault_proxy.hpp>

namespace tusk::testing::detail {

/// A message of which the first bytes are there.
struct message_head {
    char type = 0;        ///< 0: not a message, only bytes.
    std::size_t size = 0; ///< With type and length.
};

/// Where the messages of one connection begin, in both directions: StartupMessage and its like have no type
/// byte, the answer to SSLRequest is a single byte, and behind an 'S' nothing can be read. What does not look
/// like messages is not looked at any further. Source: PostgreSQL documentation, section 55.2.
class conversation {
public:
    /// `bytes` begin where a message begins. Nothing: more of it is needed.
    std::optional<message_head> next(direction way, std::string_view bytes);

private:
    message_head give_up(std::string_view bytes) noexcept {
        opaque_ = true;
        return {0, bytes.size()};
    }
    std::optional<message_head> next_of_client(std::string_view bytes);
    std::optional<message_head> typed(std::string_view bytes);

    bool opaque_ = false;
    bool started_ = false;     ///< The client's messages have types from now on.
    unsigned answers_due_ = 0; ///< To SSLRequest or GSSENCRequest.
};

} // namespace tusk::testing::detail
