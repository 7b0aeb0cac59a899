#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <boost/json/fwd.hpp>
#include <boost/system/result.hpp>

#include <services/http/request.hpp>
#include <services/http/response.hpp>

/// Answers that several handlers give.
namespace tusk::alerthist::answers {

http::response bad_request(const http::request& from, std::string_view why);
http::response not_found(const http::request& from, std::string_view what);
http::response conflict(const http::request& from, std::string_view why);

/// Where and how a body is no JSON.
struct bad_body {
    std::string text;
};

/// The body as JSON.
boost::system::result<boost::json::value, bad_body> parse_body(const http::request& from);

} // namespace tusk::alerthist::answers
