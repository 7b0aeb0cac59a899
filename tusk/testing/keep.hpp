#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <tusk/testing/database.hpp>

namespace tusk::testing {

/// Which databases stay after their tests: `TUSK_KEEP`.
enum class keep_when : std::uint8_t { failed, always, never };

/// From `TUSK_KEEP` (`failed`, `always`, `never`). Unset: `failed`, and `never` where `CI` is set, since
/// nobody can look there. Throws `tusk::error` (`errc::invalid_configuration`) for another word.
keep_when keep_from_environment();

/// What is told about the database of a test that failed (or of any, with `always`): keeps it, and answers
/// how to look into it, with the server's log about it. Empty when there is nothing to tell.
std::string after_test(database& of, std::string_view test, bool failed);

/// The sessions that a test left open, with the remedy; empty when there are none.
std::string leaked_sessions(const database& of);

} // namespace tusk::testing
