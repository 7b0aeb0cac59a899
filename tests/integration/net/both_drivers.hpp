#pragma once

#include <tusk/client/options.hpp>
#include <tusk/core/error.hpp>
#include <tusk/net/conninfo.hpp>
#include <tusk/testing/scripted_server.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

/// The same tests for both drivers: a connection behind one interface, the asynchronous one driven by an
/// event loop of its own.
namespace net_test {

using namespace std::chrono_literals;
namespace be = tusk::testing::backend;
using tusk::testing::received_message;
using tusk::testing::scripted_server;
using tusk::testing::server_script;

class client {
public:
    virtual ~client() = default;
    virtual tusk::failure exec(const tusk::options& o, std::string_view sql) = 0;
    /// One text argument.
    virtual tusk::failure exec_with(std::string_view sql, std::string_view argument) = 0;
    virtual tusk::result<std::vector<std::string>> all(std::string_view sql) = 0;
    virtual bool is_open() const = 0;
    virtual bool looks_alive() = 0;
};
using opened = tusk::result<std::unique_ptr<client>>;

opened open_blocking(const tusk::connect_config& config);
opened open_asio(const tusk::connect_config& config);

/// How a test opens a connection: by which driver.
struct driver {
    const char* name;
    opened (*open)(const tusk::connect_config&);
};
inline void PrintTo(const driver& d, std::ostream* out) { *out << d.name; }
inline const auto both_drivers =
    ::testing::Values(driver{"blocking", open_blocking}, driver{"asio", open_asio});

class driver_test : public ::testing::TestWithParam<driver> {
protected:
    /// No test takes longer than this, whatever the server does.
    static constexpr auto patience = 5s;

    static tusk::connect_config config_of(std::string_view conninfo) {
        return tusk::parse_connect_config(conninfo).value();
    }
    opened open(const tusk::connect_config& config) {
        start_ = std::chrono::steady_clock::now();
        return GetParam().open(config);
    }
    opened open(std::string_view conninfo) { return open(config_of(conninfo)); }
    /// Opens and must succeed.
    std::unique_ptr<client> connected(const scripted_server& server) {
        auto c = open(server.conninfo());
        if (!c) {
            ADD_FAILURE() << c.error().message();
            return nullptr;
        }
        return std::move(*c);
    }
    void expect_in_time() const { EXPECT_LT(std::chrono::steady_clock::now() - start_, patience); }
    /// Connecting must fail with this code, a word in its message, and in time.
    void expect_refused(const tusk::connect_config& config, std::error_code code, std::string_view word) {
        const auto c = open(config);
        expect_in_time();
        ASSERT_FALSE(c) << "the connection was made";
        EXPECT_EQ(c.error().code(), code) << c.error().message();
        EXPECT_NE(c.error().message().find(word), std::string::npos) << c.error().message();
        EXPECT_EQ(c.error().sent(), tusk::sent_state::none);
    }
    void expect_refused(std::string_view conninfo, tusk::errc code, std::string_view word) {
        expect_refused(config_of(conninfo), tusk::make_error_code(code), word);
    }

private:
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// The messages that describe a statement without parameters and with one text column, and its answer of one
/// row.
std::string described();
std::string answered(const std::string& value);

} // namespace net_test
