#include "round_trip.hpp"

using namespace types_test;

namespace network_test {

using tusk::inet;

/// Bytes with many zeros, for every way to shorten an IPv6 address.
template <std::size_t N>
std::array<unsigned char, N> sparse_bytes(std::mt19937_64& random) {
    std::array<unsigned char, N> out{};
    const auto zeros = random();
    for (std::size_t i = 0; i < N; ++i)
        if ((zeros >> (i / 2) & 1) != 0) out[i] = static_cast<unsigned char>(random());
    if (N == 16 && below(random, 4) == 0) out[10 % N] = out[11 % N] = 0xff;
    return out;
}

inet random_inet(std::mt19937_64& random) {
    if (below(random, 2) == 0)
        return inet{sparse_bytes<4>(random), static_cast<std::uint8_t>(below(random, 33))};
    const auto prefix = below(random, 2) == 0 ? 128 : below(random, 129);
    return inet{sparse_bytes<16>(random), static_cast<std::uint8_t>(prefix)};
}

TEST_F(types, inet_and_cidr) {
    auto db = connect();
    auto values = drawn(300, random_inet);
    for (const char* special :
         {"0.0.0.0/0", "255.255.255.255", "::", "::1", "::ffff:1.2.3.4", "::1.2.3.4", "::/0"})
        values.push_back(inet::parse(special).value());
    check_all(db, {"inet", tusk::oid::inet}, values);
    for (inet& value : values) value = value.network();
    round_trip<inet> cidr{db, {"cidr", tusk::oid::cidr}};
    for (const inet& value : values) cidr.check(value);
    EXPECT_EQ(db.one<std::vector<inet>>("select $1::cidr[]", values), values);
    for (const inet& value : values)
        EXPECT_EQ(db.one<std::string>("select $1::cidr::text", value), value.to_string());
}

TEST_F(types, inet_prints_compares_and_contains_as_the_server_does) {
    auto db = connect();
    const auto values = drawn(200, random_inet);
    std::mt19937_64 random{7};
    for (std::size_t i = 0; i < values.size(); ++i) {
        const inet& a = values[i];
        inet b = values[below(random, values.size())];
        if (i % 3 == 0) b = inet::parse(a.address() + "/8").value();
        EXPECT_EQ(db.one<std::string>("select host($1::inet)", a), a.address());
        EXPECT_EQ(db.one<std::string>("select network($1::inet)::text", a), a.network().to_string());
        EXPECT_EQ((db.one<std::pair<bool, bool>>("select $1::inet < $2::inet, $1::inet >>= $2::inet", a, b)),
                  (std::pair{a < b, a.contains(b)}))
            << a.to_string() << ' ' << b.to_string();
    }
}

template <std::size_t N>
tusk::mac_address<N> random_mac(std::mt19937_64& random) {
    std::array<std::byte, N> octets;
    for (std::byte& octet : octets) octet = static_cast<std::byte>(random());
    return tusk::mac_address<N>{octets};
}

TEST_F(types, macaddr_and_macaddr8) {
    auto db = connect();
    check_all(db, {"macaddr", tusk::oid::macaddr}, drawn(200, random_mac<6>));
    check_all(db, {"macaddr8", tusk::oid::macaddr8}, drawn(200, random_mac<8>));
    const auto address = tusk::macaddr::parse("08:00:2b:01:02:03").value();
    EXPECT_EQ(db.one<tusk::macaddr8>("select $1::macaddr::macaddr8", address), tusk::macaddr8{address});
}

} // namespace network_test
