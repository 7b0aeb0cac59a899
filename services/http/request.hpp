#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <services/http/headers.hpp>
#include <services/http/identity.hpp>
#include <services/http/url.hpp>

namespace tusk::http {

class router;

/// A new random identifier for a request: 32 hexadecimal digits.
std::string generate_request_id();

/// Whether an identifier from outside may go into logs and headers: 1 to 128 characters out of
/// `[A-Za-z0-9._:-]`.
bool is_sane_request_id(std::string_view id) noexcept;

/// One HTTP request, read completely. The server makes it; handlers and middleware read it, tests build it
/// with the setters. Views that it returns live as long as the request and are ended by the setter of the
/// same thing.
class request {
public:
    request();
    /// For tests and internal calls. Throws `tusk::error` (`errc::invalid_argument`) when the target is
    /// malformed.
    request(std::string method, std::string target);

    /// As sent, in upper case for every standard method: "GET", "POST", …; empty when the request line was
    /// unreadable.
    const std::string& method() const noexcept { return method_; }
    /// The request target as sent, with the query.
    const std::string& target() const noexcept { return target_; }
    /// The path, percent-decoded, without the query.
    const std::string& path() const noexcept { return path_; }
    /// The path as sent, without the query.
    std::string_view encoded_path() const noexcept;

    /// The first query parameter of that name, decoded; an empty string when it has no value.
    std::optional<std::string_view> query(std::string_view name) const noexcept;
    /// All values of that name, in order.
    std::vector<std::string_view> query_all(std::string_view name) const;
    const query_list& query_parameters() const noexcept { return query_; }

    const header_list& headers() const noexcept { return headers_; }
    /// The first header of that name, compared without case.
    std::optional<std::string_view> header(std::string_view name) const noexcept {
        return headers_.find(name);
    }

    const std::string& body() const noexcept { return body_; }

    /// The part of the path that `{name}` of the route's pattern matched, decoded; empty for a name that the
    /// pattern does not have.
    std::string_view param(std::string_view name) const noexcept;
    /// The pattern of the route that matched; empty when none did. There are as many values as routes, which
    /// makes it fit for a metric's label.
    const std::string& route() const noexcept { return route_; }

    /// The peer's numeric address, without the port.
    const std::string& remote_address() const noexcept { return remote_address_; }
    /// The peer's X-Request-Id when it is sane, else generated.
    const std::string& id() const noexcept { return id_; }
    /// When the request's first byte was there.
    std::chrono::system_clock::time_point received_at() const noexcept { return received_at_; }

    /// Who sent it, when a middleware has found that out.
    const std::optional<http::identity>& identity() const noexcept { return identity_; }

    request& set_identity(http::identity who);
    request& set_method(std::string method);
    /// Returns false, and leaves path and query empty, when the target or its percent-encoding is malformed.
    [[nodiscard]] bool set_target(std::string target);
    /// Replaces the headers, and the identifier when they hold a sane X-Request-Id.
    request& set_headers(header_list headers);
    request& set_header(std::string_view name, std::string_view value);
    request& set_body(std::string body);
    request& set_remote_address(std::string address);
    request& set_received_at(std::chrono::system_clock::time_point at);

private:
    friend class router;
    void adopt_id();

    std::string method_;
    std::string target_;
    std::string path_;
    query_list query_;
    header_list headers_;
    std::string body_;
    std::string route_;
    std::vector<std::pair<std::string, std::string>> params_;
    std::string remote_address_;
    std::string id_;
    std::optional<http::identity> identity_;
    std::chrono::system_clock::time_point received_at_;
};

} // namespace tusk::http
