#pragma once

#include <string>
#include <vector>

#include <tusk/migrate/statement.hpp>

namespace tusk::migrate::detail {

/// What a statement takes away for good: a table, or a column of it.
struct loss {
    std::string table;  ///< Quoted and qualified as far as the statement says.
    std::string column; ///< Quoted; empty for the whole table.
};

/// Of DROP TABLE, TRUNCATE and ALTER TABLE … DROP COLUMN; nothing for what the parser does not understand.
std::vector<loss> losses_of(const statement& s);

/// A query that answers whether something would be lost.
std::string question(const loss& what);

} // namespace tusk::migrate::detail
