#pragma once

/// Models and queries, and all of the pool and the driver.
#include <tusk/orm/cursor.hpp>
#include <tusk/orm/database.hpp>
#include <tusk/orm/ddl.hpp>
#include <tusk/orm/expression.hpp>
#include <tusk/orm/fixtures.hpp>
#include <tusk/orm/verify.hpp>
#include <tusk/pool.hpp>
