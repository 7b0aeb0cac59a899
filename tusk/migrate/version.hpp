#pragma once

#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>

#include <tusk/core/error.hpp>
#include <tusk/migrate/directory.hpp>

namespace tusk {
class verbs;
namespace blocking {
class verbs;
}
} // namespace tusk

namespace tusk::migrate {

/// What a service wants to know before it says that it is ready.
struct version_state {
    std::string expected; ///< The last of the directory.
    std::string current;  ///< The last that is applied; empty when none is.
    bool partial = false; ///< A file is applied in part.

    /// The database is at least where the program expects it: a newer program may have migrated it already.
    bool is_ready() const noexcept { return !partial && current >= expected; }
};

/// Asks a connection, a transaction or a pool. Two short queries. `revisions_schema` empty: the session's own
/// schema when the table is there, else "atlas_schema_revisions". Throws `tusk::error`.
boost::asio::awaitable<version_state> check_version(verbs& db, const directory& files,
                                                    std::string revisions_schema = {});
version_state check_version(blocking::verbs& db, const directory& files, std::string revisions_schema = {});

} // namespace tusk::migrate
