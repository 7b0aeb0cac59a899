#include "conversion.hpp"

#include <set>
#include <string>

namespace tusk {
namespace oid_test {

TEST(oid, array_types_name_their_elements) {
    constexpr struct {
        oid_t array, element;
    } pairs[] = {{oid::boolean_array, oid::boolean},
                 {oid::bytea_array, oid::bytea},
                 {oid::character_array, oid::character},
                 {oid::name_array, oid::name},
                 {oid::int2_array, oid::int2},
                 {oid::int4_array, oid::int4},
                 {oid::text_array, oid::text},
                 {oid::bpchar_array, oid::bpchar},
                 {oid::varchar_array, oid::varchar},
                 {oid::int8_array, oid::int8},
                 {oid::float4_array, oid::float4},
                 {oid::float8_array, oid::float8},
                 {oid::oid_array, oid::oid},
                 {oid::timestamp_array, oid::timestamp},
                 {oid::date_array, oid::date},
                 {oid::timestamptz_array, oid::timestamptz},
                 {oid::numeric_array, oid::numeric},
                 {oid::json_array, oid::json},
                 {oid::uuid_array, oid::uuid},
                 {oid::jsonb_array, oid::jsonb},
                 {oid::time_array, oid::time},
                 {oid::interval_array, oid::interval},
                 {oid::xml_array, oid::xml},
                 {oid::macaddr8_array, oid::macaddr8},
                 {oid::record_array, oid::record},
                 {1020, 603},
                 {6157, 4536}};
    for (const auto& [array, element] : pairs) EXPECT_EQ(array_element(array), element) << array;
}

TEST(oid, other_types_have_no_elements) {
    for (const oid_t type :
         {oid_t{0}, oid::int4, oid::text, oid::unknown, oid::void_type, oid::first_user, ~oid_t{0}})
        EXPECT_EQ(array_element(type), 0u) << type;
}

TEST(oid, array_element_is_the_inverse_of_every_array) {
    for (const built_in_type& type : built_in_types()) {
        if (type.array == 0) continue;
        EXPECT_EQ(array_element(type.array), type.type) << type.name;
        EXPECT_EQ(array_type(type.type), type.array) << type.name;
    }
    EXPECT_EQ(array_type(oid::unknown), 0u);
    EXPECT_EQ(array_type(oid::first_user), 0u);
}

TEST(oid, natural_array_agrees_with_the_table) {
    for (const auto& [element, array] : detail::natural_arrays) EXPECT_EQ(array_element(array), element);
    EXPECT_EQ(detail::natural_array(oid::int4), oid::int4_array);
    EXPECT_EQ(detail::natural_array(oid::unspecified), 0u);
}

TEST(oid, binary_is_asked_for_exactly_where_a_codec_reads_it) {
    const std::set<oid_t> scalars{oid::boolean,
                                  oid::bytea,
                                  oid::character,
                                  oid::name,
                                  oid::int8,
                                  oid::int2,
                                  oid::int4,
                                  oid::text,
                                  oid::oid,
                                  oid::json,
                                  oid::xml,
                                  oid::float4,
                                  oid::float8,
                                  oid::unknown,
                                  oid::bpchar,
                                  oid::varchar,
                                  oid::date,
                                  oid::time,
                                  oid::timestamp,
                                  oid::timestamptz,
                                  oid::interval,
                                  oid::numeric,
                                  oid::uuid,
                                  oid::jsonb,
                                  oid::inet,
                                  oid::cidr,
                                  oid::macaddr,
                                  oid::macaddr8,
                                  oid::bit,
                                  oid::varbit,
                                  oid::point,
                                  oid::lseg,
                                  oid::path,
                                  oid::box,
                                  oid::polygon,
                                  oid::line,
                                  oid::circle,
                                  oid::int4range,
                                  oid::numrange,
                                  oid::tsrange,
                                  oid::tstzrange,
                                  oid::daterange,
                                  oid::int8range,
                                  oid::int4multirange,
                                  oid::nummultirange,
                                  oid::tsmultirange,
                                  oid::tstzmultirange,
                                  oid::datemultirange,
                                  oid::int8multirange,
                                  oid::pg_lsn,
                                  oid::money,
                                  oid::xid,
                                  oid::cid,
                                  oid::tid,
                                  oid::xid8,
                                  oid::int2vector,
                                  oid::oidvector,
                                  oid::timetz,
                                  oid::regproc,
                                  oid::regprocedure,
                                  oid::regoper,
                                  oid::regoperator,
                                  oid::regclass,
                                  oid::regtype,
                                  oid::regconfig,
                                  oid::regdictionary,
                                  oid::regnamespace,
                                  oid::regrole,
                                  oid::regcollation,
                                  oid::tsvector};
    for (oid_t type = 0; type < 20000; ++type) {
        const bool wanted = scalars.contains(type) || scalars.contains(array_element(type));
        EXPECT_EQ(has_binary_codec(type), wanted) << type_name(type);
    }
}

TEST(oid, names_are_those_of_the_server) {
    EXPECT_STREQ(type_name(oid::int8), "int8");
    EXPECT_STREQ(type_name(oid::character), "\"char\"");
    EXPECT_STREQ(type_name(oid::timestamptz), "timestamptz");
    EXPECT_STREQ(type_name(oid::timestamptz_array), "timestamptz[]");
    EXPECT_STREQ(type_name(4538), "anycompatiblemultirange");
    EXPECT_STREQ(type_name(oid::void_type), "void");
}

TEST(oid, an_unknown_type_is_named_by_its_number) {
    EXPECT_STREQ(type_name(0), "type OID 0");
    EXPECT_STREQ(type_name(16384), "type OID 16384");
    EXPECT_STREQ(type_name(4294967295), "type OID 4294967295");
}

TEST(oid, a_failure_names_place_type_and_remedy) {
    const failure f =
        conversion_failure(codec_errc::wrong_type, "column \"at\"", oid::timestamptz_array, "int");
    EXPECT_EQ(f.code(), errc::type_mismatch);
    EXPECT_NE(f.text().find("column \"at\" has type timestamptz[]"), std::string_view::npos) << f.text();
}

} // namespace oid_test
} // namespace tusk
