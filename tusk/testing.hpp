#pragma once

/// Test databases, coroutine runners, and the network's faults. For GoogleTest include
/// <tusk/testing/gtest.hpp> as well, for Catch2 <tusk/testing/catch2.hpp>.
#include <tusk/testing/database.hpp>
#include <tusk/testing/expectations.hpp>
#include <tusk/testing/fault_proxy.hpp>
#include <tusk/testing/rollback.hpp>
#include <tusk/testing/run_async.hpp>
#include <tusk/testing/scripted_server.hpp>
#include <tusk/testing/statement_counter.hpp>
