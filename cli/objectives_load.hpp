#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <tusk/net/conninfo_environment.hpp>

namespace tusk::cli {

/// Work for a pool.
struct load {
    std::string url;
    std::string statement = "select 1";
    std::chrono::seconds time{5};
    unsigned connections = 10;
    unsigned workers = 20; ///< More than there are connections, so that some wait.
};

/// What a pool achieved, out of its own metrics.
struct achieved {
    double utilisation = 0; ///< Connections in use by the maximum, on average.
    double success = 0;     ///< Share of statements.
    double query_seconds = 0;
    double acquire_seconds = 0; ///< The 95th percentile.
    double errors = 0;          ///< Errors of any kind by statements.
    std::uint64_t statements = 0;
    double seconds = 0;
    std::string last_error; ///< Of a statement or an acquire; empty: there was none.
};

/// Runs it. Throws `problem` when the server cannot be reached at all.
achieved run_load(const load& what, const environment& variables);

} // namespace tusk::cli
