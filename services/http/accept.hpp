#pragma once

#include <string_view>

namespace tusk::http {

/// Whether an Accept-Encoding header lets the answer be coded so: named with a quality above 0, or covered by
/// `*`. An empty header accepts nothing but the plain text. Source: RFC 9110 section 12.5.3.
bool accepts_encoding(std::string_view header, std::string_view coding) noexcept;

/// Whether an If-None-Match header names the entity tag, compared weakly, or is `*`. Source: RFC 9110 section
/// 13.1.2.
bool matches_etag(std::string_view header, std::string_view etag) noexcept;

} // namespace tusk::http
