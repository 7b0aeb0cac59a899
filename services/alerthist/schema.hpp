#pragma once

#include <stop_token>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>

#include <tusk/pool/pool.hpp>

namespace tusk::alerthist {

/// The version of the tables that this program works with: that of its last migration.
std::string_view schema_version();

/// Applies the migrations that are missing, under the lock of `tusk::migrate`, so that several instances may
/// start at once; also over the tables of an alerthist that did not have migrations yet. The work is done on
/// a connection of its own to the pool's server, which `stop` ends. Throws `tusk::error`:
/// `errc::invalid_configuration` when the database is newer than this program.
boost::asio::awaitable<void> install_schema(pool& on, std::stop_token stop);

/// The version in the database; empty when nothing is installed. Throws `tusk::error`.
boost::asio::awaitable<std::string> installed_schema_version(pool& on, const options& call);

} // namespace tusk::alerthist
