#pragma once

#include <string>

#include <tusk/core/deadline.hpp>
#include <tusk/core/error.hpp>
#include <tusk/pool/breaker.hpp>
#include <tusk/pool/config.hpp>
#include <tusk/pool/stats.hpp>

/// What pools, both of them, say to callers who get no connection. Private to the part.
namespace tusk::detail {

failure pool_closed_failure();
/// Nobody gave a connection back in time, and none could be made.
failure acquire_timeout_failure(const std::string& pool, const pool_stats& now,
                                const std::string& last_connect_error);
failure circuit_open_failure(const std::string& pool, const breaker& of, steady_clock::time_point now,
                             const std::string& last_connect_error);
/// The server ended the session before anybody could use it; worth one more attempt at once.
failure stillborn_failure();
/// What a statement with this command tag cannot do: begin a transaction, set, listen, prepare.
bool leaves_no_trace(std::string_view command) noexcept;
/// It was answered, but whoever stands between has opened a transaction around it and not ended that; the
/// pool rolls it back.
failure uncommitted_failure();
/// For an observer: what became of an acquire.
acquire_result result_of_acquire(const failure& why) noexcept;
/// "host:port,host:port" of a configuration.
std::string hosts_of(const connect_config& c);
/// The server is there but not yet open for business: worth waiting for.
bool is_starting_up(const failure& f);

} // namespace tusk::detail
