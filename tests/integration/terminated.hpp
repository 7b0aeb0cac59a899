// Ends other sessions and waits until the server has none of them any more: PostgreSQL 13 cannot wait by
// itself.
#pragma once

#include <string>

#include <tusk/client/blocking.hpp>

/// Ends the sessions of which `which` is true (a condition over pg_stat_activity, `$1…` for `arguments`), and
/// comes back once they are gone. Whether there was one.
template <class... Arguments>
bool terminated(tusk::blocking::connection& by, const std::string& which, const Arguments&... arguments) {
    const auto pids = by.all<std::int32_t>(
        "select pid from pg_stat_activity where pid <> pg_backend_pid() and " + which, arguments...);
    by.exec("select pg_terminate_backend(pid) from unnest($1::int[]) pid", pids);
    while (by.one<bool>("select exists (select from pg_stat_activity where pid = any($1))", pids))
        by.exec("select pg_sleep(0.005)");
    return !pids.empty();
}
