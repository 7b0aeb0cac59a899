#pragma once

#include <cstdint>

namespace tusk {

/// Object identifier of a type. Source: PostgreSQL `pg_type.dat`.
using oid_t = std::uint32_t;

/// OIDs of built-in types; these never change between versions.
namespace oid {
inline constexpr oid_t unspecified = 0;
inline constexpr oid_t boolean = 16;
inline constexpr oid_t bytea = 17;
inline constexpr oid_t character = 18; ///< "char", one byte
inline constexpr oid_t name = 19;
inline constexpr oid_t int8 = 20;
inline constexpr oid_t int2 = 21;
inline constexpr oid_t int4 = 23;
inline constexpr oid_t text = 25;
inline constexpr oid_t oid = 26;
inline constexpr oid_t json = 114;
inline constexpr oid_t xml = 142;
inline constexpr oid_t float4 = 700;
inline constexpr oid_t float8 = 701;
inline constexpr oid_t unknown = 705;
inline constexpr oid_t bpchar = 1042;
inline constexpr oid_t varchar = 1043;
inline constexpr oid_t date = 1082;
inline constexpr oid_t time = 1083;
inline constexpr oid_t timestamp = 1114;
inline constexpr oid_t timestamptz = 1184;
inline constexpr oid_t interval = 1186;
inline constexpr oid_t numeric = 1700;
inline constexpr oid_t void_type = 2278;
inline constexpr oid_t uuid = 2950;
inline constexpr oid_t jsonb = 3802;

inline constexpr oid_t boolean_array = 1000;
inline constexpr oid_t bytea_array = 1001;
inline constexpr oid_t character_array = 1002;
inline constexpr oid_t name_array = 1003;
inline constexpr oid_t int2_array = 1005;
inline constexpr oid_t int4_array = 1007;
inline constexpr oid_t text_array = 1009;
inline constexpr oid_t bpchar_array = 1014;
inline constexpr oid_t varchar_array = 1015;
inline constexpr oid_t int8_array = 1016;
inline constexpr oid_t float4_array = 1021;
inline constexpr oid_t float8_array = 1022;
inline constexpr oid_t oid_array = 1028;
inline constexpr oid_t timestamp_array = 1115;
inline constexpr oid_t date_array = 1182;
inline constexpr oid_t timestamptz_array = 1185;
inline constexpr oid_t numeric_array = 1231;
inline constexpr oid_t json_array = 199;
inline constexpr oid_t uuid_array = 2951;
inline constexpr oid_t jsonb_array = 3807;
} // namespace oid

/// The element type of a built-in array type, or 0.
oid_t array_element(oid_t array) noexcept;

/// Whether Tusk reads and writes this type in binary; results of every other type are asked for as text.
bool has_binary_codec(oid_t type) noexcept;

/// The type's SQL name for messages ("int8", "timestamptz[]"), or "type OID n".
const char* type_name(oid_t type) noexcept;

} // namespace tusk
