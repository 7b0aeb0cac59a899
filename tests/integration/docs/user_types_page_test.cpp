// The code of docs/types.md about types that are not built in.
#include <cstring>

#include <boost/asio/co_spawn.hpp>

#include <tusk/client.hpp>
#include <tusk/testing/gtest.hpp>

namespace asio = boost::asio;

enum class mood { sad, happy };

struct address {
    std::string street;
    std::optional<int> number;
};

struct person {
    std::string name;
    mood feels;
    std::vector<address> homes;
};

enum class color { dark_red, green };

template <>
struct tusk::enum_labels<color> {
    static constexpr std::array labels{tusk::enum_label{color::dark_red, "dark red"},
                                       tusk::enum_label{color::green, "green"}};
};

// a point of the extension `cube`
struct cube {
    std::vector<double> corner;
};

template <>
struct tusk::codec<cube> : tusk::named_type_codec<"cube"> {
    static tusk::codec_errc decode_binary(tusk::type_ref, const std::byte* p, std::size_t n, cube& out);
    static tusk::codec_errc decode_text(tusk::type_ref, std::string_view text, cube& out);
    static tusk::codec_errc encode_binary(tusk::value_sink& out, tusk::type_ref, const cube& in);
    static tusk::codec_errc encode_text(tusk::value_sink& out, tusk::type_ref, const cube& in);
};

// A header with the number of dimensions and a flag for points, then the coordinates.
constexpr std::uint32_t is_point = 0x80000000;

tusk::codec_errc tusk::codec<cube>::decode_binary(tusk::type_ref, const std::byte* p, std::size_t n,
                                                  cube& out) {
    if (n < 4) return codec_errc::malformed;
    const auto header = wire::load_big_endian<std::uint32_t>(p);
    const std::size_t size = header & ~is_point;
    if ((header & is_point) == 0) return codec_errc::out_of_range;
    if (size != (n - 4) / 8 || (n - 4) % 8 != 0) return codec_errc::malformed;
    out.corner.resize(size);
    for (std::size_t i = 0; i < size; ++i) {
        const auto bits = wire::load_big_endian<std::uint64_t>(p + 4 + 8 * i);
        std::memcpy(&out.corner[i], &bits, 8);
    }
    return codec_errc::ok;
}

tusk::codec_errc tusk::codec<cube>::decode_text(tusk::type_ref, std::string_view, cube&) {
    return codec_errc::malformed;
}

tusk::codec_errc tusk::codec<cube>::encode_binary(tusk::value_sink& out, tusk::type_ref, const cube& in) {
    out.put_int(static_cast<std::uint32_t>(in.corner.size()) | is_point);
    for (const double x : in.corner) {
        std::uint64_t bits = 0;
        std::memcpy(&bits, &x, 8);
        out.put_int(bits);
    }
    return codec_errc::ok;
}

tusk::codec_errc tusk::codec<cube>::encode_text(tusk::value_sink&, tusk::type_ref, const cube&) {
    return codec_errc::malformed;
}

namespace {

asio::awaitable<void> use_user_types(std::string url) {
    auto db = co_await tusk::connection::open(url);
    const std::vector<address> homes{{"Main St", 12}, {"Elm St", std::nullopt}};
    co_await db.exec("insert into people values ($1, $2, $3)", "Ann", mood::happy, homes);
    const auto ann = co_await db.one<person>("select * from people where feels = $1", mood::happy);
    EXPECT_EQ(ann.homes.at(0).number, 12);
    EXPECT_EQ(ann.homes.at(1).street, "Elm St");
    EXPECT_EQ(co_await db.one<color>("select 'dark red'"), color::dark_red);
}

asio::awaitable<void> use_arrays(std::string url) {
    auto db = co_await tusk::connection::open(url);
    tusk::array<int> board = co_await db.one<tusk::array<int>>("select '[0:1][1:2]={{1,2},{3,4}}'::int4[]");
    board.at(0, 2);                 // 2: subscripts as in SQL
    board.dimension(0).lower_bound; // 0
    auto rows = co_await db.one<std::vector<std::vector<int>>>("select '{{1,2},{3,4}}'::int4[]");

    EXPECT_EQ(board.at(0, 2), 2);
    EXPECT_EQ(board.dimension(0).lower_bound, 0);
    EXPECT_EQ(rows.at(1).at(0), 3);
}

class types_page : public tusk::testing::database_test {
protected:
    tusk::testing::database_options options() const override {
        tusk::testing::database_options o;
        o.script("create type mood as enum ('sad', 'happy');"
                 "create type address as (street text, number int4);"
                 "create table people (name text, feels mood, homes address[]);"
                 "create extension cube");
        return o;
    }
};

TEST_F(types_page, types_that_users_made_need_no_registration) {
    tusk::testing::run_async(use_user_types(url()));
}

TEST_F(types_page, arrays_have_shapes) { tusk::testing::run_async(use_arrays(url())); }

TEST_F(types_page, a_type_of_an_extension_travels_in_binary) {
    auto db = connect();
    const cube sent{{1.5, -2, 0.1}};
    EXPECT_EQ(db.one<std::string>("select $1::cube::text", sent), "(1.5, -2, 0.1)");
    EXPECT_EQ(db.one<cube>("select $1::cube", sent).corner, sent.corner);
}

} // namespace
