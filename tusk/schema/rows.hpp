#pragma once

#include <map>
#include <string>

#include <tusk/client/blocking.hpp>
#include <tusk/schema/model.hpp>

namespace tusk::schema::detail {

/// Puts a row into every table where one can be put. Returns how many tables have one.
std::size_t fill_tables(blocking::connection& on, const model& of);

/// The values of the columns that two models have in common, with the same type: table → text of its rows,
/// sorted.
std::map<std::string, std::string> kept_rows(blocking::connection& on, const model& from, const model& to);

} // namespace tusk::schema::detail
