#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tusk::observe::detail {

/// An `http://` or `https://` URL, taken apart.
struct place {
    bool tls = false;
    std::string host; ///< Without the brackets of an IPv6 address.
    std::string port;
    std::string target;    ///< Path and query, from the "/".
    std::string authority; ///< As the `Host` header has it.

    bool operator==(const place&) const = default;
};

/// Nothing when it is not such a URL, or names a user (who belongs in a header).
std::optional<place> read_url(std::string_view url);

/// Throws `tusk::error` (`errc::invalid_configuration`), naming `what`, when `read_url` reads nothing.
void check_url(std::string_view what, std::string_view url);

/// Throws the same when an HTTP header cannot be sent as such.
void check_header(std::string_view what, std::string_view name, std::string_view value);

/// Nothing when a "%" is not followed by two digits.
std::optional<std::string> percent_decoded(std::string_view text);

} // namespace tusk::observe::detail
