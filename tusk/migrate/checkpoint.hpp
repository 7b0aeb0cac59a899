#pragma once

#include <string>
#include <vector>

#include <tusk/migrate/replay.hpp>

namespace tusk::migrate {

/// A file that stands for all files of a directory on an empty database.
struct checkpoint_file {
    std::string content;
    /// Tables in which the files put rows: a checkpoint has none of them.
    std::vector<std::string> with_rows;
};

/// Replays the directory and writes down what it makes, with `-- atlas:checkpoint tag` at the top. The file
/// is tried on an empty database: it has to make the same. Writes nothing; `new_file` does. Errors: a
/// directory that is empty or cannot be replayed.
result<checkpoint_file> checkpoint(const directory& dir, const std::string& tag = {},
                                   const dev_options& dev = {});

} // namespace tusk::migrate
