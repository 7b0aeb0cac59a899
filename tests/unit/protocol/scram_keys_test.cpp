#include <tusk/protocol/scram.hpp>

#include "scram_server.hpp"

#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace scram_keys_test {

using namespace tusk::protocol;

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span{text}); }

scram_keys keys_with(int value) {
    scram_keys keys;
    keys.client_key.fill(static_cast<std::byte>(value));
    keys.server_key.fill(static_cast<std::byte>(value + 1));
    return keys;
}

TEST(scram_key_cache, gives_back_what_was_stored) {
    scram_key_cache cache;
    EXPECT_FALSE(cache.find("secret", bytes_of("salt"), 4096));
    cache.store("secret", bytes_of("salt"), 4096, keys_with(7));
    const auto found = cache.find("secret", bytes_of("salt"), 4096);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->client_key, keys_with(7).client_key);
    EXPECT_EQ(found->server_key, keys_with(7).server_key);
}

TEST(scram_key_cache, tells_password_salt_and_iterations_apart) {
    scram_key_cache cache;
    cache.store("secret", bytes_of("salt"), 4096, keys_with(1));
    EXPECT_FALSE(cache.find("Secret", bytes_of("salt"), 4096));
    EXPECT_FALSE(cache.find("secret", bytes_of("Salt"), 4096));
    EXPECT_FALSE(cache.find("secret", bytes_of("salt"), 4097));
    EXPECT_FALSE(cache.find("secrets", bytes_of("alt"), 4096)) << "the bytes of both together are the same";
    EXPECT_FALSE(cache.find("", bytes_of("secretsalt"), 4096));
}

TEST(scram_key_cache, replaces_the_keys_of_the_same_password) {
    scram_key_cache cache;
    cache.store("secret", bytes_of("salt"), 1, keys_with(1));
    cache.store("secret", bytes_of("salt"), 1, keys_with(5));
    EXPECT_EQ(cache.size(), 1U);
    EXPECT_EQ(cache.find("secret", bytes_of("salt"), 1)->client_key, keys_with(5).client_key);
}

TEST(scram_key_cache, lets_the_least_recently_used_go) {
    scram_key_cache cache;
    constexpr auto full = static_cast<std::uint32_t>(scram_key_cache::capacity);
    for (std::uint32_t i = 1; i <= full; ++i) cache.store("secret", bytes_of("salt"), i, keys_with(1));
    ASSERT_TRUE(cache.find("secret", bytes_of("salt"), 1)) << "used now, so 2 is the oldest";
    cache.store("secret", bytes_of("salt"), full + 1, keys_with(1));

    EXPECT_EQ(cache.size(), scram_key_cache::capacity);
    EXPECT_TRUE(cache.find("secret", bytes_of("salt"), 1));
    EXPECT_FALSE(cache.find("secret", bytes_of("salt"), 2));
    EXPECT_TRUE(cache.find("secret", bytes_of("salt"), 3));
    EXPECT_TRUE(cache.find("secret", bytes_of("salt"), full + 1));
}

TEST(scram_key_cache, forgets_everything_when_cleared) {
    scram_key_cache cache;
    cache.store("secret", bytes_of("salt"), 1, keys_with(1));
    cache.clear();
    EXPECT_EQ(cache.size(), 0U);
    EXPECT_FALSE(cache.find("secret", bytes_of("salt"), 1));
}

TEST(scram_key_cache, is_safe_from_several_threads) {
    scram_key_cache cache;
    std::vector<std::thread> threads;
    std::atomic<int> wrong = 0;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&cache, &wrong, t] {
            for (std::uint32_t i = 1; i <= 200; ++i) {
                const std::string password = "p" + std::to_string(i % 90);
                cache.store(password, bytes_of("salt"), 1, keys_with(static_cast<int>(i % 90)));
                const auto found = cache.find(password, bytes_of("salt"), 1);
                if (found && found->client_key != keys_with(static_cast<int>(i % 90)).client_key) ++wrong;
                if (t == 0 && i % 50 == 0) cache.clear();
            }
        });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0);
    EXPECT_LE(cache.size(), scram_key_cache::capacity);
}

/// Runs an exchange up to the server's first message.
scram_client answered(scram_server& server, const std::shared_ptr<scram_key_cache>& cache,
                      std::string_view password = "secret") {
    scram_client client{password};
    client.use_keys(cache);
    EXPECT_FALSE(client.server_first(server.first(client.client_first(), "n,,")));
    return client;
}

TEST(scram_client_with_cache, derives_once_for_many_connections) {
    const auto cache = std::make_shared<scram_key_cache>();
    scram_server server{"secret", "salt", 100};
    scram_client first = answered(server, cache);
    EXPECT_TRUE(first.needs_key());
    first.derive_key();
    ASSERT_FALSE(first.server_final(server.final(first.client_final(), "biws")));

    scram_client second = answered(server, cache);
    EXPECT_FALSE(second.needs_key());
    EXPECT_FALSE(second.server_final(server.final(second.client_final(), "biws")));
    EXPECT_TRUE(second.authenticated());
}

TEST(scram_client_with_cache, stores_nothing_for_a_server_that_proves_nothing) {
    const auto cache = std::make_shared<scram_key_cache>();
    scram_server server{"secret", "salt", 100};
    scram_client client = answered(server, cache);
    ASSERT_NE(client.client_final(), "");
    ASSERT_TRUE(client.server_final("v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="));
    EXPECT_EQ(cache->size(), 0U);
}

TEST(scram_client_with_cache, finds_nothing_for_another_password) {
    const auto cache = std::make_shared<scram_key_cache>();
    scram_server server{"secret", "salt", 100};
    scram_client right = answered(server, cache);
    ASSERT_FALSE(right.server_final(server.final(right.client_final(), "biws")));
    EXPECT_TRUE(answered(server, cache, "Secret").needs_key());
}

TEST(scram_derivation, stops_when_told_to_and_goes_on_later) {
    scram_server server{"secret", "salt", 5000};
    scram_client client = answered(server, nullptr);
    std::atomic<bool> stop = true;
    const auto f = client.derive_key(stop);
    ASSERT_TRUE(f);
    EXPECT_EQ(f.code(), tusk::errc::canceled);
    EXPECT_TRUE(client.needs_key());

    stop = false;
    EXPECT_FALSE(client.derive_key(stop));
    EXPECT_FALSE(client.needs_key());
    EXPECT_FALSE(client.server_final(server.final(client.client_final(), "biws")));
    EXPECT_TRUE(client.authenticated());
}

TEST(scram_derivation, is_stopped_from_another_thread_in_the_middle) {
    // As much work as the protocol can ask for: nobody waits for its end, so this ends only by being stopped.
    scram_client client{"secret", scram_binding::unsupported(),
                        scram_options{}.nonce("abc").max_iterations(4'294'967'295U)};
    client.client_first();
    ASSERT_FALSE(client.server_first("r=abcdef,s=c2FsdA==,i=4294967295"));
    std::atomic<bool> stop = false;
    tusk::failure outcome;
    std::thread worker{[&] { outcome = client.derive_key(stop); }};
    stop = true;
    worker.join();
    EXPECT_EQ(outcome.code(), tusk::errc::canceled);
}

TEST(scram_derivation, counts_for_nothing_before_the_limit_is_checked) {
    // A thousand million iterations would take minutes; the refusal needs none.
    scram_client client{"secret", scram_binding::unsupported(), scram_options{}.nonce("abc")};
    client.client_first();
    EXPECT_TRUE(client.server_first("r=abcdef,s=c2FsdA==,i=1000000000"));
    EXPECT_FALSE(client.needs_key());
}

} // namespace scram_keys_test
