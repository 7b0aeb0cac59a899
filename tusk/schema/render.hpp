#pragma once

#include <string>
#include <vector>

#include <tusk/schema/model.hpp>

namespace tusk::schema {

/// The SQL script that makes the state in an empty database.
std::string as_sql(const model& of);

/// An entity-relationship diagram in the language of Mermaid: tables, columns, keys, foreign keys.
std::string mermaid(const model& of);

} // namespace tusk::schema
