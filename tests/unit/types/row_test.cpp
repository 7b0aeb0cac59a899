// How a DataRow becomes a struct: the direct way for columns of the fields' own types, and the other one,
// which also says what is wrong.
#include "conversion.hpp"

#include <tusk/types/row.hpp>

namespace tusk {
namespace row_test {

using conversion::from_hex;

struct all_direct {
    std::int64_t id = 0;
    std::int32_t a = 0;
    std::optional<double> b;
    std::string c;
    bool e = false;
    numeric f;
    uuid g;
};

wire::column_description column(std::string name, oid_t type) {
    wire::column_description c;
    c.name = std::move(name);
    c.type_oid = type;
    return c;
}

std::vector<wire::column_description> columns_of_all() {
    return {column("id", oid::int8),   column("a", oid::int4),    column("b", oid::float8),
            column("c", oid::varchar), column("e", oid::boolean), column("f", oid::numeric),
            column("g", oid::uuid)};
}

// id 7, a -2, b 1.5, c "key-1", e true, f 1.25, g of sixteen bytes
constexpr const char* whole_row =
    "0007 00000008 0000000000000007 00000004 fffffffe 00000008 3ff8000000000000 "
    "00000005 6b65792d31 00000001 01 0000000c 0002 0000 0000 0002 0001 09c4 "
    "00000010 000102030405060708090a0b0c0d0e0f";

template <class T>
bool decode(const row_plan& plan, std::string_view bytes, T& out, row_error& error) {
    const conversion::exact_bytes exact{bytes};
    const auto field = exact.field(type_ref{}, true);
    return decode_row(plan, std::span{field.data, bytes.size()}, out, error);
}

TEST(row, columns_of_the_fields_own_types_are_decoded_directly) {
    const auto columns = columns_of_all();
    const auto plan = make_row_plan<all_direct>(columns).value();
    EXPECT_TRUE(plan.direct);
    all_direct row;
    row.c = "other"; // of the same length: its memory is written over
    row_error error;
    ASSERT_TRUE(decode(plan, from_hex(whole_row), row, error));
    EXPECT_EQ(row.id, 7);
    EXPECT_EQ(row.a, -2);
    EXPECT_EQ(row.b, 1.5);
    EXPECT_EQ(row.c, "key-1");
    EXPECT_TRUE(row.e);
    EXPECT_EQ(row.f.to_string(), "1.25");
    EXPECT_EQ(row.g.to_string(), "00010203-0405-0607-0809-0a0b0c0d0e0f");
}

TEST(row, a_row_that_is_cut_anywhere_is_malformed) {
    const auto columns = columns_of_all();
    const auto plan = make_row_plan<all_direct>(columns).value();
    const auto whole = from_hex(whole_row);
    for (std::size_t n = 0; n < whole.size(); ++n) {
        all_direct row;
        row_error error;
        EXPECT_FALSE(decode(plan, whole.substr(0, n), row, error)) << n;
        EXPECT_EQ(error.code, codec_errc::malformed) << n;
    }
    all_direct row;
    row_error error;
    EXPECT_FALSE(decode(plan, whole + '\0', row, error));
    EXPECT_EQ(error.cpp_type, "a row");
}

TEST(row, null_is_for_optional_fields_and_an_error_names_the_column_of_others) {
    const auto columns = std::vector{column("id", oid::int8), column("b", oid::float8)};
    using pair = std::tuple<std::int64_t, std::optional<double>>;
    const auto plan = make_row_plan<pair>(columns).value();
    ASSERT_TRUE(plan.direct);
    pair row{1, 2.0};
    row_error error;
    ASSERT_TRUE(decode(plan, from_hex("0002 00000008 0000000000000009 ffffffff"), row, error));
    EXPECT_EQ(row, pair(9, std::nullopt));
    EXPECT_FALSE(decode(plan, from_hex("0002 ffffffff 00000008 3ff8000000000000"), row, error));
    EXPECT_EQ(error.code, codec_errc::null_value);
    EXPECT_EQ(error.column, 0U);
}

TEST(row, a_value_of_the_wrong_size_is_malformed_and_its_column_is_named) {
    const auto columns = std::vector{column("id", oid::int8), column("g", oid::uuid)};
    const auto plan = make_row_plan<std::tuple<std::int64_t, uuid>>(columns).value();
    ASSERT_TRUE(plan.direct);
    std::tuple<std::int64_t, uuid> row;
    row_error error;
    EXPECT_FALSE(decode(plan, from_hex("0002 00000008 0000000000000009 00000002 0102"), row, error));
    EXPECT_EQ(error.code, codec_errc::malformed);
    EXPECT_EQ(error.column, 1U);
    EXPECT_FALSE(decode(plan, from_hex("0002 00000004 00000009 ffffffff"), row, error));
    EXPECT_EQ(error.column, 0U);
    EXPECT_FALSE(decode(plan, from_hex("0002 fffffffe 00000009 ffffffff"), row, error)); // a size below -1
    EXPECT_EQ(error.cpp_type, "a row");
}

struct id_and_text {
    std::int64_t id = 0;
    std::string c;
};

TEST(row, other_types_and_another_order_take_the_other_way) {
    const auto converted = std::vector{column("id", oid::int4), column("c", oid::text)};
    const auto narrow = make_row_plan<id_and_text>(converted).value();
    EXPECT_FALSE(narrow.direct);
    id_and_text row;
    row_error error;
    ASSERT_TRUE(decode(narrow, from_hex("0002 00000004 fffffffb 00000001 78"), row, error));
    EXPECT_EQ(row.id, -5);

    const auto turned = std::vector{column("c", oid::text), column("id", oid::int8)};
    const auto by_name = make_row_plan<id_and_text>(turned).value();
    EXPECT_FALSE(by_name.direct);
    ASSERT_TRUE(decode(by_name, from_hex("0002 00000001 79 00000008 0000000000000003"), row, error));
    EXPECT_EQ(row.id, 3);
    EXPECT_EQ(row.c, "y");

    // jsonb has a version in front of its text, and the zero of "char" is no text at all.
    for (const auto type : {oid::jsonb, oid::character})
        EXPECT_FALSE(make_row_plan<std::string>(std::vector{column("c", type)}).value().direct);
}

} // namespace row_test
} // namespace tusk
