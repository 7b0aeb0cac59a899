#pragma once

#include <memory>
#include <string>

#include <tusk/client/blocking.hpp>
#include <tusk/testing/database.hpp>

namespace tusk::testing {

/// The fastest isolation: one transaction that is never committed, on a database that the tests of this
/// process share. Code under test takes a handle (`blocking::verbs&`, or a template); its own transactions
/// are savepoints (`db().begin()`). What commits by itself, or uses another connection, needs a database of
/// its own.
class rollback_session {
public:
    /// The database of these options is made once per process. Throws `tusk::error`.
    explicit rollback_session(const database_options& o = {}, const connection_settings& settings = {});
    ~rollback_session();
    rollback_session(const rollback_session&) = delete;
    rollback_session& operator=(const rollback_session&) = delete;

    blocking::transaction& db() noexcept { return *transaction_; }
    /// Of the shared database: what another connection does there is not rolled back.
    const std::string& url() const noexcept { return url_; }
    /// Takes back everything so far, and begins anew.
    void reset();

private:
    std::string url_;
    std::unique_ptr<blocking::connection> connection_;
    std::unique_ptr<blocking::transaction> transaction_;
};

/// The database of these options that all tests of this process share; made by the first call. Throws
/// `tusk::error`.
database& shared_database(const database_options& o = {});

} // namespace tusk::testing
