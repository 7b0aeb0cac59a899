#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tusk::http {

/// Parameters of a query string, decoded, in order; a name may occur several times.
using query_list = std::vector<std::pair<std::string, std::string>>;

/// Decodes `%XX`. `nullopt` for a `%` without two hexadecimal digits and for `%00`, which no consumer expects
/// in text. Other characters pass unchanged; UTF-8 is not checked. Source: RFC 3986 section 2.1.
std::optional<std::string> percent_decode(std::string_view text);

/// As `percent_decode`, with `+` for a space: the form encoding used in query strings (WHATWG URL
/// section 5.1).
std::optional<std::string> form_decode(std::string_view text);

/// Splits `a=1&b&c=` (without the leading `?`); `b` and `c` have empty values, empty pieces are skipped.
/// `nullopt` when any name or value does not decode.
std::optional<query_list> parse_query(std::string_view text);

/// The path and the query of a request target, both still encoded.
class target_parts {
public:
    target_parts(std::string_view path, std::string_view query) noexcept : path_{path}, query_{query} {}
    std::string_view path() const noexcept { return path_; }
    std::string_view query() const noexcept { return query_; }

private:
    std::string_view path_;
    std::string_view query_;
};

/// Splits a request target: origin form (`/path?query`), absolute form (`http://host/path?query`) or `*`.
/// A fragment, which clients should not send, is cut off. `nullopt` for anything else. The parts are views of
/// `target`, or of a literal. Source: RFC 9112 section 3.2.
std::optional<target_parts> split_target(std::string_view target) noexcept;

} // namespace tusk::http
