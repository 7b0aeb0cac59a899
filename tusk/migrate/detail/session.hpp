#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include <tusk/client/blocking.hpp>
#include <tusk/core/error.hpp>
#include <tusk/migrate/journal.hpp>
#include <tusk/migrate/options.hpp>
#include <tusk/net/conninfo.hpp>

namespace tusk::migrate::detail {

/// The one connection that locks, executes and writes the journal. Because all three are one session, losing
/// the lock means losing the power to execute.
class session {
public:
    /// Connects, and refuses what cannot be migrated: a standby, a read-only server, a pooler that moves
    /// sessions between servers.
    static result<std::unique_ptr<session>> open(const connect_config& target, const apply_options& o,
                                                 bool only_reads = false);
    ~session();
    session(const session&) = delete;
    session& operator=(const session&) = delete;

    blocking::connection& db() noexcept { return db_; }
    migrate::journal& journal() noexcept { return *journal_; }

    /// Takes the lock of the migrations, waiting for it. Errors: `errc::timeout` when another run has it.
    failure lock(const apply_options& o);
    void unlock() noexcept;

    /// Undoes what a file SET, and sets what every file may rely on; `then` is executed behind that, in the
    /// same round trip where the user has nothing to set.
    failure reset(std::string_view then = {});
    /// A script of the user's; its failure says which. Nothing is sent for an empty one.
    failure run_hook(std::string_view name, const std::string& sql);
    /// One statement's text. `errc::canceled` when stopping was what ended it.
    failure execute(const std::string& sql);
    bool stop_requested() const noexcept { return stop_.stop_requested(); }

private:
    session(const connect_config& target, blocking::connection db, const apply_options& o);
    failure check(bool only_reads);
    failure check_pooler();
    void cancel() noexcept;

    connect_config target_;
    blocking::connection db_;
    std::optional<migrate::journal> journal_;
    std::string settings_; ///< SQL that sets them.
    std::string setup_;    ///< The user's, behind them.
    std::stop_token stop_;
    std::int32_t backend_ = 0; ///< The server's own process id, which a pooler hides.
    bool locked_ = false;
    /// Last: what it calls uses the others.
    std::unique_ptr<std::stop_callback<std::function<void()>>> on_stop_;
};

} // namespace tusk::migrate::detail
