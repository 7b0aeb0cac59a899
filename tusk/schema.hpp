#pragma once

/// The schema engine: read a database's schema, compare states, plan the way from one to the other and prove
/// it.
#include <tusk/schema/check.hpp>
#include <tusk/schema/difference.hpp>
#include <tusk/schema/execute.hpp>
#include <tusk/schema/inspect.hpp>
#include <tusk/schema/model.hpp>
#include <tusk/schema/object.hpp>
#include <tusk/schema/plan.hpp>
#include <tusk/schema/render.hpp>
#include <tusk/schema/scratch.hpp>
#include <tusk/schema/script.hpp>
#include <tusk/schema/state.hpp>
#include <tusk/schema/transition.hpp>
