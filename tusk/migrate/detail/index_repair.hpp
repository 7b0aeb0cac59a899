#pragma once

#include <cstdint>

#include <tusk/migrate/detail/session.hpp>
#include <tusk/migrate/statement.hpp>

namespace tusk::migrate::detail {

/// What became of a statement that was cut off.
enum class verdict : std::uint8_t { done, redo, unknown };

/// Looks at what the statement left behind. Source: the indexes that a failed CREATE INDEX CONCURRENTLY
/// leaves are invalid and stay (PostgreSQL documentation, CREATE INDEX, "Building Indexes Concurrently").
result<verdict> judge_interrupted(session& on, const statement& s);

/// Drops the invalid index that an attempt at this statement left, so that the next one does not take it for
/// a good one ("IF NOT EXISTS"). Answers whether there was one.
result<bool> drop_invalid_index(session& on, const statement& s);

} // namespace tusk::migrate::detail
