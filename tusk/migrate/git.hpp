#pragma once

#include <set>
#include <string>

#include <tusk/core/error.hpp>
#include <tusk/migrate/directory.hpp>

namespace tusk::migrate {

/// The names of the files of a directory that a branch or commit (`main`, `origin/main`) lacks or has with
/// another content, committed or not. Asks the program `git`. Errors: `errc::environment` without git or a
/// repository, `errc::invalid_argument` for a base that it does not know.
result<std::set<std::string>> changed_since(const directory& dir, const std::string& base);

} // namespace tusk::migrate
