#pragma once

#include <string>
#include <vector>

#include <tusk/schema/model.hpp>

namespace tusk::schema {

/// Something about a schema that its author may want to know.
struct finding {
    std::string code;  ///< "no_primary_key"
    std::string about; ///< The id of the object.
    std::string message;
    std::string remedy;
};

/// Looks for what is seldom meant: `no_primary_key`, `foreign_key_without_index`, `duplicate_index`,
/// `invalid_index`, `not_validated`, `row_security_without_policy`, `policy_without_row_security`. Sorted by
/// object.
std::vector<finding> check(const model& of);

} // namespace tusk::schema
