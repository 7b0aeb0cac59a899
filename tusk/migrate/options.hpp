#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include <tusk/migrate/file.hpp>

namespace tusk::migrate {

/// What to do with files that were added below the last one applied.
enum class exec_order : std::uint8_t {
    linear,      ///< Refuse (the default).
    linear_skip, ///< Leave them out.
    non_linear,  ///< Apply them first.
};

/// "linear", "linear-skip", "non-linear"
std::string_view to_string(exec_order order) noexcept;
std::optional<exec_order> parse_exec_order(std::string_view word) noexcept;

/// What became of the statement that ran when the last run was cut off, when Tusk cannot find out.
enum class resolution : std::uint8_t {
    ask,  ///< Stop (the default).
    done, ///< It took effect: go on behind it.
    redo, ///< It did not: run it again.
};

/// What an event says.
enum class event_kind : std::uint8_t {
    waiting,        ///< Another run holds the lock.
    locked,         ///< This one has it.
    file_begins,    ///<
    statement_runs, ///< It is about to be sent.
    statement_done, ///< It was answered; its journal row may not be written yet.
    journal_done,   ///< A statement's journal row is committed (mode none).
    committing,     ///< COMMIT is about to be sent.
    file_done,      ///< The file and its journal row are committed; with one transaction for all, not yet.
    retrying,       ///< A lock could not be had in time; once more.
    repairing,      ///< An invalid index is dropped.
    all_done,       ///< Everything is committed.
};

/// Something that happens while migrations are applied.
struct event {
    event_kind kind;
    std::string_view file;      ///< Name; empty where there is none.
    std::size_t statement = 0;  ///< From 1; 0 where there is none.
    std::size_t statements = 0; ///< Of the file.
    std::string_view detail;    ///< For people.
};

/// How migrations are applied; the defaults are Atlas's. Each setter has a getter of the same name.
class apply_options {
public:
    using milliseconds = std::chrono::milliseconds;

    /// At most that many files; 0 is all.
    apply_options& amount(std::size_t files) {
        amount_ = files;
        return *this;
    }
    /// None behind this version.
    apply_options& to_version(std::string version) {
        to_version_ = std::move(version);
        return *this;
    }
    /// The database has everything up to this version already; counts when nothing was applied yet.
    apply_options& baseline(std::string version) {
        baseline_ = std::move(version);
        return *this;
    }
    apply_options& order(exec_order o) {
        order_ = o;
        return *this;
    }
    apply_options& mode(tx_mode m) {
        mode_ = m;
        return *this;
    }
    /// The first run may find tables of somebody else.
    apply_options& allow_dirty(bool on = true) {
        allow_dirty_ = on;
        return *this;
    }
    /// Files that were edited after they had been applied are a warning and no error.
    apply_options& allow_edited(bool on = true) {
        allow_edited_ = on;
        return *this;
    }
    /// Says what would be done. Writes nothing, takes no lock.
    apply_options& dry_run(bool on = true) {
        dry_run_ = on;
        return *this;
    }
    /// How long to wait for another run to end. Default 10 s; 0 does not wait.
    apply_options& wait_for_lock(milliseconds limit) {
        wait_for_lock_ = limit;
        return *this;
    }
    /// PostgreSQL's `lock_timeout` for the statements (0: none). Default 3 s: a statement that waits for a
    /// lock makes everybody else wait behind it. Not for statements with CONCURRENTLY, which do not.
    apply_options& statement_lock_timeout(milliseconds limit) {
        statement_lock_timeout_ = limit;
        return *this;
    }
    /// How often a transaction (or, in mode none, a statement) that could not get a lock in time or lost a
    /// deadlock is tried again, after 50 ms to 2 s. Default 10.
    apply_options& lock_retries(unsigned n) {
        lock_retries_ = n;
        return *this;
    }
    /// PostgreSQL's `statement_timeout` for the statements. Default 0: none.
    apply_options& statement_timeout(milliseconds limit) {
        statement_timeout_ = limit;
        return *this;
    }
    /// A script for the session, run whenever its settings have been reset: before each file, and before each
    /// row of the journal. For `set role`, `set search_path`, limits of memory. Without transactions of its
    /// own.
    apply_options& session_setup(std::string sql) {
        session_setup_ = std::move(sql);
        return *this;
    }
    /// A script behind each BEGIN of a migration's transaction, for `set local` and locks of one's own.
    apply_options& after_begin(std::string sql) {
        after_begin_ = std::move(sql);
        return *this;
    }
    /// A script before each COMMIT of a migration's transaction, behind its statements and its row of the
    /// journal; when it fails, all of that is rolled back.
    apply_options& before_commit(std::string sql) {
        before_commit_ = std::move(sql);
        return *this;
    }
    /// Where the revisions table is; see docs/migrate.md for the default.
    apply_options& revisions_schema(std::string name) {
        revisions_schema_ = std::move(name);
        return *this;
    }
    apply_options& resolve(resolution r) {
        resolve_ = r;
        return *this;
    }
    /// Told what happens, on the thread that does the work.
    apply_options& on_event(std::function<void(const event&)> f) {
        on_event_ = std::move(f);
        return *this;
    }
    /// When it is requested, the running statement is cancelled on the server and nothing more is begun.
    apply_options& stop(std::stop_token token) {
        stop_ = std::move(token);
        return *this;
    }

    std::size_t amount() const noexcept { return amount_; }
    const std::string& to_version() const noexcept { return to_version_; }
    const std::string& baseline() const noexcept { return baseline_; }
    exec_order order() const noexcept { return order_; }
    tx_mode mode() const noexcept { return mode_; }
    bool allow_dirty() const noexcept { return allow_dirty_; }
    bool allow_edited() const noexcept { return allow_edited_; }
    bool dry_run() const noexcept { return dry_run_; }
    milliseconds wait_for_lock() const noexcept { return wait_for_lock_; }
    milliseconds statement_lock_timeout() const noexcept { return statement_lock_timeout_; }
    unsigned lock_retries() const noexcept { return lock_retries_; }
    milliseconds statement_timeout() const noexcept { return statement_timeout_; }
    const std::string& session_setup() const noexcept { return session_setup_; }
    const std::string& after_begin() const noexcept { return after_begin_; }
    const std::string& before_commit() const noexcept { return before_commit_; }
    const std::string& revisions_schema() const noexcept { return revisions_schema_; }
    resolution resolve() const noexcept { return resolve_; }
    const std::function<void(const event&)>& on_event() const noexcept { return on_event_; }
    const std::stop_token& stop() const noexcept { return stop_; }

    /// Options that contradict each other. Errors: `errc::invalid_argument`.
    failure check() const;

private:
    std::size_t amount_ = 0;
    std::string to_version_;
    std::string baseline_;
    exec_order order_ = exec_order::linear;
    tx_mode mode_ = tx_mode::file;
    bool allow_dirty_ = false;
    bool allow_edited_ = false;
    bool dry_run_ = false;
    milliseconds wait_for_lock_{10'000};
    milliseconds statement_lock_timeout_{3'000};
    unsigned lock_retries_ = 10;
    milliseconds statement_timeout_{0};
    std::string session_setup_;
    std::string after_begin_;
    std::string before_commit_;
    std::string revisions_schema_;
    resolution resolve_ = resolution::ask;
    std::function<void(const event&)> on_event_;
    std::stop_token stop_;
};

} // namespace tusk::migrate
