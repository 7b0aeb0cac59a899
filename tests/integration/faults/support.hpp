#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <tusk/client/blocking.hpp>
#include <tusk/testing/fault_proxy.hpp>
#include <tusk/testing/gtest.hpp>

/// A real server behind a fault proxy, and a connection of either driver to it.
namespace faults_test {

using namespace std::chrono_literals;
using tusk::condition;
using tusk::errc;
using tusk::failure;
using tusk::options;
using tusk::testing::arrival;
using tusk::testing::fault_counts;
using tusk::testing::fault_proxy;

class subject {
public:
    virtual ~subject() = default;
    virtual tusk::blocking::verbs& db() = 0;
    virtual bool is_open() const = 0;
    /// Runs the statement in a transaction of its own; what begin, statement or commit failed with.
    virtual failure transact(const std::string& sql, const options& o) = 0;

    failure exec(const std::string& sql, const options& o = options{});
    /// Copies so many rows into t.
    failure copy_in(int rows, const options& o = options{});
    /// Copies t out; `rows` were seen.
    failure copy_out(int& rows, const options& o = options{});
};

tusk::result<std::unique_ptr<subject>> open_subject(const std::string& driver,
                                                    const tusk::connect_config& config);

class faults : public tusk::testing::database_test, public ::testing::WithParamInterface<std::string> {
protected:
    tusk::testing::database_options options() const override;
    void SetUp() override;
    void TearDown() override;

    fault_proxy& proxy() { return *proxy_; }
    /// Through the proxy.
    tusk::connect_config config() const;
    std::unique_ptr<subject> connected();
    /// Without the proxy.
    std::int64_t rows_of_t();
    /// The server runs nothing of this database, but for the one who asks.
    bool server_is_quiet();
    std::chrono::milliseconds elapsed() const;
    void start_clock() { start_ = std::chrono::steady_clock::now(); }

private:
    std::unique_ptr<fault_proxy> proxy_;
    std::chrono::steady_clock::time_point start_;
};

} // namespace faults_test
