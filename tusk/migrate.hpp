#pragma once

/// Migrations: directories, execution, status, and the way back.
#include <tusk/migrate/changes.hpp>
#include <tusk/migrate/directory.hpp>
#include <tusk/migrate/import.hpp>
#include <tusk/migrate/lint.hpp>
#include <tusk/migrate/migrator.hpp>
#include <tusk/migrate/options.hpp>
#include <tusk/migrate/report.hpp>
#include <tusk/migrate/version.hpp>
