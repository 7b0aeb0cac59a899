#pragma once

/// Test databases, coroutine runners, and the network's faults. For GoogleTest include
/// <tusk/testing/gtest.hpp> as well.
#include <tusk/testing/database.hpp>
#include <tusk/testing/fault_proxy.hpp>
#include <tusk/testing/run_async.hpp>
