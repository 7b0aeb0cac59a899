#pragma once

#include <cstdint>

#include <tusk/client/blocking.hpp>
#include <tusk/client/verbs.hpp>

namespace tusk {

/// What became of a transaction whose COMMIT was never answered.
enum class commit_outcome : std::uint8_t {
    committed,
    aborted, ///< Nothing of it stayed: it may run again.
    unknown, ///< This server does not know: another one took over, or it is too long ago.
};

/// Asks the server what became of the transaction whose `commit()` failed with `errc::in_doubt`. It must have
/// begun with `tx_options{}.resolvable()`, and `on` must lead to the same server: after an asynchronous
/// failover the answer is `unknown` at best, because the new primary may never have heard of it. Waits while
/// the server still works on it, until the deadline of `o` (30 s when it has none), and then throws
/// `errc::timeout`. Throws `errc::invalid_argument` for a failure that is not in doubt or carries no
/// transaction id. Source: PostgreSQL documentation, section 9.27.9, `pg_xact_status`.
asio::awaitable<commit_outcome> resolve_commit(verbs& on, const failure& in_doubt, options o = {});

namespace blocking {

/// See `tusk::resolve_commit`.
commit_outcome resolve_commit(verbs& on, const failure& in_doubt, options o = {});

} // namespace blocking

} // namespace tusk
