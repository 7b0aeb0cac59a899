#pragma once

#include <set>
#include <string>
#include <vector>

#include <tusk/migrate/detail/tree.hpp>
#include <tusk/migrate/file.hpp>

namespace tusk::migrate::detail {

/// What a rule says of a statement.
struct remark {
    const char* code;
    const char* analyzer;
    std::string message;
    std::string remedy;
};

/// What the statements above in the same file did: nobody else knows what they made yet.
struct file_state {
    tx_mode mode = tx_mode::file;
    std::set<std::string> tables;             ///< Made in this file.
    std::set<std::string> schemas;            ///< The same.
    std::set<std::string> filled;             ///< "table.column" that an UPDATE wrote.
    std::set<std::string> not_null;           ///< "table.column" that a validated CHECK proves.
    std::set<std::string> checks_to_validate; ///< "table.constraint.column" of NOT VALID checks.
};

/// The remarks about one statement; takes note of what it does.
std::vector<remark> remarks_on(const node& statement, file_state& state);

} // namespace tusk::migrate::detail
