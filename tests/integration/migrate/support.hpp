#pragma once

#include <string>
#include <utility>
#include <vector>

#include <tusk/migrate.hpp>
#include <tusk/migrate/journal.hpp>
#include <tusk/migrate/revision.hpp>
#include <tusk/testing/gtest.hpp>

namespace tusk::migrate {

using file_list = std::vector<std::pair<std::string, std::string>>;

/// A database of its own, and directories from memory.
class migrate_test : public tusk::testing::database_test {
protected:
    static directory dir(file_list files) { return directory::of(std::move(files)).value(); }
    blocking::migrator on(file_list files) const { return {dir(std::move(files)), url()}; }
    apply_report apply(file_list files, const apply_options& o = {}) const {
        return on(std::move(files)).try_apply(o);
    }
    template <class T>
    T one(const std::string& sql) const {
        auto db = connect();
        return db.one<T>(sql);
    }
    bool exists(const std::string& table) const {
        return one<bool>("select to_regclass('" + table + "') is not null");
    }
};

/// Nothing when all went well, else why not.
inline std::string problem_of(const apply_report& r) { return r.problem ? r.problem.message() : ""; }

inline std::vector<std::string> applied_in(const apply_report& r) {
    std::vector<std::string> out;
    for (const auto& each : r.applied) out.push_back(each.name);
    return out;
}

} // namespace tusk::migrate
