#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <tusk/migrate/directory.hpp>
#include <tusk/migrate/options.hpp>
#include <tusk/migrate/pending.hpp>
#include <tusk/migrate/report.hpp>
#include <tusk/migrate/revision.hpp>

namespace tusk::migrate::detail {

/// A file with everything that is known of it before it runs.
struct prepared_file {
    const migration_file* file = nullptr;   ///< That the row is about.
    const migration_file* source = nullptr; ///< That the statements are from; another one on the way down.
    tx_mode mode = tx_mode::file;
    std::vector<pre_check> checks;
    std::vector<statement> statements;
    std::vector<std::string> hashes;
    std::size_t first = 0;    ///< Statement to begin with: those before it were applied by an earlier run.
    bool interrupted = false; ///< The first one ran, nobody knows how it ended.
    revision row;
    std::vector<std::string> takes_back; ///< Versions whose rows go, on the way down.
};

/// Splits a file and refuses what cannot work before anything is executed. `before` is its row, or null.
result<prepared_file> prepare_up(const directory& dir, const migration_file& file, const revision* before,
                                 tx_mode of_the_run);
result<prepared_file> prepare_down(const directory& dir, const migration_file& file);

planned_file plan_of(const prepared_file& p);

/// Says where in the file a statement failed: puts the place before the message, and fills `at`.
failure located(const prepared_file& p, std::size_t index, failure f, stopped_at& at);

} // namespace tusk::migrate::detail
