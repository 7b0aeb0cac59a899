#pragma once

#include <cstdint>

#include <tusk/core/sqlstate.hpp>

namespace tusk {

/// How far a request got before it failed. Decides whether it may be sent again.
/// Source: pgx `SafeToRetry`; reliability rules of the project.
enum class sent_state : std::uint8_t {
    none,     ///< No byte of the request left the process.
    partial,  ///< Some bytes were written, not all.
    complete, ///< Everything was written; no final answer arrived.
    answered, ///< The server gave its final answer.
};

/// The transaction status of ReadyForQuery.
enum class transaction_status : char {
    unknown = 0,
    idle = 'I',           ///< Not in a transaction.
    in_transaction = 'T', ///< In a transaction block.
    failed = 'E',         ///< In a failed transaction block; only ROLLBACK is accepted.
};

/// Whether sending the same work again is safe.
enum class retry_advice : std::uint8_t {
    never,         ///< Would fail again, or may have taken effect.
    safe,          ///< Nothing was executed: the statement can be sent again.
    transaction,   ///< The transaction was rolled back: run all of it again.
    if_idempotent, ///< It may have taken effect: only if running it twice does no harm.
};

/// What retry, breaker, health check and in-doubt resolution look at; nothing else.
struct outcome {
    sent_state sent = sent_state::none;
    bool answered = false; ///< A final answer (success or ErrorResponse) was read.
    sqlstate state{};      ///< Of the answer; `00000` when there was none.
    transaction_status tx = transaction_status::unknown; ///< When the request began.
    bool committing = false;                             ///< The request was a COMMIT.
};

/// Classifies an outcome by the rules of docs/decisions/retry.md.
retry_advice advise_retry(const outcome& what) noexcept;

} // namespace tusk
