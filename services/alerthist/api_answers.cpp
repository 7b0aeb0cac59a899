#include <services/alerthist/api_answers.hpp>

#include <boost/json.hpp>

namespace tusk::alerthist::answers {

namespace json = boost::json;

http::response bad_request(const http::request& from, std::string_view why) {
    return http::error_response(400, "VALIDATION_ERROR", why, from.id());
}

http::response not_found(const http::request& from, std::string_view what) {
    return http::error_response(404, "NOT_FOUND", what, from.id());
}

http::response conflict(const http::request& from, std::string_view why) {
    return http::error_response(409, "CONFLICT", why, from.id());
}

boost::system::result<json::value, bad_body> parse_body(const http::request& from) {
    const auto bad = [](std::size_t at, const std::string& why) {
        return bad_body{"body: not valid JSON at byte " + std::to_string(at + 1) + ": " + why};
    };
    json::parser parser;
    boost::system::error_code ec;
    const auto& body = from.body();
    const auto consumed = parser.write_some(body.data(), body.size(), ec);
    if (ec) return bad(consumed, ec.message());
    const auto rest = body.find_first_not_of(" \t\r\n", consumed);
    if (rest != std::string::npos) return bad(rest, "something follows the document");
    return parser.release();
}

} // namespace tusk::alerthist::answers
