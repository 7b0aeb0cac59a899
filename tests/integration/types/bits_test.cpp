#include "round_trip.hpp"

using namespace types_test;

namespace bits_test {

using tusk::bits;

bits random_bits(std::mt19937_64& random) {
    bits out;
    for (std::size_t left = below(random, 70); left != 0; --left) out.push_back(below(random, 2) == 0);
    return out;
}

TEST_F(types, bit_varying) {
    auto db = connect();
    auto values = drawn(300, random_bits);
    values.push_back(bits{});
    check_all(db, {"varbit", tusk::oid::varbit}, values);
    round_trip<bits>{db, {"varbit", tusk::oid::varbit}}.check(bits{100'000, true});
    for (std::size_t i = 1; i < values.size(); ++i)
        EXPECT_EQ(db.one<bool>("select $1::varbit < $2::varbit", values[i - 1], values[i]),
                  values[i - 1] < values[i]);
}

TEST_F(types, bit_of_fixed_length) {
    auto db = connect();
    round_trip<std::bitset<37>> fixed{db, {"bit(37)", tusk::oid::bit}};
    round_trip<bits> dynamic{db, {"bit(37)", tusk::oid::bit}};
    for (const auto number : drawn(100, [](auto& random) { return random(); })) {
        const std::bitset<37> value{number};
        fixed.check(value);
        dynamic.check(bits::parse(value.to_string()).value());
    }
    EXPECT_EQ(db.one<int>("select ($1::bit(8))::int", std::bitset<8>{77}), 77);
    EXPECT_EQ(db.one<std::bitset<8>>("select 77::bit(8)"), std::bitset<8>{77});
}

} // namespace bits_test
