#include <tusk/core/outcome.hpp>

namespace tusk {

namespace {

retry_advice advise_answered(const outcome& what) noexcept {
    const bool in_tx = what.tx == transaction_status::in_transaction || what.tx == transaction_status::failed;
    const auto again = in_tx ? retry_advice::transaction : retry_advice::safe;
    const sqlstate s = what.state;
    if (s == "40001"_sqlstate || s == "40P01"_sqlstate) return again;
    if (s == "25006"_sqlstate) return again; // rejected before anything ran; re-route to the primary first
    if (s == "57P03"_sqlstate || s == "53300"_sqlstate || s == "08001"_sqlstate || s == "08004"_sqlstate)
        return in_tx ? retry_advice::never : retry_advice::safe;
    if (s == "57P05"_sqlstate) return again; // idle session timeout: nothing was running
    if (s == "57P01"_sqlstate || s == "57P02"_sqlstate) {
        if (what.committing) return retry_advice::never;
        return in_tx ? retry_advice::transaction : retry_advice::if_idempotent;
    }
    return retry_advice::never;
}

} // namespace

retry_advice advise_retry(const outcome& what) noexcept {
    const bool in_tx = what.tx == transaction_status::in_transaction || what.tx == transaction_status::failed;
    if (what.sent == sent_state::none) return in_tx ? retry_advice::transaction : retry_advice::safe;
    if (what.answered) return advise_answered(what);
    if (what.committing) return retry_advice::never;
    return in_tx ? retry_advice::transaction : retry_advice::if_idempotent;
}

} // namespace tusk
