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

struct built_in {
    oid_t type;
    oid_t array; ///< 0: the type has no array.
    const char* name;
};

/// Every base, range, multirange and pseudo type with a fixed OID, ordered by OID. Source: `pg_type.dat`.
constexpr built_in built_ins[] = {
    {16, 1000, "bool"},
    {17, 1001, "bytea"},
    {18, 1002, "\"char\""},
    {19, 1003, "name"},
    {20, 1016, "int8"},
    {21, 1005, "int2"},
    {22, 1006, "int2vector"},
    {23, 1007, "int4"},
    {24, 1008, "regproc"},
    {25, 1009, "text"},
    {26, 1028, "oid"},
    {27, 1010, "tid"},
    {28, 1011, "xid"},
    {29, 1012, "cid"},
    {30, 1013, "oidvector"},
    {32, 0, "pg_ddl_command"},
    {114, 199, "json"},
    {142, 143, "xml"},
    {194, 0, "pg_node_tree"},
    {269, 0, "table_am_handler"},
    {325, 0, "index_am_handler"},
    {600, 1017, "point"},
    {601, 1018, "lseg"},
    {602, 1019, "path"},
    {603, 1020, "box"},
    {604, 1027, "polygon"},
    {628, 629, "line"},
    {650, 651, "cidr"},
    {700, 1021, "float4"},
    {701, 1022, "float8"},
    {705, 0, "unknown"},
    {718, 719, "circle"},
    {774, 775, "macaddr8"},
    {790, 791, "money"},
    {829, 1040, "macaddr"},
    {869, 1041, "inet"},
    {1033, 1034, "aclitem"},
    {1042, 1014, "bpchar"},
    {1043, 1015, "varchar"},
    {1082, 1182, "date"},
    {1083, 1183, "time"},
    {1114, 1115, "timestamp"},
    {1184, 1185, "timestamptz"},
    {1186, 1187, "interval"},
    {1266, 1270, "timetz"},
    {1560, 1561, "bit"},
    {1562, 1563, "varbit"},
    {1700, 1231, "numeric"},
    {1790, 2201, "refcursor"},
    {2202, 2207, "regprocedure"},
    {2203, 2208, "regoper"},
    {2204, 2209, "regoperator"},
    {2205, 2210, "regclass"},
    {2206, 2211, "regtype"},
    {2249, 2287, "record"},
    {2275, 1263, "cstring"},
    {2276, 0, "any"},
    {2277, 0, "anyarray"},
    {2278, 0, "void"},
    {2279, 0, "trigger"},
    {2280, 0, "language_handler"},
    {2281, 0, "internal"},
    {2283, 0, "anyelement"},
    {2776, 0, "anynonarray"},
    {2950, 2951, "uuid"},
    {2970, 2949, "txid_snapshot"},
    {3115, 0, "fdw_handler"},
    {3220, 3221, "pg_lsn"},
    {3310, 0, "tsm_handler"},
    {3361, 0, "pg_ndistinct"},
    {3402, 0, "pg_dependencies"},
    {3500, 0, "anyenum"},
    {3614, 3643, "tsvector"},
    {3615, 3645, "tsquery"},
    {3642, 3644, "gtsvector"},
    {3734, 3735, "regconfig"},
    {3769, 3770, "regdictionary"},
    {3802, 3807, "jsonb"},
    {3831, 0, "anyrange"},
    {3838, 0, "event_trigger"},
    {3904, 3905, "int4range"},
    {3906, 3907, "numrange"},
    {3908, 3909, "tsrange"},
    {3910, 3911, "tstzrange"},
    {3912, 3913, "daterange"},
    {3926, 3927, "int8range"},
    {4072, 4073, "jsonpath"},
    {4089, 4090, "regnamespace"},
    {4096, 4097, "regrole"},
    {4191, 4192, "regcollation"},
    {4451, 6150, "int4multirange"},
    {4532, 6151, "nummultirange"},
    {4533, 6152, "tsmultirange"},
    {4534, 6153, "tstzmultirange"},
    {4535, 6155, "datemultirange"},
    {4536, 6157, "int8multirange"},
    {4537, 0, "anymultirange"},
    {4538, 0, "anycompatiblemultirange"},
    {4600, 0, "pg_brin_bloom_summary"},
    {4601, 0, "pg_brin_minmax_multi_summary"},
    {5017, 0, "pg_mcv_list"},
    {5038, 5039, "pg_snapshot"},
    {5069, 271, "xid8"},
    {5077, 0, "anycompatible"},
    {5078, 0, "anycompatiblearray"},
    {5079, 0, "anycompatiblenonarray"},
    {5080, 0, "anycompatiblerange"},
};

constexpr std::size_t count = std::size(built_ins);
static_assert(std::is_sorted(std::begin(built_ins), std::end(built_ins),
                             [](const built_in& a, const built_in& b) { return a.type < b.type; }));
static_assert(std::all_of(std::begin(built_ins), std::end(built_ins), [](const built_in& b) {
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

const built_in* find_type(oid_t type) noexcept {
    const auto* at = std::lower_bound(std::begin(built_ins), std::end(built_ins), type,
                                      [](const built_in& b, oid_t wanted) { return b.type < wanted; });
    return at != std::end(built_ins) && at->type == type ? at : nullptr;
}

bool has_binary_scalar(oid_t type) noexcept {
    switch (type) {
    case oid::boolean:
    case oid::bytea:
    case oid::character:
    case oid::name:
    case oid::int8:
    case oid::int2:
    case oid::int4:
    case oid::text:
    case oid::oid:
    case oid::json:
    case oid::xml:
    case oid::float4:
    case oid::float8:
    case oid::unknown:
    case oid::bpchar:
    case oid::varchar:
    case oid::date:
    case oid::time:
    case oid::timestamp:
    case oid::timestamptz:
    case oid::interval:
    case oid::numeric:
    case oid::uuid:
    case oid::jsonb: return true;
    default: return false;
    }
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
    if (const built_in* found = find_type(type)) return found->name;
    if (const built_in* element = find_type(array_element(type))) return compose(element->name, "[]");
    char digits[12] = {};
    std::to_chars(digits, digits + sizeof digits - 1, type);
    return compose("type OID ", digits);
}

} // namespace tusk
