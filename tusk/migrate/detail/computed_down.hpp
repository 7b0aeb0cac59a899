#pragma once

#include <memory>
#include <vector>

#include <tusk/migrate/detail/prepare.hpp>
#include <tusk/migrate/detail/session.hpp>
#include <tusk/migrate/run.hpp>

namespace tusk::migrate::detail {

/// A way back that nobody wrote.
struct computed_down {
    migration_file file; ///< Its statements, as a file, so that errors have a place.
    prepared_file prepared;
    std::vector<data_loss> losses;
};

/// Plans from what the database has to what the directory makes of the first rows, without the last `back`
/// ones, and proves it on a throwaway database. Objects that the directory knows neither now nor then stay as
/// they are.
result<std::unique_ptr<computed_down>> compute_down(session& on, const directory& dir,
                                                    const std::vector<revision>& rows, std::size_t back,
                                                    const down_options& o);

/// Names what would be lost, and how to lose it.
failure refuse_losses(const std::vector<data_loss>& losses);

} // namespace tusk::migrate::detail
