#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <tusk/client/blocking.hpp>

namespace tusk::blocking {

/// The plan that the server would use for a statement whatever its `arguments` are (a generic plan), as
/// EXPLAIN's JSON. The statement is planned, not executed, in a transaction that is read-only and rolled
/// back. Throws `tusk::error`: also for a statement that cannot be prepared, such as one that is no single
/// SELECT, INSERT, UPDATE, DELETE, MERGE or VALUES.
std::string explain(connection& on, std::string_view sql, std::uint16_t arguments = 0);

} // namespace tusk::blocking
