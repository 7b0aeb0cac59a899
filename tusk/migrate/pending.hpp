#pragma once

#include <string>
#include <vector>

#include <tusk/migrate/directory.hpp>
#include <tusk/migrate/options.hpp>
#include <tusk/migrate/revision.hpp>

namespace tusk::migrate {

/// What is to be executed, computed from values alone.
struct pending_set {
    std::vector<const migration_file*> files;        ///< Of the directory, in their order.
    std::vector<const migration_file*> out_of_order; ///< Added below the last one applied.
    const migration_file* baseline = nullptr;        ///< Its row is to be written first.
};

/// `revisions` in the order of their versions. `is_clean`: the database holds nothing yet. Errors:
/// `errc::invalid_argument`: no file of the baseline or of `to_version`, files out of order (linear), a
/// partly applied file that is gone, a database that is not clean.
result<pending_set> compute_pending(const directory& dir, const std::vector<revision>& revisions,
                                    bool is_clean, const apply_options& o);

/// The applied files that are others now than they were: their stored hash is neither that of the directory
/// as it is nor that of the directory without the files that were added later.
std::vector<const migration_file*> edited_files(const directory& dir, const std::vector<revision>& revisions);

/// The first statement (from 0) whose text is another one than was applied; that many as were applied when
/// none is.
std::size_t first_changed_statement(const revision& partial, const std::vector<std::string>& hashes);

} // namespace tusk::migrate
