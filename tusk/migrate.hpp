#pragma once

/// Migration directories: files, sums, what is pending, lint, and other tools' directories.
#include <tusk/migrate/changes.hpp>
#include <tusk/migrate/directory.hpp>
#include <tusk/migrate/import.hpp>
#include <tusk/migrate/lint.hpp>
#include <tusk/migrate/pending.hpp>
#include <tusk/migrate/splitter.hpp>
