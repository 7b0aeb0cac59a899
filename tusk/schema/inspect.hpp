#pragma once

#include <string>
#include <vector>

#include <tusk/client/blocking.hpp>
#include <tusk/schema/model.hpp>

namespace tusk::schema {

/// What of a database counts.
class scope {
public:
    /// Only these schemas; none given: all schemas of users.
    scope& schema(std::string name) {
        schemas_.push_back(std::move(name));
        return *this;
    }
    /// Leaves out what a pattern fits: `audit.*`, `public.users.email`, `index:*`; `*` and `?` as in a shell.
    /// A table that is left out takes everything that belongs to it along.
    scope& exclude(std::string pattern) {
        excluded_.push_back(std::move(pattern));
        return *this;
    }
    /// Leaves out what no such pattern fits.
    scope& include(std::string pattern) {
        included_.push_back(std::move(pattern));
        return *this;
    }
    const std::vector<std::string>& schemas() const noexcept { return schemas_; }
    const std::vector<std::string>& excluded() const noexcept { return excluded_; }
    const std::vector<std::string>& included() const noexcept { return included_; }

    /// Whether the object counts.
    bool holds(const object& what) const;
    bool is_everything() const noexcept { return schemas_.empty() && excluded_.empty() && included_.empty(); }

private:
    std::vector<std::string> schemas_;
    std::vector<std::string> excluded_;
    std::vector<std::string> included_;
};

/// Reads the catalog in one read-only snapshot. PostgreSQL 13 to 18. What belongs to extensions is left out,
/// and so are the objects of other sessions. Owners that are the connection's role are left out. Throws
/// `tusk::error`.
model inspect(blocking::connection& on, const scope& of = {});

/// What of the model counts; dependencies on what does not are forgotten.
model restricted(const model& whole, const scope& to);

/// What users made in the database that no state knows, so that no plan touches it: "2 languages", …; empty
/// as a rule. Throws `tusk::error`.
std::vector<std::string> unmanaged(blocking::connection& on);

} // namespace tusk::schema
