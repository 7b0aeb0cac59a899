#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include <tusk/core/error.hpp>
#include <tusk/protocol/detail/crypto.hpp>

namespace tusk::protocol::detail {

/// "r=…,s=…,i=…": what the server's first message says.
struct server_first_message {
    std::string_view nonce; ///< Inside the message that was parsed.
    std::vector<std::byte> salt;
    std::uint32_t iterations = 0;
};

/// Parses by the grammar of RFC 5802, section 7, strictly; extensions that may be ignored are.
result<server_first_message> parse_server_first(std::string_view message, std::uint32_t max_iterations);

/// "v=…": the server's signature.
result<digest256> parse_server_final(std::string_view message);

/// Printable ASCII without a comma, as a nonce has to be.
bool is_nonce(std::string_view text) noexcept;

} // namespace tusk::protocol::detail
