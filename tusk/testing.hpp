#pragma once

/// Test databases and coroutine runners. For GoogleTest include <tusk/testing/gtest.hpp> as well.
#include <tusk/testing/database.hpp>
#include <tusk/testing/run_async.hpp>
