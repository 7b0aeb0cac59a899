#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include <tusk/client/blocking.hpp>
#include <tusk/core/error.hpp>
#include <tusk/testing/server_choice.hpp>

namespace tusk::testing {

/// This connection string with another database: a URL, or keywords and values.
std::string with_database(std::string_view conninfo, std::string_view database);
/// With another role, and its password.
std::string with_role(std::string_view conninfo, std::string_view role, std::string_view password);

/// The server that tests run on, by `server_choice::from_environment`. By default it is an embedded one,
/// started on first use and shared by all processes of the run.
class test_server {
public:
    /// Throws `tusk::error`: `errc::environment` when there are no PostgreSQL binaries (the message says the
    /// remedy), `errc::invalid_configuration` when `TUSK_TEST_SERVER` makes no sense.
    static test_server& shared();

    /// A URL of the maintenance database, with rights to create databases.
    const std::string& url() const noexcept { return url_; }
    /// The same server, another database.
    std::string url_for(std::string_view database) const { return with_database(url_, database); }
    /// Made for tests: its data go with it.
    bool is_embedded() const noexcept { return kind_ == server_kind::embedded || kind_ == server_kind::own; }
    server_kind kind() const noexcept { return kind_; }
    /// The major version of PostgreSQL: 15. Throws `tusk::error` when a server of `TUSK_TEST_URL` cannot be
    /// asked.
    int major_version();
    /// Nothing has to survive a crash: `fsync` is off. Copying files is the fastest way to a database then.
    bool is_forgetful();
    /// The size of its log by now, for `log_since`; 0 of servers whose log we do not have.
    std::uint64_t log_position() const;
    /// The lines about one database that came into the log since then, at most the last `lines`.
    std::string log_since(std::uint64_t position, std::string_view database, std::size_t lines = 30) const;
    /// It stays for an hour after its last user, for a look at what a test left behind.
    void keep() noexcept;
    ~test_server();

    explicit test_server(const server_choice& choice);
    test_server(const test_server&) = delete;
    test_server& operator=(const test_server&) = delete;

private:
    struct running;
    void ask();
    std::unique_ptr<running> running_;
    std::string url_;
    std::string log_file_;
    server_kind kind_ = server_kind::embedded;
    std::once_flag asked_;
    int major_version_ = 0;
    bool forgetful_ = false;
};

} // namespace tusk::testing
