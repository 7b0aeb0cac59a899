#include <tusk/protocol/md5.hpp>

#include <array>

#include <gtest/gtest.h>
#include <openssl/evp.h>

namespace md5_test {

using tusk::protocol::md5_password;

constexpr std::array salt{std::byte{0x01}, std::byte{0x02}, std::byte{0x03}, std::byte{0x04}};

// Expected values: hashlib of Python.
TEST(md5_password, hashes_password_and_user_then_salt) {
    const auto answer = md5_password("alice", "secret", salt);
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(*answer, "md598a0412b9c31436fc53776e863350083");
}

TEST(md5_password, takes_an_empty_password_and_a_salt_of_zeros) {
    const auto answer = md5_password("bob", "", std::array<std::byte, 4>{});
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(*answer, "md587a08073e3c715a555ed96839b567143");
}

TEST(md5_password, differs_with_every_byte_of_the_salt) {
    const auto plain = md5_password("alice", "secret", salt);
    for (std::size_t i = 0; i < salt.size(); ++i) {
        auto other = salt;
        other[i] ^= std::byte{0x80};
        EXPECT_NE(*md5_password("alice", "secret", other), *plain) << "byte " << i;
    }
}

TEST(md5_password, fails_where_openssl_refuses_md5) {
    ASSERT_EQ(EVP_set_default_properties(nullptr, "fips=yes"), 1);
    const auto answer = md5_password("alice", "secret", salt);
    ASSERT_EQ(EVP_set_default_properties(nullptr, ""), 1);
    ASSERT_TRUE(answer.has_error());
    EXPECT_EQ(answer.error().code(), tusk::errc::auth_unsupported);
    EXPECT_EQ(answer.error().message().find("secret"), std::string::npos);
}

} // namespace md5_test
