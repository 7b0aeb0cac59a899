#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tusk::protocol {

/// Prepares a password for SCRAM: SASLprep (RFC 4013), with the checks where PostgreSQL makes them, before
/// the normalisation and not after it, so that the result is the one which the server's verifier was made
/// from. `utf8` in UTF-8. Nothing comes back when it is not UTF-8, holds a prohibited or unassigned
/// (Unicode 3.2) character, mixes writing directions in a forbidden way, or is empty in the end; PostgreSQL
/// then uses the bytes as they are.
std::optional<std::string> saslprep(std::string_view utf8);

} // namespace tusk::protocol
