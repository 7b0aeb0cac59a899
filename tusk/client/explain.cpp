#include <tusk/client/explain.hpp>

namespace tusk::blocking {

namespace {

constexpr std::string_view explained = "tusk_explained";

/// Works with every version; EXPLAIN (GENERIC_PLAN) came with PostgreSQL 16.
std::string explain_command(std::uint16_t arguments) {
    std::string out = "explain (format json) execute " + std::string{explained};
    for (std::uint16_t i = 0; i < arguments; ++i) out += i == 0 ? "(null" : ", null";
    return arguments == 0 ? out : out + ")";
}

} // namespace

std::string explain(connection& on, std::string_view sql, std::uint16_t arguments) {
    const options unprepared = options{}.mode(protocol::exec_mode::exec);
    auto tx = on.begin(tx_options{}.read_only());
    tx.exec(unprepared, "set local plan_cache_mode = force_generic_plan");
    // In the extended protocol, which takes one statement only: a text of two cannot smuggle in the second.
    tx.exec(unprepared, "prepare " + std::string{explained} + " as " + std::string{sql});
    auto plan = tx.try_one<std::string>(unprepared, explain_command(arguments));
    const auto ended = tx.try_rollback();
    on.script("deallocate " + std::string{explained}); // prepared statements outlive a rollback
    throw_if(ended);
    return std::move(plan).value();
}

} // namespace tusk::blocking
