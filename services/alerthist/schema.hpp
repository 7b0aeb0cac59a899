#pragma once

#include <boost/asio/awaitable.hpp>

#include <tusk/pool/pool.hpp>

namespace tusk::alerthist {

/// The version of the tables that this program works with.
inline constexpr int schema_version = 1;

/// Brings the database to `schema_version`: creates what is missing, in one transaction under an advisory
/// lock, so that several instances may start at once. Throws `tusk::error`: `errc::invalid_configuration`
/// when the database is newer than this program.
boost::asio::awaitable<void> install_schema(pool& on);

/// The version in the database; 0 when nothing is installed. Throws `tusk::error`.
boost::asio::awaitable<int> installed_schema_version(pool& on, const options& call);

} // namespace tusk::alerthist
