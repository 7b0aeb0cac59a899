#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tusk/client/blocking.hpp>
#include <tusk/core/error.hpp>
#include <tusk/testing/database_options.hpp>
#include <tusk/testing/test_server.hpp>

namespace tusk::testing {

/// A session that is connected to a test's database.
struct open_session {
    std::int32_t pid = 0;
    std::string application;
    std::string state;
    std::string statement; ///< The last one.
};

/// A database of a test's own: cloned from a template when made, dropped when destroyed. Safe to make from
/// several threads and processes at once on the same server.
class database {
public:
    /// Throws `tusk::error`, naming the step that failed and the remedy.
    static database create(const database_options& o = {});
    database(database&& other) noexcept;
    database& operator=(database&& other) noexcept;
    ~database();

    const std::string& url() const noexcept { return url_; }
    const std::string& name() const noexcept { return name_; }
    /// A new connection to it.
    blocking::connection connect(const connection_settings& settings = {}) const {
        return blocking::connection::open(url_, settings);
    }

    /// Remembers the content under a name, the old one of that name is forgotten. Sessions are ended first:
    /// pools notice and connect again, a connection has to be opened again. Throws `tusk::error`.
    void snapshot(std::string_view name = "snapshot");
    /// Brings back the content of the snapshot, as often as one likes; the name and the URL of the database
    /// stay. Sessions are ended as with `snapshot`; a pool that keeps a minimum of connections is making new
    /// ones at once, and `pool.reset()` makes sure that none of those was cut. Throws `tusk::error`
    /// (`errc::not_found` when there is no such snapshot).
    void restore(std::string_view name = "snapshot");

    /// It stays when this object goes, for a look at it. `why` is its comment in the server's catalog; on an
    /// embedded server it stays for an hour.
    void keep(std::string_view why = {}) noexcept;
    bool is_kept() const noexcept { return kept_; }
    /// For people: how to look into it.
    std::string psql_line() const { return "psql '" + url_ + "'"; }
    /// Who is connected now: at the end of a test, what it forgot to close.
    std::vector<open_session> open_sessions() const;
    /// The last lines of the server's log that are about this database; empty when the log is not ours.
    std::string log(std::size_t lines = 30) const;

private:
    explicit database(std::string name);
    void drop() noexcept;
    std::string snapshot_name(std::string_view name) const;
    std::string name_;
    std::string url_;
    std::vector<std::string> snapshots_;
    std::string owner_;
    std::uint64_t log_position_ = 0;
    bool kept_ = false;
};

/// Waits until clones are prefetched and dropped databases gone: for measurements.
void settle();

} // namespace tusk::testing
