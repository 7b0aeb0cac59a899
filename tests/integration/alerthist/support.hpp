#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include <services/alerthist/service.hpp>
#include <tusk/embedded/server.hpp>

namespace alerthist_test {

namespace json = boost::json;

/// Calls `done` again and again until it is true; false after `limit`.
bool eventually(const std::function<bool()>& done, std::chrono::seconds limit = std::chrono::seconds{30});

struct answer {
    int status = 0;
    std::map<std::string, std::string> headers; ///< Names in lower case.
    std::string body;

    /// Of a body that is a JSON object.
    json::object object() const { return json::parse(body).as_object(); }
};

/// A connection on which one request is sent, in pieces if need be. Reads end after thirty seconds.
class http_connection {
public:
    explicit http_connection(std::uint16_t port);
    ~http_connection();
    http_connection(const http_connection&) = delete;
    http_connection& operator=(const http_connection&) = delete;

    void send(std::string_view bytes);
    answer receive();
    /// Adds to `seen` until `what` is in it; false when the connection ends or nothing comes for thirty
    /// seconds.
    bool receive_until(std::string_view what, std::string& seen);

private:
    int socket_;
};

std::string request_text(const std::string& method, const std::string& target, const std::string& body = {},
                         const std::string& content_type = "application/json");
answer get(std::uint16_t port, const std::string& target);
answer post(std::uint16_t port, const std::string& body,
            const std::string& content_type = "application/json");
/// A request of any kind, on a connection of its own; `headers` are finished lines. What comes back must be
/// what openapi.json says of it, or the test fails.
answer call(std::uint16_t port, const std::string& method, const std::string& target,
            const std::string& body = {}, const std::string& headers = {});
/// Everything that openapi.json says against an answer; empty when nothing.
std::string objections(const std::string& method, const std::string& target, const answer& what);
/// The document.
const json::object& openapi();

/// For query strings.
std::string percent_encoded(const std::string& text);

/// The database server of this test program.
tusk::embedded::server& postgres();
/// A URL of a new, empty database on it.
std::string new_database();
/// A new server for a test that stops it.
tusk::embedded::server own_postgres();

/// Executes a script; throws what the server says.
void execute(const std::string& url, const std::string& sql);
/// The first column of all rows, as text ("NULL" for a null); throws what the server says.
std::vector<std::string> rows(const std::string& url, const std::string& sql);
/// The only one.
std::string value(const std::string& url, const std::string& sql);

/// A configuration with `database.url` and a quiet log, on a free port; `yaml` adds sections.
tusk::alerthist::config settings(const std::string& database_url, const std::string& yaml = {});

/// A service in this process.
class running_service {
public:
    explicit running_service(const std::string& database_url, const std::string& yaml = {});
    ~running_service();

    std::uint16_t port() const { return service_.port(); }
    bool becomes_ready() const;
    void stop() { service_.stop(); }

private:
    tusk::alerthist::service service_;
    std::thread thread_;
};

/// The captured body of a real Alertmanager.
std::string real_body();
std::string replaced(std::string in, const std::string& what, const std::string& with);

/// A body of Alertmanager's, made of alerts.
class body {
public:
    body& firing(const std::string& name, const std::string& start, const json::object& labels = {});
    body& resolved(const std::string& name, const std::string& start, const std::string& end,
                   const json::object& labels = {});
    std::string text() const;

private:
    body& add(json::object alert, const std::string& name, const std::string& start,
              const json::object& labels);
    json::array alerts_;
};

} // namespace alerthist_test
