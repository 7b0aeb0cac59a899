#include <services/http/response.hpp>

#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <tusk/core/error.hpp>

namespace tusk::http {

namespace {

unsigned checked_status(unsigned status) {
    if (status < 200 || status > 599)
        throw error{errc::invalid_argument, "an HTTP status must be 200 to 599"};
    return status;
}

/// The wall clock as RFC 3339 with milliseconds, in UTC.
std::string timestamp_now() {
    using namespace std::chrono;
    const auto now = floor<milliseconds>(system_clock::now());
    const auto seconds = system_clock::to_time_t(floor<std::chrono::seconds>(now));
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    std::array<char, 32> date{};
    const auto size = std::strftime(date.data(), date.size(), "%Y-%m-%dT%H:%M:%S", &utc);
    std::array<char, 8> fraction{};
    std::snprintf(fraction.data(), fraction.size(), ".%03dZ",
                  static_cast<int>(now.time_since_epoch().count() % 1000));
    return std::string{date.data(), size} + fraction.data();
}

} // namespace

response::response(unsigned status) : status_{checked_status(status)} {}

response response::json(unsigned status, std::string body) {
    response made{status};
    made.headers_.add("Content-Type", "application/json");
    made.body_ = std::move(body);
    return made;
}

response response::text(unsigned status, std::string body) {
    response made{status};
    made.headers_.add("Content-Type", "text/plain; charset=utf-8");
    made.body_ = std::move(body);
    return made;
}

response response::empty(unsigned status) { return response{status}; }

response& response::set_status(unsigned status) {
    status_ = checked_status(status);
    return *this;
}

response& response::set_header(std::string_view name, std::string_view value) {
    headers_.set(name, value);
    return *this;
}

response& response::set_body(std::string body) {
    body_ = std::move(body);
    return *this;
}

response& response::stream(body_writer writer) {
    stream_ = std::move(writer);
    return *this;
}

response& response::set_upgrade(std::shared_ptr<const websocket_upgrade> to) {
    upgrade_ = std::move(to);
    return *this;
}

response error_response(unsigned status, std::string_view code, std::string_view message,
                        std::string_view request_id) {
    boost::json::object inner;
    inner.emplace("code", boost::json::string_view{code.data(), code.size()});
    inner.emplace("message", boost::json::string_view{message.data(), message.size()});
    inner.emplace("request_id", boost::json::string_view{request_id.data(), request_id.size()});
    inner.emplace("timestamp", timestamp_now());
    boost::json::object envelope;
    envelope.emplace("error", std::move(inner));
    return response::json(status, boost::json::serialize(envelope));
}

} // namespace tusk::http
