#include <tusk/client/tx_options.hpp>

#include <algorithm>
#include <random>

namespace tusk {

std::string tx_options::begin_sql() const {
    std::string sql = "begin";
    if (isolation_ != nullptr) sql += std::string{" isolation level "} + isolation_;
    if (access_ != nullptr) sql += std::string{isolation_ != nullptr ? ", " : " "} + access_;
    if (deferrable_)
        sql += std::string{isolation_ != nullptr || access_ != nullptr ? ", " : " "} + "deferrable";
    return sql;
}

namespace detail {

std::string savepoint_name(unsigned depth) { return "tusk_sp_" + std::to_string(depth); }

bool forget_unsent_begin(std::vector<std::string>& preamble, unsigned depth) {
    const auto wanted = depth == 0 ? std::string{"begin"} : "savepoint " + savepoint_name(depth);
    for (auto at = preamble.begin(); at != preamble.end(); ++at) {
        if (depth == 0 ? at->compare(0, wanted.size(), wanted) != 0 : *at != wanted) continue;
        preamble.erase(at, preamble.end()); // with what was to begin inside of it
        return true;
    }
    return false;
}

std::chrono::milliseconds back_off_time(unsigned attempt) {
    thread_local std::minstd_rand random{std::random_device{}()};
    const auto cap = std::min<long>(2000, 50L << std::min(attempt, 6U));
    return std::chrono::milliseconds{std::uniform_int_distribution<long>{0, cap}(random)};
}

failure judge_commit(failure f, std::string_view tag, bool had_failed) {
    const bool lost = f && (f.server() == nullptr ? f.sent() != sent_state::none : f.server()->is_fatal());
    if (lost) {
        // Sent and never answered: it may have taken effect, and nobody may just run it again.
        f.set_code(make_error_code(errc::in_doubt));
        f.add_context("COMMIT was sent and its answer was lost");
        f.set_sent(f.sent(), retry_advice::never);
    } else if (!f && (tag == "ROLLBACK" || had_failed)) {
        f = failure{errc::transaction_rolled_back, "the transaction had failed, so COMMIT rolled it back"};
        f.set_sent(sent_state::answered, retry_advice::never);
    }
    return f;
}

failure independent_in_transaction_failure() {
    return failure{
        errc::invalid_argument,
        "inside a transaction there are no independent statements; run the batch without independent()"};
}

failure transaction_closed_failure() {
    return failure{errc::transaction_closed, "the transaction is already committed or rolled back"};
}

} // namespace detail

} // namespace tusk
