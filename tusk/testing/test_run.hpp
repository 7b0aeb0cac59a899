#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include <tusk/testing/database.hpp>

namespace tusk::testing {

/// Databases for a test runner in any language (`tusk test run`): one for each worker, and what the runner
/// finds them by in its environment. They go with this object; when this process is killed, the next run
/// drops them.
class test_run {
public:
    /// Makes the databases. `workers` is at least 1. Throws `tusk::error`.
    test_run(const database_options& o, std::size_t workers);
    test_run(test_run&&) = default;
    test_run& operator=(test_run&&) = delete;
    ~test_run();

    const std::vector<database>& databases() const noexcept { return databases_; }
    /// | variable | |
    /// | --- | --- |
    /// | `DATABASE_URL` | the first database |
    /// | `DATABASE_URL_0` … | one for each worker |
    /// | `PGHOST`, `PGPORT`, `PGUSER`, `PGDATABASE`, `PGPASSWORD` | the first one, for clients like psql |
    /// | `TUSK_TEST_SERVER`, `TUSK_TEST_TEMPLATE`, `TUSK_TEST_OWNER` | for Tusk's own below it |
    std::map<std::string, std::string> variables() const;
    /// They stay; answers how to look into them, a line each.
    std::string keep();

private:
    std::vector<database> databases_;
    std::string template_name_;
};

/// One more database like those of the run that this process is a part of (`tusk test url`). It goes with the
/// run. Throws `tusk::error` (`errc::invalid_configuration`) outside of a run.
std::string database_of_run();

/// What `tusk test clean` did.
struct cleaned {
    std::vector<std::string> servers;   ///< Shared embedded servers that were stopped.
    std::vector<std::string> databases; ///< Of the server of `TUSK_TEST_SERVER`: kept ones and templates.
};
/// Stops the shared servers of this account, and drops what tests left on a given server. Throws
/// `tusk::error`.
cleaned clean_up();

} // namespace tusk::testing
