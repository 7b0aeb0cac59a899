// Rows in COPY's binary format: the bytes, what is refused, and finding rows in pieces of any size.
#include <gtest/gtest.h>

#include <string>

#include <tusk/types.hpp>
#include <tusk/types/copy_row.hpp>

using namespace tusk;
using namespace std::string_view_literals;

namespace copy_row_test {

std::vector<wire::column_description> described(std::vector<std::pair<std::string, oid_t>> columns) {
    std::vector<wire::column_description> out;
    for (auto& [name, type] : columns) {
        out.emplace_back();
        out.back().name = std::move(name);
        out.back().type_oid = type;
    }
    return out;
}

std::string text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span{text}); }

/// The bytes of one row, or "failed in field i".
template <class Row>
std::string encoded(const Row& row, const std::vector<wire::column_description>& columns,
                    const type_catalog* catalog = nullptr) {
    type_scope types{catalog};
    const auto plan = make_copy_plan<Row>(columns, types);
    if (!types.unknown().empty()) return "unknown " + std::to_string(types.unknown().front());
    if (!plan) return plan.error().message();
    value_sink out;
    row_error e;
    if (!encode_copy_row(out, *plan, row, e)) return "failed in field " + std::to_string(e.column);
    return text_of(out.bytes());
}

struct pair_of_fields {
    int first;
    std::optional<std::string> second;
};

const std::string header{"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0", 19};
const std::string one_row{"\0\1\0\0\0\4\0\0\0\7", 10};
const std::string trailer{"\xff\xff", 2};

/// The rows that a reader finds when it is given `data` in pieces of `size` bytes; "!" where it is malformed.
std::vector<std::string> found(const std::string& data, std::size_t size) {
    copy_row_reader reader;
    reader.begin();
    std::vector<std::string> out;
    for (std::size_t at = 0; at < data.size(); at += size) {
        const auto piece = data.substr(at, size); // gone before the next one comes
        reader.add(bytes_of(piece));
        for (std::span<const std::byte> row;;) {
            const auto status = reader.next(row);
            if (status == copy_row_reader::status::row) {
                out.push_back(text_of(row));
                continue;
            }
            if (status == copy_row_reader::status::malformed) out.emplace_back("!");
            if (status == copy_row_reader::status::malformed) return out;
            break;
        }
    }
    return out;
}

TEST(copy_rows, are_a_count_and_lengths_and_values) {
    const auto columns = described({{"a", oid::int4}, {"b", oid::text}});
    const std::string expected{"\0\2\0\0\0\4\0\0\0\5\0\0\0\2hi", 16};
    EXPECT_EQ(encoded(std::tuple{5, "hi"sv}, columns), expected);
    EXPECT_EQ(encoded(std::pair{5, std::string{"hi"}}, columns), expected);
    EXPECT_EQ(encoded(pair_of_fields{5, "hi"}, columns), expected);
    EXPECT_EQ(encoded(std::tuple{5, "hi"}, columns), expected);
    const int five = 5;
    const std::string hi = "hi";
    EXPECT_EQ(encoded(std::tie(five, hi), columns), expected);
    EXPECT_EQ(encoded(std::int64_t{5}, described({{"a", oid::int4}})),
              (std::string{"\0\1\0\0\0\4\0\0\0\5", 10}));
}

TEST(copy_rows, have_nulls_without_values) {
    const auto columns = described({{"a", oid::int4}, {"b", oid::text}});
    const std::string nulls{"\0\2\xff\xff\xff\xff\xff\xff\xff\xff", 10};
    EXPECT_EQ(encoded(std::tuple{std::optional<int>{}, std::nullopt}, columns), nulls);
    EXPECT_EQ(encoded(std::tuple{nullptr, std::optional<std::string_view>{}}, columns), nulls);
}

TEST(copy_rows, take_the_columns_type_not_the_fields) {
    EXPECT_EQ(encoded(std::int8_t{5}, described({{"a", oid::int8}})),
              (std::string{"\0\1\0\0\0\x8\0\0\0\0\0\0\0\5", 14}));
    EXPECT_EQ(encoded(R"({"a":1})"sv, described({{"a", oid::jsonb}})),
              (std::string{"\0\1\0\0\0\x8\1", 7} + R"({"a":1})"));
    EXPECT_EQ(encoded(std::int64_t{1} << 40, described({{"a", oid::int4}})), "failed in field 0");
}

TEST(copy_rows, put_text_into_a_column_of_a_users_type_only_when_it_is_an_enum) {
    const auto columns = described({{"mood", 16999}});
    type_catalog catalog;
    EXPECT_EQ(encoded("sad"sv, columns, &catalog), "unknown 16999");
    catalog_row row;
    row.oid = 16999;
    row.kind = "e";
    catalog.add({row});
    EXPECT_EQ(encoded("sad"sv, columns, &catalog), (std::string{"\0\1\0\0\0\3sad", 9}));
    EXPECT_NE(encoded("sad"sv, columns).find("\"mood\""), std::string::npos);
}

TEST(copy_rows, name_the_column_and_both_types_when_there_is_no_binary_form) {
    const auto message = encoded(std::tuple{1, true}, described({{"a", oid::int4}, {"price", oid::numeric}}));
    for (const char* word : {"\"price\"", "numeric", "bool"})
        EXPECT_NE(message.find(word), std::string::npos) << message;
    EXPECT_NE(encoded(1, described({{"a", oid::int4}, {"b", oid::int4}})).find("a, b"), std::string::npos);
}

TEST(copy_reader, finds_rows_however_the_data_are_cut) {
    const std::string rows[] = {one_row, std::string{"\0\2\xff\xff\xff\xff\0\0\0\0", 10},
                                std::string{"\0\0", 2}, std::string{"\0\1\0\0\0\3abc", 9}};
    std::string data = header;
    std::vector<std::string> expected;
    for (const auto& r : rows) {
        data += r;
        expected.push_back(r);
    }
    data += trailer;
    for (std::size_t size = 1; size <= data.size(); ++size) EXPECT_EQ(found(data, size), expected) << size;
}

TEST(copy_reader, skips_an_extension_of_the_header) {
    auto extended = header;
    extended[18] = 3;
    EXPECT_EQ(found(extended + "xyz" + one_row + trailer, 4), std::vector<std::string>{one_row});
}

TEST(copy_reader, refuses_what_is_not_the_format) {
    auto flags = header;
    flags[12] = 1; // one of those that must be understood: OIDs of old servers
    const std::string wrong[] = {
        "1\tone\n2\ttwo\n3\tthree",
        flags + one_row,
        header + std::string{"\0\1\xff\xff\xff\xfe", 6},
        header + std::string{"\xff\xfe", 2},
        header + trailer + one_row,
    };
    for (const auto& data : wrong)
        for (std::size_t size = 1; size <= data.size(); ++size)
            EXPECT_EQ(found(data, size), std::vector<std::string>{"!"}) << data << size;
}

TEST(value_sinks, write_on_in_the_memory_of_a_message_buffer) {
    wire::write_buffer buffer;
    buffer.put("before"sv);
    value_sink sink;
    sink.adopt(buffer.release());
    EXPECT_TRUE(buffer.empty());
    const auto* memory = sink.data();
    sink.put(" behind"sv);
    buffer.adopt(sink.release());
    EXPECT_EQ(text_of(buffer.bytes()), "before behind");
    EXPECT_EQ(buffer.data(), memory) << "nothing is copied";
    EXPECT_EQ(sink.size(), 0U);
    sink.put(std::string(1000, 'x'));
    EXPECT_EQ(sink.size(), 1000U);
}

TEST(value_sinks, that_began_in_themselves_can_become_a_message_buffer) {
    wire::write_buffer buffer;
    value_sink sink;
    sink.adopt(buffer.release()); // which has no memory yet
    sink.put("small"sv);
    buffer.adopt(sink.release());
    EXPECT_EQ(text_of(buffer.bytes()), "small");
    buffer.put(std::string(1000, 'y'));
    EXPECT_EQ(buffer.size(), 1005U);
}

} // namespace copy_row_test
