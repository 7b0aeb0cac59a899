#pragma once

#include <cstdint>
#include <functional>
#include <source_location>
#include <string>
#include <string_view>
#include <unordered_map>

namespace tusk::orm {

/// Notices when one place of a program sends the same statement again and again: rows fetched one by one
/// where a relation could have been loaded (N + 1 queries). One for each request or unit of work; give it to
/// `on(db).watched_by(w)`. Not for several threads at once.
class repeated_queries {
public:
    struct finding {
        std::string sql;
        std::uint32_t times = 0;
        std::source_location where; ///< The verb that was called.
    };
    /// `report` is called once for each place and statement, when it has been sent `threshold` times.
    explicit repeated_queries(std::uint32_t threshold, std::function<void(const finding&)> report)
        : threshold_{threshold}, report_{std::move(report)} {}

    /// For queries: a statement is about to be sent.
    void note(std::string_view sql, const std::source_location& where);
    /// How many statements were sent.
    std::uint64_t total() const noexcept { return total_; }

private:
    std::uint32_t threshold_;
    std::function<void(const finding&)> report_;
    std::unordered_map<std::string, std::uint32_t> seen_;
    std::uint64_t total_ = 0;
};

} // namespace tusk::orm
