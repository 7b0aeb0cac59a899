#pragma once

/// Migrations: directories, execution, status, and the way back.
#include <tusk/migrate/changes.hpp>
#include <tusk/migrate/checkpoint.hpp>
#include <tusk/migrate/diff.hpp>
#include <tusk/migrate/directory.hpp>
#include <tusk/migrate/drift.hpp>
#include <tusk/migrate/git.hpp>
#include <tusk/migrate/import.hpp>
#include <tusk/migrate/lint.hpp>
#include <tusk/migrate/measure.hpp>
#include <tusk/migrate/migrator.hpp>
#include <tusk/migrate/options.hpp>
#include <tusk/migrate/replay.hpp>
#include <tusk/migrate/report.hpp>
#include <tusk/migrate/trial.hpp>
#include <tusk/migrate/version.hpp>
