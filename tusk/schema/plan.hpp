#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include <tusk/schema/model.hpp>

namespace tusk::schema {

/// What a statement may do to a database at work. Source: pg-schema-diff's hazards, and some more.
enum class hazard : std::uint8_t {
    deletes_data,           ///< A table, a column, values of a type go.
    access_exclusive_lock,  ///< Nobody reads or writes the table meanwhile, and it may take long.
    share_lock,             ///< Nobody writes meanwhile.
    rewrites_table,         ///< Every row is written anew.
    scans_table,            ///< Every row is read under a lock.
    index_build,            ///< Takes time and disk; writers go on.
    index_dropped,          ///< Queries may become slow.
    fills_rows,             ///< Existing rows get a value that no one gave.
    depends_on_data,        ///< Fails when rows do not fit.
    authorization,          ///< Changes who may do what.
    untracked_dependencies, ///< The server does not know what depends on it (bodies of functions).
    correctness,            ///< Something is missing for a moment: a constraint, a trigger, a view.
    extension_upgrade,
};
std::string_view name_of(hazard h) noexcept;
std::optional<hazard> hazard_of(std::string_view name) noexcept;

/// One statement of a plan.
struct statement {
    std::string sql;           ///< Without a semicolon.
    std::string about;         ///< The id of the object that it changes.
    std::string change;        ///< "create", "drop", "alter", "rename".
    bool transactional = true; ///< False: it must not be inside a transaction block.
    bool alone = false;        ///< The transaction ends before and behind it, so that its locks do.
    std::vector<hazard> hazards;
};

/// How a plan is to be made.
class plan_options {
public:
    /// Whether the plan shall spare a database at work: indexes CONCURRENTLY, constraints NOT VALID and
    /// validated later, several transactions. Default true. Without it all is one transaction.
    plan_options& online(bool on) {
        online_ = on;
        return *this;
    }
    /// Changes to leave out: "drop_table", "alter_function", "drop" (all drops), "trigger" (all of triggers).
    plan_options& skip(std::string change) {
        skipped_.insert(std::move(change));
        return *this;
    }
    /// Makes planning fail (`errc::invalid_configuration`) when a statement has this hazard.
    plan_options& refuse(hazard h) {
        refused_.insert(h);
        return *this;
    }
    /// Whether extensions get the target's versions. Default false: a version is the server's affair.
    plan_options& upgrade_extensions(bool on) {
        upgrade_extensions_ = on;
        return *this;
    }
    bool is_online() const noexcept { return online_; }
    bool upgrades_extensions() const noexcept { return upgrade_extensions_; }
    const std::set<std::string>& skipped() const noexcept { return skipped_; }
    const std::set<hazard>& refused() const noexcept { return refused_; }

private:
    bool online_ = true;
    bool upgrade_extensions_ = false;
    std::set<std::string> skipped_;
    std::set<hazard> refused_;
};

/// Statements that turn one state into another, in order.
class plan {
public:
    plan() = default;
    plan(std::vector<statement> statements, std::string from, std::string to)
        : statements_{std::move(statements)}, from_{std::move(from)}, to_{std::move(to)} {}

    const std::vector<statement>& statements() const noexcept { return statements_; }
    bool empty() const noexcept { return statements_.empty(); }
    /// The fingerprints of the two states.
    const std::string& from() const noexcept { return from_; }
    const std::string& to() const noexcept { return to_; }
    /// The statements, in transactions: each group is one, but for a statement that must not be in one, which
    /// is a group of its own.
    std::vector<std::vector<statement>> segments() const;
    /// All hazards of all statements, each once.
    std::vector<hazard> hazards() const;
    /// The plan as an SQL script; with comments that name the hazards.
    std::string sql(bool with_comments = true) const;

private:
    std::vector<statement> statements_;
    std::string from_;
    std::string to_;
};

/// Plans how to get from one state to the other. Throws `tusk::error`: `errc::invalid_configuration` when a
/// refused hazard is met or the states depend on themselves in a circle.
plan make_plan(const model& from, const model& to, const plan_options& how = {});

/// The plan file `tusk.schema.plan/1`, which remembers the state that it was made for.
boost::json::object to_json(const plan& p);
/// Throws `tusk::error` (`errc::invalid_argument`) when it is none.
plan plan_from_json(const boost::json::object& file);

} // namespace tusk::schema
