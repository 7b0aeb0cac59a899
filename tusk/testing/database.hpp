#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <tusk/client/blocking.hpp>
#include <tusk/core/error.hpp>

namespace tusk::testing {

/// The server that tests run on: `TUSK_TEST_URL` when it is set, else an ephemeral embedded server, started
/// on first use and shared by the whole process.
class test_server {
public:
    /// Throws `tusk::error` (`errc::environment`) when there are no PostgreSQL binaries; the message says the
    /// remedy.
    static test_server& shared();

    /// A URL of the maintenance database, with rights to create databases.
    const std::string& url() const noexcept { return url_; }
    /// The same server, another database.
    std::string url_for(std::string_view database) const;
    /// Started by this process: its data live in memory and go with it.
    bool is_embedded() const noexcept { return embedded_; }
    /// The major version of PostgreSQL: 15. Throws `tusk::error` when a server of `TUSK_TEST_URL` cannot be
    /// asked.
    int major_version();
    ~test_server();

private:
    test_server();
    struct running;
    std::unique_ptr<running> running_;
    std::string url_;
    bool embedded_ = false;
    std::once_flag asked_;
    int major_version_ = 0;
};

/// What a test's database is to hold, and what becomes of it.
class database_options {
public:
    /// SQL that makes the schema (and seeds). Scripts run in order, once for each content: the result is kept
    /// as a template, and every test gets a clone of it.
    database_options& script(std::string sql) {
        scripts_.push_back(std::move(sql));
        return *this;
    }
    const std::vector<std::string>& scripts() const noexcept { return scripts_; }

private:
    std::vector<std::string> scripts_;
};

/// A database of a test's own: cloned from a template when made, dropped when destroyed. Safe to make from
/// several threads and processes at once on the same server.
class database {
public:
    /// Throws `tusk::error`.
    static database create(const database_options& o = {});
    database(database&& other) noexcept;
    database& operator=(database&& other) noexcept;
    ~database();

    const std::string& url() const noexcept { return url_; }
    const std::string& name() const noexcept { return name_; }
    /// A new connection to it.
    blocking::connection connect() const { return blocking::connection::open(url_); }
    /// It stays when this object goes (to look into after a failure).
    void keep() noexcept { kept_ = true; }
    /// For people: how to look into it.
    std::string psql_line() const { return "psql '" + url_ + "'"; }

private:
    explicit database(std::string name);
    void drop() noexcept;
    std::string name_;
    std::string url_;
    bool kept_ = false;
};

} // namespace tusk::testing
