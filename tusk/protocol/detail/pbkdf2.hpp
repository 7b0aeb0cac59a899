#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <tusk/protocol/detail/crypto.hpp>

namespace tusk::protocol::detail {

/// `Hi()` of RFC 5802: the first block of PBKDF2 with HMAC-SHA-256 (RFC 8018). `iterations` is at least 1.
/// Looks at `stop` every 1,000 rounds and gives nothing when it is set.
std::optional<digest256> pbkdf2_sha256(std::string_view password, std::span<const std::byte> salt,
                                       std::uint32_t iterations, const std::atomic<bool>* stop);

} // namespace tusk::protocol::detail
