#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include <tusk/core/error.hpp>

namespace tusk::protocol {

/// The answer to AuthenticationMD5Password: "md5" and the hexadecimal MD5 of (MD5 of password and user, in
/// hexadecimal) and the server's salt. Fails with `errc::auth_unsupported` where the system's OpenSSL refuses
/// MD5. Source: PostgreSQL documentation, section 55.2.1.
result<std::string> md5_password(std::string_view user, std::string_view password,
                                 std::span<const std::byte, 4> salt);

} // namespace tusk::protocol
