#pragma once

#include <string>
#include <utility>

#include <tusk/core/error.hpp>
#include <tusk/migrate/directory.hpp>
#include <tusk/schema/inspect.hpp>
#include <tusk/schema/plan.hpp>
#include <tusk/schema/state.hpp>

namespace tusk::migrate {

/// What everything that thinks about schemas is told.
class dev_options {
public:
    /// Where throwaway databases are made: "embedded://" (the default) starts a server of its own,
    /// "embedded://16" one of that version, a URL takes that server.
    dev_options& dev_url(std::string where) {
        dev_url_ = std::move(where);
        return *this;
    }
    /// What of a database counts; everything by default. The revisions table never does.
    dev_options& counts(schema::scope what) {
        counts_ = std::move(what);
        return *this;
    }
    /// How plans are made.
    dev_options& plan(schema::plan_options how) {
        plan_ = std::move(how);
        return *this;
    }

    const std::string& dev_url() const noexcept { return dev_url_; }
    const schema::scope& counts() const noexcept { return counts_; }
    const schema::plan_options& plan() const noexcept { return plan_; }

private:
    std::string dev_url_ = "embedded://";
    schema::scope counts_;
    schema::plan_options plan_;
};

/// The same scope without the revisions table, wherever it is, and the schema that is there for it alone.
schema::scope without_revisions(schema::scope of, const std::string& revisions_schema = {});

/// The state that a directory makes of an empty database, or of a copy of `begin`, which has to have been
/// loaded into a throwaway database. The files are applied as `apply` does it. Errors: what is wrong with a
/// file, `errc::environment` without a server.
result<schema::state> replay(const directory& dir, schema::state_reader& reader, const schema::scope& of = {},
                             const schema::state* begin = nullptr);

} // namespace tusk::migrate
