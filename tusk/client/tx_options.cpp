#include <tusk/client/tx_options.hpp>

#include <algorithm>
#include <charconv>
#include <random>

namespace tusk {

std::string tx_options::begin_sql() const {
    if (!begin_.empty()) return begin_;
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
    // What begins the transaction stands first, whatever its text; savepoints follow in their order.
    const bool has_begin = !preamble.empty() && !preamble.front().starts_with("savepoint tusk_sp_");
    auto at = preamble.begin();
    if (depth > 0)
        at = std::find(preamble.begin(), preamble.end(), "savepoint " + savepoint_name(depth));
    else if (!has_begin)
        at = preamble.end();
    if (at == preamble.end()) return false;
    preamble.erase(at, preamble.end()); // with what was to begin inside of it
    return true;
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

failure judge_commit(failure f, std::string_view tag, bool had_failed, const std::optional<std::string>& id) {
    f = judge_commit(std::move(f), tag, had_failed);
    if (f.code() != errc::in_doubt) return f;
    std::uint64_t number = 0;
    if (id && std::from_chars(id->data(), id->data() + id->size(), number).ec == std::errc{})
        return std::move(f.set_transaction_id(number));
    f.set_code(make_error_code(errc::connection_lost));
    f.add_context("nothing had been written");
    return std::move(f.set_sent(f.sent(), retry_advice::transaction));
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
