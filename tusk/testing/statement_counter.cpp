#include <tusk/testing/statement_counter.hpp>

namespace tusk::testing {

std::uint64_t statement_counter::total() const {
    const std::lock_guard lock{mutex_};
    return total_;
}

std::map<std::string, std::uint64_t> statement_counter::by_statement() const {
    const std::lock_guard lock{mutex_};
    return {seen_.begin(), seen_.end()};
}

void statement_counter::reset() {
    const std::lock_guard lock{mutex_};
    seen_.clear();
    total_ = 0;
}

std::string statement_counter::excess(std::uint64_t at_most) const {
    const std::lock_guard lock{mutex_};
    if (total_ <= at_most) return {};
    std::string out =
        std::to_string(total_) + " statements, expected at most " + std::to_string(at_most) + ":\n";
    for (const auto& [sql, times] : seen_) out += std::to_string(times) + " x " + sql + "\n";
    return out;
}

std::string statement_counter::repeated(std::uint64_t at_most) const {
    const std::lock_guard lock{mutex_};
    std::string out;
    for (const auto& [sql, times] : seen_)
        if (times > at_most) out += "sent " + std::to_string(times) + " times: " + sql + "\n";
    if (!out.empty()) out += "fetch the rows together: a join, `= any($1)`, a relation or a batch\n";
    return out;
}

void statement_counter::query_finished(query_event& e) noexcept { add(e.sql, 1); }
void statement_counter::batch_finished(batch_event& e) noexcept { add({}, e.statements); }
void statement_counter::copy_finished(copy_event& e) noexcept { add(e.sql, 1); }

void statement_counter::add(std::string_view sql, std::uint64_t times) noexcept {
    try {
        const std::lock_guard lock{mutex_};
        total_ += times;
        if (!sql.empty()) seen_[std::string{sql}] += times;
    } catch (...) { // out of memory: the test has other problems
    }
}

} // namespace tusk::testing
