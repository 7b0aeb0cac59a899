#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include <services/http/request.hpp>
#include <services/http/response.hpp>

namespace tusk::http {

class router;
class resolution;

/// Answers a request. Runs on the strand of the request's connection; the request outlives it. An exception
/// becomes a 500 with a generic body. Cancelled when the server cuts the connection.
using handler = std::function<boost::asio::awaitable<response>(request&)>;

/// The rest of the way to the response: call it to go on, or answer without it.
class next {
public:
    boost::asio::awaitable<response> operator()(request& from) const;

private:
    friend class router;
    next(const router& owner, const resolution& where, std::size_t index) noexcept
        : owner_{&owner}, where_{&where}, index_{index} {}

    const router* owner_;
    const resolution* where_;
    std::size_t index_;
};

/// Wraps every request, also those that no route matches, in the order of `router::use`.
using middleware = std::function<boost::asio::awaitable<response>(request&, next)>;

/// A registered route; its setters refine it and may be chained.
class route {
public:
    route(std::string method, std::string pattern, handler run)
        : method_{std::move(method)}, pattern_{std::move(pattern)}, run_{std::move(run)} {}

    /// The largest body in bytes, in place of the server's limit; a larger one is answered with 413.
    route& max_body(std::uint64_t bytes) {
        max_body_ = bytes;
        return *this;
    }
    /// Requires the Content-Type of a request with a body to be this media type, or another one named so;
    /// else 415. Parameters such as charset are ignored in the comparison.
    route& accepts(std::string media_type) {
        accepted_.push_back(std::move(media_type));
        return *this;
    }

    const std::string& method() const noexcept { return method_; }
    const std::string& pattern() const noexcept { return pattern_; }

private:
    friend class router;
    friend class resolution;

    std::string method_;
    std::string pattern_;
    handler run_;
    std::vector<std::string> parameters_; ///< Names, in the order of their segments.
    std::vector<std::string> accepted_;
    std::optional<std::uint64_t> max_body_;
};

/// Where a request goes, known as soon as its header is. Valid as long as the router.
class resolution {
public:
    /// 0 when the route's handler will run; else what the router answers itself: 204 (OPTIONS), 404, 405 or
    /// 415.
    unsigned status() const noexcept { return status_; }
    /// The methods that the path has, for the Allow header; empty with status 0, 404 and 415.
    const std::string& allow() const noexcept { return allow_; }
    /// The route's own limit.
    std::optional<std::uint64_t> max_body() const noexcept {
        return route_ ? route_->max_body_ : std::nullopt;
    }

private:
    friend class router;
    const route* route_ = nullptr;
    unsigned status_ = 404;
    std::string allow_;
};

/// Finds the handler of a request. A pattern is a path of literal segments, `{name}` for one segment that is
/// not empty, and as its last segment possibly `{name...}` for the whole rest. Segments are compared decoded,
/// so `%2F` never separates. A literal is preferred to `{name}`, that to `{name...}`, among those with the
/// request's method; HEAD goes to GET's handler when there is none of its own, OPTIONS is answered. Trailing
/// slashes count. Set up first, then shared: all const members may be called from several threads.
class router {
public:
    router();
    router(router&&) noexcept;
    router& operator=(router&&) noexcept;
    ~router();

    /// All throw `tusk::error` (`errc::invalid_argument`) for a malformed pattern and for one that is there
    /// already (also under other parameter names). The reference lives as long as the router.
    route& get(std::string_view pattern, handler run) { return add("GET", pattern, std::move(run)); }
    route& post(std::string_view pattern, handler run) { return add("POST", pattern, std::move(run)); }
    route& put(std::string_view pattern, handler run) { return add("PUT", pattern, std::move(run)); }
    route& patch(std::string_view pattern, handler run) { return add("PATCH", pattern, std::move(run)); }
    route& del(std::string_view pattern, handler run) { return add("DELETE", pattern, std::move(run)); }
    route& add(std::string_view method, std::string_view pattern, handler run);

    /// Adds a middleware inside those added before.
    router& use(middleware wrap);

    /// Finds the route by method and path and stores its pattern and path parameters in the request.
    resolution resolve(request& of) const;

    /// Runs the middleware and the handler. Exceptions of theirs come out.
    boost::asio::awaitable<response> handle(request& of, const resolution& where) const;
    boost::asio::awaitable<response> handle(request& of) const;

private:
    friend class next;
    struct node;
    class search;

    boost::asio::awaitable<response> step(std::size_t index, request& of, const resolution& where) const;

    std::unique_ptr<node> root_;
    std::vector<middleware> middleware_;
};

/// What the router answers itself when `status` is not 0; see `resolution::status`.
response router_response(const request& of, const resolution& where);

} // namespace tusk::http
