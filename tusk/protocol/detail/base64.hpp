#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tusk::protocol::detail {

/// Base64 with padding (RFC 4648, section 4).
std::string base64_encode(std::span<const std::byte> data);

/// The strict reverse: no white space, padding where it belongs, no stray bits in the last character.
std::optional<std::vector<std::byte>> base64_decode(std::string_view text);

} // namespace tusk::protocol::detail
