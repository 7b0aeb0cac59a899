#pragma once

#include <chrono>
#include <functional>
#include <string>

#include <tusk/client/blocking.hpp>
#include <tusk/schema/plan.hpp>

namespace tusk::schema {

/// How a plan is executed.
class execute_options {
public:
    /// How long a statement may wait for a lock before it gives way to others; zero: for ever. Default 3 s.
    execute_options& lock_timeout(std::chrono::milliseconds t) {
        lock_timeout_ = t;
        return *this;
    }
    /// How often a transaction that could not get its locks is tried again. Default 10.
    execute_options& retries(unsigned n) {
        retries_ = n;
        return *this;
    }
    /// Called before each statement.
    execute_options& on_statement(std::function<void(const statement&)> f) {
        on_statement_ = std::move(f);
        return *this;
    }
    /// Roles that are missing are made: for servers of one's own.
    execute_options& make_roles(bool on) {
        make_roles_ = on;
        return *this;
    }
    std::chrono::milliseconds lock_timeout() const noexcept { return lock_timeout_; }
    unsigned retries() const noexcept { return retries_; }
    const std::function<void(const statement&)>& on_statement() const noexcept { return on_statement_; }
    bool makes_roles() const noexcept { return make_roles_; }

private:
    std::chrono::milliseconds lock_timeout_{3000};
    unsigned retries_ = 10;
    std::function<void(const statement&)> on_statement_;
    bool make_roles_ = false;
};

/// How far a plan got.
struct executed {
    std::size_t statements = 0; ///< That took effect.
    failure why;                ///< Empty when all did; names the statement otherwise.
    const statement* failed_at = nullptr;
};

/// Executes a plan, transaction by transaction. A transaction that waits too long for a lock is tried again;
/// an index that a failed CREATE INDEX CONCURRENTLY left invalid is dropped first.
executed execute(blocking::connection& on, const plan& what, const execute_options& how = {});

} // namespace tusk::schema
