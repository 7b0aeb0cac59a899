#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include <tusk/migrate/replay.hpp>

namespace tusk::migrate {

/// What became of one case of a test file.
struct trial {
    bool passed() const noexcept { return problem.empty(); }
    std::string file;
    std::string name;
    std::string problem; ///< "backfill_test.sql:12:1: returned false"; empty when it passed.
    std::vector<std::string> log;
    std::chrono::milliseconds took{0};
};

/// Which cases run, and where.
class trial_options {
public:
    /// Only cases whose name this regular expression (ECMAScript) finds something in.
    trial_options& only(std::string expression) {
        only_ = std::move(expression);
        return *this;
    }
    trial_options& dev(dev_options o) {
        dev_ = std::move(o);
        return *this;
    }
    const std::string& only() const noexcept { return only_; }
    const dev_options& dev() const noexcept { return dev_; }

private:
    std::string only_;
    dev_options dev_;
};

/// Runs tests of migrations: SQL files in which comments say what happens between statements.
///
///     -- tusk:test names are backfilled     a case, on an empty throwaway database of its own
///     -- tusk:migrate 20240101000000        brings it to a version ("latest" to the last one)
///     insert into users (first) values ('Ann');
///     -- tusk:migrate latest
///     select name = 'Ann' from users;       what returns booleans has to return true
///     -- tusk:output Ann|1                  what the next statement returns: columns with |, a line each
///     select name, count(*) from users group by name;
///     -- tusk:catch duplicate key           the next statement fails, and its message has this text
///     insert into users select * from users;
///     -- tusk:down 20240101000000           takes files back, whatever they hold
///     -- tusk:log half way                  goes to the report
///     -- tusk:skip                          leaves the case out from here
///
/// A file without `tusk:test` is one case. A case ends with its first failure. Errors: files that cannot be
/// read or split, directives that make no sense.
result<std::vector<trial>> run_trials(const directory& dir, const std::vector<std::filesystem::path>& files,
                                      const trial_options& o = {});

} // namespace tusk::migrate
