#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tusk::embedded::detail {

/// RFC 3986 percent-encoding; only unreserved characters stay.
std::string percent_encode(std::string_view text);
/// Percent-encodes just what would break a line of a file; `percent_decode` reads it.
std::string escape_line(std::string_view text);
/// The opposite of `percent_encode`; a `%` that is not followed by two hexadecimal digits stays as it is.
std::string percent_decode(std::string_view text);

/// `"name"`, quotes doubled.
std::string quote_identifier(std::string_view name);
/// `'text'`, quotes doubled; for sessions with `standard_conforming_strings` on.
std::string quote_literal(std::string_view text);

/// 64-bit FNV-1a in 16 hexadecimal digits: names a cache entry, protects nothing.
std::string short_hash(std::string_view text);

} // namespace tusk::embedded::detail
