#pragma once

#include <cstdint>
#include <span>

namespace tusk {

/// Object identifier of a type. Source: PostgreSQL `pg_type.dat`.
using oid_t = std::uint32_t;

/// OIDs of built-in types; these never change between versions. `x_array` is the array of `x`.
namespace oid {
inline constexpr oid_t unspecified = 0;
/// OIDs below are fixed; from here on initdb gives them out (`information_schema`, rows of system views).
inline constexpr oid_t first_assigned = 10000;
/// Types that users and extensions make have OIDs from here on.
inline constexpr oid_t first_user = 16384;

inline constexpr oid_t boolean = 16;
inline constexpr oid_t bytea = 17;
inline constexpr oid_t character = 18; ///< "char", one byte
inline constexpr oid_t name = 19;
inline constexpr oid_t int8 = 20;
inline constexpr oid_t int2 = 21;
inline constexpr oid_t int2vector = 22;
inline constexpr oid_t int4 = 23;
inline constexpr oid_t regproc = 24;
inline constexpr oid_t text = 25;
inline constexpr oid_t oid = 26;
inline constexpr oid_t tid = 27;
inline constexpr oid_t xid = 28;
inline constexpr oid_t cid = 29;
inline constexpr oid_t oidvector = 30;
inline constexpr oid_t pg_ddl_command = 32;
inline constexpr oid_t pg_type = 71;
inline constexpr oid_t pg_attribute = 75;
inline constexpr oid_t pg_proc = 81;
inline constexpr oid_t pg_class = 83;
inline constexpr oid_t json = 114;
inline constexpr oid_t xml = 142;
inline constexpr oid_t pg_node_tree = 194;
inline constexpr oid_t table_am_handler = 269;
inline constexpr oid_t index_am_handler = 325;
inline constexpr oid_t point = 600;
inline constexpr oid_t lseg = 601;
inline constexpr oid_t path = 602;
inline constexpr oid_t box = 603;
inline constexpr oid_t polygon = 604;
inline constexpr oid_t line = 628;
inline constexpr oid_t cidr = 650;
inline constexpr oid_t float4 = 700;
inline constexpr oid_t float8 = 701;
inline constexpr oid_t unknown = 705;
inline constexpr oid_t circle = 718;
inline constexpr oid_t macaddr8 = 774;
inline constexpr oid_t money = 790;
inline constexpr oid_t macaddr = 829;
inline constexpr oid_t inet = 869;
inline constexpr oid_t aclitem = 1033;
inline constexpr oid_t bpchar = 1042;
inline constexpr oid_t varchar = 1043;
inline constexpr oid_t date = 1082;
inline constexpr oid_t time = 1083;
inline constexpr oid_t timestamp = 1114;
inline constexpr oid_t timestamptz = 1184;
inline constexpr oid_t interval = 1186;
inline constexpr oid_t timetz = 1266;
inline constexpr oid_t bit = 1560;
inline constexpr oid_t varbit = 1562;
inline constexpr oid_t numeric = 1700;
inline constexpr oid_t refcursor = 1790;
inline constexpr oid_t regprocedure = 2202;
inline constexpr oid_t regoper = 2203;
inline constexpr oid_t regoperator = 2204;
inline constexpr oid_t regclass = 2205;
inline constexpr oid_t regtype = 2206;
inline constexpr oid_t record = 2249;
inline constexpr oid_t cstring = 2275;
inline constexpr oid_t any = 2276;
inline constexpr oid_t anyarray = 2277;
inline constexpr oid_t void_type = 2278;
inline constexpr oid_t trigger = 2279;
inline constexpr oid_t language_handler = 2280;
inline constexpr oid_t internal = 2281;
inline constexpr oid_t anyelement = 2283;
inline constexpr oid_t anynonarray = 2776;
inline constexpr oid_t uuid = 2950;
inline constexpr oid_t txid_snapshot = 2970;
inline constexpr oid_t fdw_handler = 3115;
inline constexpr oid_t pg_lsn = 3220;
inline constexpr oid_t tsm_handler = 3310;
inline constexpr oid_t pg_ndistinct = 3361;
inline constexpr oid_t pg_dependencies = 3402;
inline constexpr oid_t anyenum = 3500;
inline constexpr oid_t tsvector = 3614;
inline constexpr oid_t tsquery = 3615;
inline constexpr oid_t gtsvector = 3642;
inline constexpr oid_t regconfig = 3734;
inline constexpr oid_t regdictionary = 3769;
inline constexpr oid_t jsonb = 3802;
inline constexpr oid_t anyrange = 3831;
inline constexpr oid_t event_trigger = 3838;
inline constexpr oid_t int4range = 3904;
inline constexpr oid_t numrange = 3906;
inline constexpr oid_t tsrange = 3908;
inline constexpr oid_t tstzrange = 3910;
inline constexpr oid_t daterange = 3912;
inline constexpr oid_t int8range = 3926;
inline constexpr oid_t jsonpath = 4072;
inline constexpr oid_t regnamespace = 4089;
inline constexpr oid_t regrole = 4096;
inline constexpr oid_t regcollation = 4191;
inline constexpr oid_t int4multirange = 4451;
inline constexpr oid_t nummultirange = 4532;
inline constexpr oid_t tsmultirange = 4533;
inline constexpr oid_t tstzmultirange = 4534;
inline constexpr oid_t datemultirange = 4535;
inline constexpr oid_t int8multirange = 4536;
inline constexpr oid_t anymultirange = 4537;
inline constexpr oid_t anycompatiblemultirange = 4538;
inline constexpr oid_t pg_brin_bloom_summary = 4600;
inline constexpr oid_t pg_brin_minmax_multi_summary = 4601;
inline constexpr oid_t pg_mcv_list = 5017;
inline constexpr oid_t pg_snapshot = 5038;
inline constexpr oid_t xid8 = 5069;
inline constexpr oid_t anycompatible = 5077;
inline constexpr oid_t anycompatiblearray = 5078;
inline constexpr oid_t anycompatiblenonarray = 5079;
inline constexpr oid_t anycompatiblerange = 5080;

inline constexpr oid_t boolean_array = 1000;
inline constexpr oid_t bytea_array = 1001;
inline constexpr oid_t character_array = 1002;
inline constexpr oid_t name_array = 1003;
inline constexpr oid_t int8_array = 1016;
inline constexpr oid_t int2_array = 1005;
inline constexpr oid_t int2vector_array = 1006;
inline constexpr oid_t int4_array = 1007;
inline constexpr oid_t regproc_array = 1008;
inline constexpr oid_t text_array = 1009;
inline constexpr oid_t oid_array = 1028;
inline constexpr oid_t tid_array = 1010;
inline constexpr oid_t xid_array = 1011;
inline constexpr oid_t cid_array = 1012;
inline constexpr oid_t oidvector_array = 1013;
inline constexpr oid_t pg_type_array = 210;
inline constexpr oid_t pg_attribute_array = 270;
inline constexpr oid_t pg_proc_array = 272;
inline constexpr oid_t pg_class_array = 273;
inline constexpr oid_t json_array = 199;
inline constexpr oid_t xml_array = 143;
inline constexpr oid_t point_array = 1017;
inline constexpr oid_t lseg_array = 1018;
inline constexpr oid_t path_array = 1019;
inline constexpr oid_t box_array = 1020;
inline constexpr oid_t polygon_array = 1027;
inline constexpr oid_t line_array = 629;
inline constexpr oid_t cidr_array = 651;
inline constexpr oid_t float4_array = 1021;
inline constexpr oid_t float8_array = 1022;
inline constexpr oid_t circle_array = 719;
inline constexpr oid_t macaddr8_array = 775;
inline constexpr oid_t money_array = 791;
inline constexpr oid_t macaddr_array = 1040;
inline constexpr oid_t inet_array = 1041;
inline constexpr oid_t aclitem_array = 1034;
inline constexpr oid_t bpchar_array = 1014;
inline constexpr oid_t varchar_array = 1015;
inline constexpr oid_t date_array = 1182;
inline constexpr oid_t time_array = 1183;
inline constexpr oid_t timestamp_array = 1115;
inline constexpr oid_t timestamptz_array = 1185;
inline constexpr oid_t interval_array = 1187;
inline constexpr oid_t timetz_array = 1270;
inline constexpr oid_t bit_array = 1561;
inline constexpr oid_t varbit_array = 1563;
inline constexpr oid_t numeric_array = 1231;
inline constexpr oid_t refcursor_array = 2201;
inline constexpr oid_t regprocedure_array = 2207;
inline constexpr oid_t regoper_array = 2208;
inline constexpr oid_t regoperator_array = 2209;
inline constexpr oid_t regclass_array = 2210;
inline constexpr oid_t regtype_array = 2211;
inline constexpr oid_t record_array = 2287;
inline constexpr oid_t cstring_array = 1263;
inline constexpr oid_t uuid_array = 2951;
inline constexpr oid_t txid_snapshot_array = 2949;
inline constexpr oid_t pg_lsn_array = 3221;
inline constexpr oid_t tsvector_array = 3643;
inline constexpr oid_t tsquery_array = 3645;
inline constexpr oid_t gtsvector_array = 3644;
inline constexpr oid_t regconfig_array = 3735;
inline constexpr oid_t regdictionary_array = 3770;
inline constexpr oid_t jsonb_array = 3807;
inline constexpr oid_t int4range_array = 3905;
inline constexpr oid_t numrange_array = 3907;
inline constexpr oid_t tsrange_array = 3909;
inline constexpr oid_t tstzrange_array = 3911;
inline constexpr oid_t daterange_array = 3913;
inline constexpr oid_t int8range_array = 3927;
inline constexpr oid_t jsonpath_array = 4073;
inline constexpr oid_t regnamespace_array = 4090;
inline constexpr oid_t regrole_array = 4097;
inline constexpr oid_t regcollation_array = 4192;
inline constexpr oid_t int4multirange_array = 6150;
inline constexpr oid_t nummultirange_array = 6151;
inline constexpr oid_t tsmultirange_array = 6152;
inline constexpr oid_t tstzmultirange_array = 6153;
inline constexpr oid_t datemultirange_array = 6155;
inline constexpr oid_t int8multirange_array = 6157;
inline constexpr oid_t pg_snapshot_array = 5039;
inline constexpr oid_t xid8_array = 271;
} // namespace oid

/// A type with a fixed OID, as the server's catalog has it.
struct built_in_type {
    oid_t type;
    oid_t array;      ///< 0: the type has no array.
    const char* name; ///< SQL name.
    bool binary;      ///< Tusk reads it, and arrays of it, in binary.
};

/// All of them, in the order of their OIDs.
std::span<const built_in_type> built_in_types() noexcept;

/// The array type of a built-in type, or 0.
oid_t array_type(oid_t element) noexcept;

/// The element type of a built-in array type, or 0.
oid_t array_element(oid_t array) noexcept;

/// Whether Tusk reads and writes this type in binary; results of every other type are asked for as text.
bool has_binary_codec(oid_t type) noexcept;

/// The type's SQL name for messages ("int8", "timestamptz[]"), or "type OID n".
const char* type_name(oid_t type) noexcept;

} // namespace tusk
