#pragma once

#include <string>
#include <vector>

#include <tusk/schema/execute.hpp>
#include <tusk/schema/plan.hpp>
#include <tusk/schema/state.hpp>

namespace tusk::schema {

/// What trying a plan on a throwaway database showed.
struct proof {
    bool holds = false;     ///< The plan ran, reached the target, and leaves nothing to do.
    bool with_rows = false; ///< It did so with rows in the tables, and rows that stay kept their values.
    std::string why;        ///< What went wrong otherwise.
    std::vector<std::string> remaining; ///< Ids of what still differs.
};

/// A plan between two states, with what it was made from.
struct transition {
    plan steps;
    model from; ///< As it is now.
    model to;
    proof proved;
};

/// Plans from one state to another: applies renames that the target's script names (and those of constraints
/// and indexes that differ in nothing but their names), then what is left; and proves it on throwaway
/// databases. Throws `tusk::error`.
transition plan_transition(const state& from, const state& to, state_reader& with,
                           const plan_options& how = {});

/// Tries a plan: a database in the first state, rows in its tables, the plan, and what it led to.
proof prove(const plan& what, const state& from, const model& to, state_reader& with);

} // namespace tusk::schema
