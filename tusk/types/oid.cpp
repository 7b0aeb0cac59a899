#include <tusk/types/oid.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <string_view>

namespace tusk {

namespace {

/// Every base, range, multirange and pseudo type with a fixed OID, and the rows of the four catalogs that the
/// server bootstraps from, ordered by OID. Source: `pg_type.dat`.
constexpr built_in_type built_ins[] = {
    {oid::boolean, oid::boolean_array, "bool", true},
    {oid::bytea, oid::bytea_array, "bytea", true},
    {oid::character, oid::character_array, "\"char\"", true},
    {oid::name, oid::name_array, "name", true},
    {oid::int8, oid::int8_array, "int8", true},
    {oid::int2, oid::int2_array, "int2", true},
    {oid::int2vector, oid::int2vector_array, "int2vector", true},
    {oid::int4, oid::int4_array, "int4", true},
    {oid::regproc, oid::regproc_array, "regproc", true},
    {oid::text, oid::text_array, "text", true},
    {oid::oid, oid::oid_array, "oid", true},
    {oid::tid, oid::tid_array, "tid", true},
    {oid::xid, oid::xid_array, "xid", true},
    {oid::cid, oid::cid_array, "cid", true},
    {oid::oidvector, oid::oidvector_array, "oidvector", true},
    {oid::pg_ddl_command, 0, "pg_ddl_command", false},
    {oid::pg_type, oid::pg_type_array, "pg_type", false},
    {oid::pg_attribute, oid::pg_attribute_array, "pg_attribute", false},
    {oid::pg_proc, oid::pg_proc_array, "pg_proc", false},
    {oid::pg_class, oid::pg_class_array, "pg_class", false},
    {oid::json, oid::json_array, "json", true},
    {oid::xml, oid::xml_array, "xml", true},
    {oid::pg_node_tree, 0, "pg_node_tree", false},
    {oid::table_am_handler, 0, "table_am_handler", false},
    {oid::index_am_handler, 0, "index_am_handler", false},
    {oid::point, oid::point_array, "point", true},
    {oid::lseg, oid::lseg_array, "lseg", true},
    {oid::path, oid::path_array, "path", true},
    {oid::box, oid::box_array, "box", true},
    {oid::polygon, oid::polygon_array, "polygon", true},
    {oid::line, oid::line_array, "line", true},
    {oid::cidr, oid::cidr_array, "cidr", true},
    {oid::float4, oid::float4_array, "float4", true},
    {oid::float8, oid::float8_array, "float8", true},
    {oid::unknown, 0, "unknown", true},
    {oid::circle, oid::circle_array, "circle", true},
    {oid::macaddr8, oid::macaddr8_array, "macaddr8", true},
    {oid::money, oid::money_array, "money", true},
    {oid::macaddr, oid::macaddr_array, "macaddr", true},
    {oid::inet, oid::inet_array, "inet", true},
    {oid::aclitem, oid::aclitem_array, "aclitem", false},
    {oid::bpchar, oid::bpchar_array, "bpchar", true},
    {oid::varchar, oid::varchar_array, "varchar", true},
    {oid::date, oid::date_array, "date", true},
    {oid::time, oid::time_array, "time", true},
    {oid::timestamp, oid::timestamp_array, "timestamp", true},
    {oid::timestamptz, oid::timestamptz_array, "timestamptz", true},
    {oid::interval, oid::interval_array, "interval", true},
    {oid::timetz, oid::timetz_array, "timetz", true},
    {oid::bit, oid::bit_array, "bit", true},
    {oid::varbit, oid::varbit_array, "varbit", true},
    {oid::numeric, oid::numeric_array, "numeric", true},
    {oid::refcursor, oid::refcursor_array, "refcursor", false},
    {oid::regprocedure, oid::regprocedure_array, "regprocedure", true},
    {oid::regoper, oid::regoper_array, "regoper", true},
    {oid::regoperator, oid::regoperator_array, "regoperator", true},
    {oid::regclass, oid::regclass_array, "regclass", true},
    {oid::regtype, oid::regtype_array, "regtype", true},
    {oid::record, oid::record_array, "record", false},
    {oid::cstring, oid::cstring_array, "cstring", false},
    {oid::any, 0, "any", false},
    {oid::anyarray, 0, "anyarray", false},
    {oid::void_type, 0, "void", false},
    {oid::trigger, 0, "trigger", false},
    {oid::language_handler, 0, "language_handler", false},
    {oid::internal, 0, "internal", false},
    {oid::anyelement, 0, "anyelement", false},
    {oid::anynonarray, 0, "anynonarray", false},
    {oid::uuid, oid::uuid_array, "uuid", true},
    {oid::txid_snapshot, oid::txid_snapshot_array, "txid_snapshot", false},
    {oid::fdw_handler, 0, "fdw_handler", false},
    {oid::pg_lsn, oid::pg_lsn_array, "pg_lsn", true},
    {oid::tsm_handler, 0, "tsm_handler", false},
    {oid::pg_ndistinct, 0, "pg_ndistinct", false},
    {oid::pg_dependencies, 0, "pg_dependencies", false},
    {oid::anyenum, 0, "anyenum", false},
    {oid::tsvector, oid::tsvector_array, "tsvector", false},
    {oid::tsquery, oid::tsquery_array, "tsquery", false},
    {oid::gtsvector, oid::gtsvector_array, "gtsvector", false},
    {oid::regconfig, oid::regconfig_array, "regconfig", true},
    {oid::regdictionary, oid::regdictionary_array, "regdictionary", true},
    {oid::jsonb, oid::jsonb_array, "jsonb", true},
    {oid::anyrange, 0, "anyrange", false},
    {oid::event_trigger, 0, "event_trigger", false},
    {oid::int4range, oid::int4range_array, "int4range", true},
    {oid::numrange, oid::numrange_array, "numrange", true},
    {oid::tsrange, oid::tsrange_array, "tsrange", true},
    {oid::tstzrange, oid::tstzrange_array, "tstzrange", true},
    {oid::daterange, oid::daterange_array, "daterange", true},
    {oid::int8range, oid::int8range_array, "int8range", true},
    {oid::jsonpath, oid::jsonpath_array, "jsonpath", false},
    {oid::regnamespace, oid::regnamespace_array, "regnamespace", true},
    {oid::regrole, oid::regrole_array, "regrole", true},
    {oid::regcollation, oid::regcollation_array, "regcollation", true},
    {oid::int4multirange, oid::int4multirange_array, "int4multirange", true},
    {oid::nummultirange, oid::nummultirange_array, "nummultirange", true},
    {oid::tsmultirange, oid::tsmultirange_array, "tsmultirange", true},
    {oid::tstzmultirange, oid::tstzmultirange_array, "tstzmultirange", true},
    {oid::datemultirange, oid::datemultirange_array, "datemultirange", true},
    {oid::int8multirange, oid::int8multirange_array, "int8multirange", true},
    {oid::anymultirange, 0, "anymultirange", false},
    {oid::anycompatiblemultirange, 0, "anycompatiblemultirange", false},
    {oid::pg_brin_bloom_summary, 0, "pg_brin_bloom_summary", false},
    {oid::pg_brin_minmax_multi_summary, 0, "pg_brin_minmax_multi_summary", false},
    {oid::pg_mcv_list, 0, "pg_mcv_list", false},
    {oid::pg_snapshot, oid::pg_snapshot_array, "pg_snapshot", false},
    {oid::xid8, oid::xid8_array, "xid8", true},
    {oid::anycompatible, 0, "anycompatible", false},
    {oid::anycompatiblearray, 0, "anycompatiblearray", false},
    {oid::anycompatiblenonarray, 0, "anycompatiblenonarray", false},
    {oid::anycompatiblerange, 0, "anycompatiblerange", false},
};

constexpr std::size_t count = std::size(built_ins);
static_assert(std::is_sorted(std::begin(built_ins), std::end(built_ins),
                             [](const built_in_type& a, const built_in_type& b) { return a.type < b.type; }));
static_assert(std::all_of(std::begin(built_ins), std::end(built_ins), [](const built_in_type& b) {
    return b.type <= 0xffff && b.array <= 0xffff && std::string_view{b.name}.size() < 32;
}));

/// The way back, ordered by the OID of the array type, and small: decoding an array looks here.
struct array_of {
    std::uint16_t array;
    std::uint16_t element;
};
constexpr auto arrays = [] {
    std::array<array_of, count> out{};
    for (std::size_t i = 0; i < count; ++i)
        out[i] = {static_cast<std::uint16_t>(built_ins[i].array),
                  static_cast<std::uint16_t>(built_ins[i].type)};
    std::sort(out.begin(), out.end(), [](array_of a, array_of b) { return a.array < b.array; });
    return out;
}();

const built_in_type* find_type(oid_t type) noexcept {
    const auto* at = std::lower_bound(std::begin(built_ins), std::end(built_ins), type,
                                      [](const built_in_type& b, oid_t wanted) { return b.type < wanted; });
    return at != std::end(built_ins) && at->type == type ? at : nullptr;
}

bool has_binary_scalar(oid_t type) noexcept {
    const built_in_type* found = find_type(type);
    return found != nullptr && found->binary;
}

/// Names that are put together live until the thread asks for the next one.
const char* compose(const char* first, const char* second) noexcept {
    thread_local char text[64]; // twice what the longest name needs
    char* at = text;
    for (const char* part : {first, second}) {
        const std::size_t size = std::strlen(part);
        std::memcpy(at, part, size);
        at += size;
    }
    *at = '\0';
    return text;
}

} // namespace

std::span<const built_in_type> built_in_types() noexcept { return built_ins; }

oid_t array_element(oid_t array) noexcept {
    if (array == 0) return 0; // types without an array
    const auto* at = std::lower_bound(arrays.begin(), arrays.end(), array,
                                      [](array_of a, oid_t wanted) { return a.array < wanted; });
    return at != arrays.end() && at->array == array ? at->element : 0;
}

bool has_binary_codec(oid_t type) noexcept {
    if (has_binary_scalar(type)) return true;
    const oid_t element = array_element(type);
    return element != 0 && has_binary_scalar(element);
}

const char* type_name(oid_t type) noexcept {
    if (const built_in_type* found = find_type(type)) return found->name;
    if (const built_in_type* element = find_type(array_element(type))) return compose(element->name, "[]");
    char digits[12] = {};
    std::to_chars(digits, digits + sizeof digits - 1, type);
    return compose("type OID ", digits);
}

} // namespace tusk
