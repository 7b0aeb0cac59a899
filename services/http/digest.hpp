#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace tusk::http {

using sha256_digest = std::array<unsigned char, 32>;

/// Throws `tusk::error` (`errc::environment`) when OpenSSL cannot compute it. Source: FIPS 180-4.
sha256_digest sha256(std::string_view text);
/// Source: RFC 2104.
sha256_digest hmac_sha256(std::string_view key, std::string_view text);

/// Lower case.
std::string to_hex(const sha256_digest& digest);
/// 64 hexadecimal digits in either case; `nullopt` for anything else.
std::optional<sha256_digest> parse_sha256(std::string_view hex) noexcept;

/// In a time that does not tell where they differ.
bool equal_in_constant_time(const sha256_digest& a, const sha256_digest& b) noexcept;

} // namespace tusk::http
