#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tusk::observe {

/// A statement without its values: literals and parameters become "?", lists of them one "?", white space and
/// comments one space. Two statements that differ in nothing else are alike. Knows the lexical rules of
/// PostgreSQL (quotes, E'', dollar quotes, nested comments, quoted identifiers); needs no parser, and what is
/// no SQL comes out as something.
std::string fingerprint(std::string_view sql);

/// A number for it, for logs: the same in every process and version.
std::uint64_t fingerprint_id(std::string_view fingerprint) noexcept;

} // namespace tusk::observe
