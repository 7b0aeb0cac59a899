#pragma once

/// The pool, and all of the driver.
#include <tusk/client.hpp>
#include <tusk/pool/blocking_pool.hpp>
#include <tusk/pool/cluster.hpp>
#include <tusk/pool/pool.hpp>
