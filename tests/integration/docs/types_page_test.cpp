// The code of docs/types.md.
#include <boost/asio/ip/tcp.hpp>

#include <tests/unit/types/email_codec.hpp>

#include "page.hpp"

namespace values_page {

using namespace docs_test;

class values_page : public page_test {};

TEST_F(values_page, infinity) {
    std::chrono::sys_time<std::chrono::microseconds> until = tusk::infinity;
    const bool for_ever = until == tusk::infinity;

    EXPECT_TRUE(for_ever);
    EXPECT_EQ(connect().one<std::string>("select $1::timestamptz::text", until), "infinity");
}

TEST_F(values_page, numeric) {
    auto price = tusk::numeric::parse("19.90").value(); // keeps the zero
    tusk::numeric count = 3;                            // integers are exact
    auto tenth = tusk::numeric::from_double(0.1);       // the shortest decimal: 0.1
    auto text = price.to_string();                      // "19.90"
    auto whole = price.to_int64();                      // nullopt: nothing is rounded

    EXPECT_EQ(text, "19.90");
    EXPECT_EQ(whole, std::nullopt);
    EXPECT_EQ(connect().one<tusk::numeric>("select $1::numeric * $2::numeric", count, tenth).to_string(),
              "0.3");
}

TEST_F(values_page, network_addresses) {
    boost::asio::ip::tcp::endpoint endpoint{boost::asio::ip::make_address("10.1.2.3"), 80};

    const auto client = tusk::inet::parse("10.1.2.3/8").value();
    boost::asio::ip::address_v4 address{client.to_v4_bytes().value()};
    tusk::inet peer{endpoint.address().to_v4().to_bytes()};
    auto network = client.network().to_string(); // "10.0.0.0/8"

    EXPECT_EQ(address.to_string(), "10.1.2.3");
    EXPECT_EQ(network, "10.0.0.0/8");
    EXPECT_TRUE(connect().one<bool>("select $1::inet << $2::cidr", peer, client.network()));
}

TEST_F(values_page, ranges) {
    tusk::range<int> pages{1, 11}; // [1,11): the lower bound belongs to it, the upper one does not
    auto closed = tusk::range<int>::closed(1, 10); // [1,10]
    tusk::range<int> later{7, std::nullopt};       // [7,): no upper bound
    tusk::range<int> nothing;                      // empty
    const bool last = pages.contains(10);          // true
    const bool both = pages.overlaps(later);       // true

    EXPECT_TRUE(last);
    EXPECT_TRUE(both);
    EXPECT_TRUE(connect().one<bool>("select $1::int4range = $2::int4range and isempty($3::int4range)", pages,
                                    closed, nothing));
}

TEST_F(values_page, a_type_of_your_own) {
    auto db = connect();
    EXPECT_EQ(db.one<email>("select 'a@b'").address, "a@b");
    const std::vector<email> all{{"a@b"}, {"c@d"}};
    EXPECT_EQ(db.one<std::vector<email>>("select $1::text[]", all).at(1).address, "c@d");
}

} // namespace values_page
