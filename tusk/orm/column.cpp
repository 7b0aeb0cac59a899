#include <tusk/orm/column.hpp>

namespace tusk::orm {

namespace {

struct type_name {
    oid_t oid;
    std::string_view name;
    std::string_view array;
};

constexpr type_name known_types[] = {
    {oid::boolean, "BOOLEAN", "BOOLEAN[]"},
    {oid::bytea, "BYTEA", "BYTEA[]"},
    {oid::character, "\"char\"", "\"char\"[]"},
    {oid::int2, "SMALLINT", "SMALLINT[]"},
    {oid::int4, "INTEGER", "INTEGER[]"},
    {oid::int8, "BIGINT", "BIGINT[]"},
    {oid::float4, "REAL", "REAL[]"},
    {oid::float8, "DOUBLE PRECISION", "DOUBLE PRECISION[]"},
    {oid::numeric, "NUMERIC", "NUMERIC[]"},
    {oid::text, "VARCHAR", "VARCHAR[]"},
    {oid::timestamp, "TIMESTAMP", "TIMESTAMP[]"},
    {oid::timestamptz, "TIMESTAMPTZ", "TIMESTAMPTZ[]"},
    {oid::date, "DATE", "DATE[]"},
    {oid::time, "TIME", "TIME[]"},
    {oid::timetz, "TIMETZ", "TIMETZ[]"},
    {oid::interval, "INTERVAL", "INTERVAL[]"},
    {oid::uuid, "UUID", "UUID[]"},
    {oid::json, "JSON", "JSON[]"},
    {oid::jsonb, "JSONB", "JSONB[]"},
    {oid::inet, "INET", "INET[]"},
    {oid::macaddr, "MACADDR", "MACADDR[]"},
    {oid::macaddr8, "MACADDR8", "MACADDR8[]"},
    {oid::varbit, "VARBIT", "VARBIT[]"},
    {oid::money, "MONEY", "MONEY[]"},
    {oid::pg_lsn, "PG_LSN", "PG_LSN[]"},
    {oid::point, "POINT", "POINT[]"},
    {oid::lseg, "LSEG", "LSEG[]"},
    {oid::path, "PATH", "PATH[]"},
    {oid::box, "BOX", "BOX[]"},
    {oid::polygon, "POLYGON", "POLYGON[]"},
    {oid::line, "LINE", "LINE[]"},
    {oid::circle, "CIRCLE", "CIRCLE[]"},
    {oid::tid, "TID", "TID[]"},
    {oid::tsvector, "TSVECTOR", "TSVECTOR[]"},
    {oid::tsquery, "TSQUERY", "TSQUERY[]"},
    {oid::int4range, "INT4RANGE", "INT4RANGE[]"},
    {oid::int8range, "INT8RANGE", "INT8RANGE[]"},
    {oid::numrange, "NUMRANGE", "NUMRANGE[]"},
    {oid::tsrange, "TSRANGE", "TSRANGE[]"},
    {oid::tstzrange, "TSTZRANGE", "TSTZRANGE[]"},
    {oid::daterange, "DATERANGE", "DATERANGE[]"},
    {oid::int4multirange, "INT4MULTIRANGE", "INT4MULTIRANGE[]"},
    {oid::int8multirange, "INT8MULTIRANGE", "INT8MULTIRANGE[]"},
    {oid::nummultirange, "NUMMULTIRANGE", "NUMMULTIRANGE[]"},
    {oid::tsmultirange, "TSMULTIRANGE", "TSMULTIRANGE[]"},
    {oid::tstzmultirange, "TSTZMULTIRANGE", "TSTZMULTIRANGE[]"},
    {oid::datemultirange, "DATEMULTIRANGE", "DATEMULTIRANGE[]"},
};

} // namespace

bound_value column_info::bind_of(const std::vector<void*>& rows) const {
    detail::field_pointers fields;
    fields.reserve(rows.size());
    for (const void* row : rows) fields.push_back(at_const(row));
    return field->bind_fields(std::move(fields));
}

std::string_view sql_type_of(const column_info& c) noexcept {
    if (!c.sql_type.empty()) return c.sql_type;
    const oid_t natural = c.field->natural;
    for (const auto& n : known_types) {
        if (n.oid == natural) return n.name;
        if (natural != 0 && tusk::detail::natural_array(n.oid) == natural) return n.array;
    }
    return {};
}

} // namespace tusk::orm
