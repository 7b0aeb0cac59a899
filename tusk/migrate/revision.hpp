#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tusk/migrate/statement.hpp>

namespace tusk::migrate {

/// Bits of `revision::type`.
inline constexpr std::int64_t type_baseline = 1; ///< What the database had before.
inline constexpr std::int64_t type_execute = 2;
inline constexpr std::int64_t type_resolved = 4; ///< By `set`.

/// A row of `atlas_schema_revisions`, with Atlas's columns and their meaning.
struct revision {
    std::string version;
    std::string description;
    std::int64_t type = type_execute;
    std::int64_t applied = 0; ///< Statements that took effect.
    std::int64_t total = 0;   ///< Statements of the file.
    std::chrono::sys_time<std::chrono::microseconds> executed_at{};
    std::int64_t execution_time = 0; ///< Nanoseconds.
    std::optional<std::string> error;
    std::optional<std::string> error_stmt;
    std::string hash; ///< Of the file in the sum file; "" when it has none.
    /// JSON: a list of "h1:…", the running hash of the statements applied; only while the file is not done.
    std::optional<std::string> partial_hashes;
    std::string operator_version;

    /// Some of the file is still to be done.
    bool is_partial() const noexcept {
        return (type & type_resolved) == 0 && (applied < total || error.has_value());
    }
};

/// What `error` holds while a statement runs that no transaction can hold: when it is still there later,
/// nobody knows whether the statement took effect.
inline constexpr std::string_view running_mark = "running: whether the statement took effect is not known";

/// The hash of the first statement, of the first two, …: "h1:…". Source: Atlas's partial hashes.
std::vector<std::string> statement_hashes(const std::vector<statement>& of);

/// The list in `revision::partial_hashes`.
std::vector<std::string> partial_hashes_of(const revision& r);

} // namespace tusk::migrate
