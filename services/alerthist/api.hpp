#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include <boost/asio/awaitable.hpp>

#include <services/alerthist/common.hpp>
#include <services/alerthist/health.hpp>
#include <services/alerthist/metrics.hpp>
#include <services/alerthist/pipeline.hpp>
#include <services/alerthist/store.hpp>
#include <services/http/router.hpp>

namespace tusk::alerthist {

/// The HTTP interface. Errors have the envelope of `http::error_response`; a database that cannot serve now
/// is a 503 with Retry-After, which makes Alertmanager send again at once (a 4xx, 429 included, would not).
class api {
public:
    api(store& reads, pipeline& writes, health& state, metrics& counted_by, alerthist::log& errors) noexcept
        : store_{reads}, pipeline_{writes}, health_{state}, metrics_{counted_by}, log_{errors} {}

    /// The routes refer to this object.
    http::router routes(std::uint64_t max_request_size, std::size_t max_alerts);

private:
    using answer = boost::asio::awaitable<http::response>;

    answer guard(http::request& from, http::next go_on);
    answer webhook(http::request& from);
    answer list_alerts(http::request& from);
    answer one_alert(http::request& from);
    answer list_events(http::request& from);
    answer ready(http::request& from);
    answer summary(http::request& from);

    http::response unavailable(const http::request& from);

    store& store_;
    pipeline& pipeline_;
    health& health_;
    metrics& metrics_;
    alerthist::log& log_;
    std::size_t max_alerts_ = 0;
    std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

/// The text of `/`; `host` is "name:port".
std::string start_page(const std::string& host);

/// Commands that post an alert and read it back.
std::string sample_commands(const std::string& host);

/// "0.1.0".
std::string_view version() noexcept;

} // namespace tusk::alerthist
