#include <tusk/pool/pool_texts.hpp>

#include <tusk/pool/describe.hpp>

namespace tusk::detail {

namespace {

std::string in_milliseconds(steady_clock::duration d) {
    return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(d).count()) + " ms";
}

} // namespace

failure pool_closed_failure() {
    return failure{errc::pool_closed, "the pool is closed"}.set_sent(sent_state::none, retry_advice::never);
}

failure acquire_timeout_failure(const std::string& pool, const pool_stats& now,
                                const std::string& last_connect_error) {
    std::string text = "no connection of pool \"" + pool + "\" became free in time (" +
                       std::to_string(now.in_use) + " in use, " + std::to_string(now.idle) + " idle, " +
                       std::to_string(now.constructing) + " connecting, maximum " + std::to_string(now.max) +
                       ", " + std::to_string(now.waiting) + " waiting)";
    if (now.breaker != breaker_state::closed && now.breaker != breaker_state::disabled)
        text += "; the circuit breaker is " + std::string{to_string(now.breaker)};
    if (!last_connect_error.empty())
        text += "; the last attempt to connect failed: " + last_connect_error;
    else if (now.in_use >= now.max)
        text += "; all are in use: raise pool_max_conns, or hold connections for a shorter time";
    return failure{errc::pool_timeout, std::move(text)}.set_sent(sent_state::none, retry_advice::safe);
}

failure circuit_open_failure(const std::string& pool, const breaker& of, steady_clock::time_point now,
                             const std::string& last_connect_error) {
    std::string text = "the circuit breaker of pool \"" + pool + "\" is ";
    switch (of.state()) {
    case breaker_state::forced_open: text += "held open"; break;
    case breaker_state::half_open: text += "half-open: the server is being probed"; break;
    default: text += "open; it is tried again in " + in_milliseconds(of.retry_after(now)); break;
    }
    if (!last_connect_error.empty()) text += "; the last attempt to connect failed: " + last_connect_error;
    return failure{errc::circuit_open, std::move(text)}.set_sent(sent_state::none, retry_advice::safe);
}

failure stillborn_failure() {
    return failure{errc::connect_failed, "the server ended the session as soon as it had begun"}.set_sent(
        sent_state::none, retry_advice::safe);
}

bool leaves_no_trace(std::string_view command) noexcept {
    return command == "SELECT" || command == "INSERT" || command == "UPDATE" || command == "DELETE" ||
           command == "MERGE";
}

failure uncommitted_failure() {
    return failure{
        errc::protocol_violation,
        "the statement was answered inside a transaction that nobody here began, and was rolled back: "
        "a pooler in between opened it (Pgpool-II in raw mode does; use its streaming_replication "
        "mode), so write in transactions of your own"}
        .set_sent(sent_state::answered, retry_advice::never);
}

acquire_result result_of_acquire(const failure& why) noexcept {
    if (why == condition::pool_timeout) return acquire_result::timeout;
    if (why == condition::canceled) return acquire_result::canceled;
    if (why == condition::pool_closed) return acquire_result::closed;
    if (why == condition::circuit_open) return acquire_result::circuit_open;
    return acquire_result::failed;
}

std::string hosts_of(const connect_config& c) {
    std::string all;
    for (const auto& h : c.hosts()) all += (all.empty() ? "" : ",") + h.display();
    return all;
}

bool is_starting_up(const failure& f) {
    return f.code() == make_error_code("57P03"_sqlstate) || f.code() == make_error_code("53300"_sqlstate);
}

} // namespace tusk::detail
