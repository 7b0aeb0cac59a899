#pragma once

#include <string>
#include <vector>

#include <tusk/migrate/options.hpp>
#include <tusk/migrate/replay.hpp>
#include <tusk/migrate/revision.hpp>
#include <tusk/net/conninfo.hpp>

namespace tusk::migrate {

/// Where a database differs from what its migrations make.
struct drift_report {
    bool has_drifted() const noexcept { return !differences.empty(); }
    std::string version; ///< The last that is applied whole; empty when none is.
    /// What somebody else did, seen from the directory: "table public.x was added",
    /// "column public.users.note is gone", "index public.users.by_name was changed (definition)". Sorted.
    std::vector<std::string> differences;
    /// SQL that would bring the database back to what the directory says; for people to read.
    std::string sql;
    /// A file is applied in part: what it did so far counts as drift.
    bool partial = false;
};

/// Replays the applied files on a throwaway database and compares. Only reads, on a standby too. What is of
/// no concern is left out by `dev.counts()`. Errors: what the server says, a directory that cannot be
/// replayed.
result<drift_report> drift(const directory& dir, const connect_config& target, const dev_options& dev = {},
                           const apply_options& o = {});

/// The files that a database with these rows has, and what came before them: what it was made from.
directory applied_part(const directory& dir, const std::vector<revision>& rows, const std::string& up_to);

} // namespace tusk::migrate
