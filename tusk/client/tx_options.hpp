#pragma once

#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <vector>

#include <tusk/client/options.hpp>
#include <tusk/core/error.hpp>

namespace tusk {

/// How a transaction begins, and whether it may run again. Defaults are the server's.
class tx_options {
public:
    tx_options& read_committed() {
        isolation_ = "read committed";
        return *this;
    }
    tx_options& repeatable_read() {
        isolation_ = "repeatable read";
        return *this;
    }
    tx_options& serializable() {
        isolation_ = "serializable";
        return *this;
    }
    tx_options& read_only() {
        access_ = "read only";
        return *this;
    }
    tx_options& read_write() {
        access_ = "read write";
        return *this;
    }
    tx_options& deferrable() {
        deferrable_ = true;
        return *this;
    }
    /// The whole BEGIN statement, for what the others do not say; they have no effect then.
    tx_options& begin_with(std::string sql) {
        begin_ = std::move(sql);
        return *this;
    }
    /// How often the closure may run again after a serialization failure or a deadlock. Default: never,
    /// because only the caller knows whether it may.
    tx_options& retries(unsigned n) {
        retries_ = n;
        return *this;
    }
    /// Asks for the transaction's id before COMMIT, one more round trip, so that `resolve_commit` can find
    /// out what became of it when the answer is lost.
    tx_options& resolvable() {
        resolvable_ = true;
        return *this;
    }
    /// Limit of each of BEGIN and COMMIT; the statements have their own.
    tx_options& timeout(steady_clock::duration d) {
        options_.timeout(d);
        return *this;
    }

    /// Who begins it, for a pool's leak detector; a pool's `begin` and `transact` say it themselves.
    tx_options& begun_at(std::source_location where) noexcept {
        where_ = where;
        return *this;
    }

    const std::source_location& begun_at() const noexcept { return where_; }
    std::string begin_sql() const;
    bool is_resolvable() const noexcept { return resolvable_; }
    unsigned retries() const noexcept { return retries_; }
    const options& call_options() const noexcept { return options_; }

private:
    std::string begin_;
    const char* isolation_ = nullptr;
    const char* access_ = nullptr;
    bool deferrable_ = false;
    bool resolvable_ = false;
    unsigned retries_ = 0;
    options options_;
    std::source_location where_;
};

namespace detail {
class transaction_watch;
/// The name of the savepoint of a nesting depth, from 1.
std::string savepoint_name(unsigned depth);
/// The BEGIN or SAVEPOINT of this depth has not been sent yet, and never will be.
bool forget_unsent_begin(std::vector<std::string>& preamble, unsigned depth);
/// How long to wait before another attempt: full jitter, 50 ms doubling up to 2 s.
std::chrono::milliseconds back_off_time(unsigned attempt);
/// What a failed or doubtful COMMIT means; `tag` is the command tag of the answer.
failure judge_commit(failure f, std::string_view tag, bool had_failed);
/// The same for a transaction that was asked for its id; nothing when it had none, and so had written
/// nothing.
failure judge_commit(failure f, std::string_view tag, bool had_failed, const std::optional<std::string>& id);
inline constexpr std::string_view transaction_id_sql = "select pg_catalog.pg_current_xact_id_if_assigned()";
failure transaction_closed_failure();
failure independent_in_transaction_failure();
} // namespace detail

namespace detail {
/// The server gave the transaction up for another one's sake: the same again may well succeed. A timeout or a
/// lost connection is not that: the time is spent, or nobody knows what happened.
inline bool lost_to_another(const error& e) noexcept {
    return e.is(condition::serialization_failure) || e.is(condition::deadlock);
}
} // namespace detail

} // namespace tusk
