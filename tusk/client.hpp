#pragma once

/// The driver: connections, transactions, statements.
#include <tusk/client/batch.hpp>
#include <tusk/client/blocking.hpp>
#include <tusk/client/commit_outcome.hpp>
#include <tusk/client/connection.hpp>
#include <tusk/client/transaction.hpp>
#include <tusk/types.hpp>
