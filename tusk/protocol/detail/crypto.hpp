#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace tusk::protocol::detail {

/// What SHA-256 and everything built on it gives.
using digest256 = std::array<std::byte, 32>;

/// Views text as bytes.
inline std::span<const std::byte> bytes_of(std::string_view text) noexcept {
    return std::as_bytes(std::span{text.data(), text.size()});
}

/// SHA-256 of `data`. Throws `tusk::error` (`errc::environment`) when OpenSSL cannot do it.
digest256 sha256(std::span<const std::byte> data);

/// HMAC-SHA-256. Throws as `sha256()` does.
digest256 hmac_sha256(std::span<const std::byte> key, std::span<const std::byte> data);

/// Fills `into` from the system's generator. Throws `tusk::error` (`errc::environment`) when there is none.
void random_bytes(std::span<std::byte> into);

/// Compares in a time that depends on the length only.
bool equal_in_constant_time(std::span<const std::byte> a, std::span<const std::byte> b) noexcept;

/// Overwrites secrets in a way that the compiler keeps.
void cleanse(std::span<std::byte> secret) noexcept;
/// Overwrites the whole capacity, then empties the string.
void cleanse(std::string& secret) noexcept;

} // namespace tusk::protocol::detail
