#pragma once

/// The driver: connections, transactions, statements.
#include <tusk/client/batch.hpp>
#include <tusk/client/blocking.hpp>
#include <tusk/client/blocking_listener.hpp>
#include <tusk/client/commit_outcome.hpp>
#include <tusk/client/connection.hpp>
#include <tusk/client/large_object.hpp>
#include <tusk/client/listener.hpp>
#include <tusk/client/statement.hpp>
#include <tusk/client/transaction.hpp>
#include <tusk/client/verify.hpp>
#include <tusk/types.hpp>
