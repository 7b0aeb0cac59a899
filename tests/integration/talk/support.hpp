#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/json/object.hpp>

#include <services/common/host.hpp>
#include <services/http/client.hpp>
#include <services/talk/application.hpp>
#include <tusk/testing/gtest.hpp>

namespace talk_test {

namespace asio = boost::asio;
namespace json = boost::json;

/// Calls `done` again and again until it is true; false after `limit`.
bool eventually(const std::function<bool()>& done, std::chrono::seconds limit = std::chrono::seconds{30});

/// A database with talk's tables.
class tables_test : public tusk::testing::database_test {
protected:
    tusk::testing::database_options options() const override;
    /// Runs `test` with a pool to it.
    void with_pool(std::function<asio::awaitable<void>(tusk::pool&)> test) const;
};

/// Talk in this process.
class running_talk {
public:
    /// `yaml` adds sections.
    explicit running_talk(const std::string& database_url, const std::string& yaml = {});
    ~running_talk();

    std::uint16_t port() const { return host_->port(); }
    std::string url(const std::string& path) const { return "http://" + host_->address() + path; }
    bool becomes_ready();
    void stop() { host_->stop(); }

    /// One request; a body is sent as JSON. The client has one connection.
    tusk::http::client_response ask(const std::string& method, const std::string& path,
                                    const std::string& body = {});
    /// As above, with a further header.
    tusk::http::client_response ask(const std::string& method, const std::string& path,
                                    const std::string& body, const std::string& header,
                                    const std::string& value);

private:
    tusk::talk::config settings_;
    tusk::talk::application application_;
    std::unique_ptr<tusk::common::host> host_;
    std::thread thread_;
    asio::io_context context_;
    tusk::http::client client_;
};

/// Of an answer that is a JSON object.
json::object object_of(const tusk::http::client_response& of);
std::string text_of(const json::object& from, std::string_view name);
std::int64_t id_of(const json::object& from);

} // namespace talk_test
