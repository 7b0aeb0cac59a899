#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/json/fwd.hpp>

#include <services/alerthist/analysis.hpp>
#include <services/alerthist/classifier.hpp>
#include <services/alerthist/common.hpp>
#include <services/alerthist/feed.hpp>
#include <services/alerthist/health.hpp>
#include <services/alerthist/metrics.hpp>
#include <services/alerthist/monitor.hpp>
#include <services/alerthist/outbox_store.hpp>
#include <services/alerthist/pipeline.hpp>
#include <services/alerthist/policy_keeper.hpp>
#include <services/alerthist/policy_store.hpp>
#include <services/alerthist/publisher.hpp>
#include <services/alerthist/security.hpp>
#include <services/alerthist/store.hpp>
#include <services/http/router.hpp>

namespace tusk::alerthist {

/// What the API is made of.
struct api_parts {
    pool* on = nullptr;
    store* alerts = nullptr;
    alerthist::analysis* analysis = nullptr;
    policy_store* rules = nullptr;
    policy_keeper* keeper = nullptr;
    alerthist::classifier* classifier = nullptr;
    alerthist::pipeline* pipeline = nullptr;
    outbox_store* outbox = nullptr;
    alerthist::publisher* publisher = nullptr;
    alerthist::monitor* monitor = nullptr;
    std::shared_ptr<alerthist::feed> feed;
    alerthist::health* health = nullptr;
    alerthist::metrics* metrics = nullptr;
    alerthist::log* log = nullptr;
    alerthist::security* security = nullptr;
    std::function<std::string()> settings;         ///< Settings of the API, as JSON.
    std::function<void(http::router&)> middleware; ///< Adds what stands before every route.
};

/// The HTTP interface, as services/alerthist/openapi.json describes it. Errors have the envelope of
/// `http::error_response`; a database that cannot serve now is a 503 with Retry-After, which makes
/// Alertmanager send again at once (a 4xx, 429 included, would not).
class api {
public:
    explicit api(api_parts parts) : p_{std::move(parts)} {}

    /// The routes refer to this object.
    http::router routes(std::uint64_t max_request_size, std::size_t max_alerts);

private:
    using answer = boost::asio::awaitable<http::response>;
    using method = answer (api::*)(http::request&);

    void add_ingest(http::router& to, std::uint64_t max_request_size);
    void add_alerts(http::router& to);
    void add_analysis(http::router& to);
    void add_resources(http::router& to);
    void add_publishing(http::router& to);
    void add_realtime(http::router& to);
    void add_operations(http::router& to);
    void add_probes(http::router& to);
    /// A handler for those who may, once the tables are there.
    http::handler guarded(http::role least, method run);
    /// The same without the tables.
    http::handler only(http::role least, method run);

    answer guard(http::request& from, http::next go_on);
    answer webhook(http::request& from);
    answer posted_alerts(http::request& from);
    answer ingest(const http::request& from, const notification& what);
    http::response refused(const http::request& from, const rejection& why);

    answer list_alerts(http::request& from);
    answer one_alert(http::request& from);
    answer list_events(http::request& from);
    answer history(http::request& from);

    answer stats(http::request& from);
    answer top(http::request& from);
    answer flapping(http::request& from);
    answer report(http::request& from);

    void add_resource(http::router& to, const std::string& path, const resource& what, http::role to_change);
    answer list_resource(http::request& from, const resource& what);
    answer get_resource(http::request& from, const resource& what);
    answer create_resource(http::request& from, const resource& what);
    answer replace_resource(http::request& from, const resource& what);
    answer remove_resource(http::request& from, const resource& what);
    answer check_silences(http::request& from);
    answer classification_stats(http::request& from);
    /// Everybody sees the change from now on.
    boost::asio::awaitable<void> changed();

    answer get_mode(http::request& from);
    answer set_mode(http::request& from);
    answer publishing(http::request& from);
    answer list_letters(http::request& from);
    answer replay_letters(http::request& from);
    answer replay_letter(http::request& from);
    answer delete_letter(http::request& from);

    answer listen_socket(http::request& from);
    answer listen_stream(http::request& from);

    answer ready(http::request& from);
    answer summary(http::request& from);
    answer pool_state(http::request& from);
    answer statements(http::request& from);
    answer settings(http::request& from);
    answer me(http::request& from);

    http::response unavailable(const http::request& from);

    api_parts p_;
    std::size_t max_alerts_ = 0;
};

/// The text of `/` for those who do not ask for HTML; `host` is "name:port".
std::string start_page(const std::string& host);

/// Commands that post an alert and read it back.
std::string sample_commands(const std::string& host);

/// "0.1.0".
std::string_view version() noexcept;
/// Since the program began.
std::chrono::steady_clock::duration uptime() noexcept;

} // namespace tusk::alerthist
