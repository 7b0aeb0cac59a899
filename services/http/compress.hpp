#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <services/http/router.hpp>

namespace tusk::http {

/// gzip, level 6. Throws `std::bad_alloc` when zlib has no memory. Source: RFC 1952.
std::string gzip(std::string_view text);

/// Whether a media type is text that gets smaller: `text/…`, JSON, XML, JavaScript, SVG.
bool is_compressible(std::string_view content_type) noexcept;

/// Compresses bodies of `least` bytes and more, of a compressible type, for clients that accept gzip, and
/// says so in Vary. Streams, answers with a Content-Encoding or with `Cache-Control: no-transform`, and what
/// gets no smaller stay as they are.
middleware compress(std::size_t least = 1024);

} // namespace tusk::http
