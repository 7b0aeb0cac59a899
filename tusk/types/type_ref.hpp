#pragma once

#include <tusk/types/oid.hpp>

namespace tusk {

struct type_info;

/// An SQL type as codecs get it: its OID, and what the server's catalog says about it when that was needed.
/// Codecs of types with fixed OIDs take an `oid_t` instead; the two convert into each other.
struct type_ref {
    constexpr type_ref(oid_t type = 0, const type_info* about = nullptr) noexcept : oid{type}, info{about} {}
    constexpr operator oid_t() const noexcept { return oid; }

    oid_t oid;
    const type_info* info; ///< Null for a type with a fixed OID, and for one that nobody has looked up.
};

} // namespace tusk
