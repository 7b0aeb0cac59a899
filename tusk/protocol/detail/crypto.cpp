#include <tusk/protocol/detail/crypto.hpp>

#include <tusk/core/error.hpp>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

namespace tusk::protocol::detail {

namespace {

unsigned char* raw(std::byte* bytes) noexcept { return reinterpret_cast<unsigned char*>(bytes); }

const unsigned char* raw(const std::byte* bytes) noexcept {
    return reinterpret_cast<const unsigned char*>(bytes);
}

[[noreturn]] void not_available(const char* what) {
    throw error{errc::environment,
                std::string{what} + " is not available from OpenSSL: check its configuration (openssl.cnf)"};
}

} // namespace

digest256 sha256(std::span<const std::byte> data) {
    digest256 out;
    if (EVP_Digest(data.data(), data.size(), raw(out.data()), nullptr, EVP_sha256(), nullptr) != 1)
        not_available("SHA-256");
    return out;
}

digest256 hmac_sha256(std::span<const std::byte> key, std::span<const std::byte> data) {
    digest256 out;
    // A null key means "the key of the last call" to OpenSSL, so an empty one needs an address.
    static constexpr unsigned char empty_key = 0;
    const void* key_data = key.empty() ? static_cast<const void*>(&empty_key) : key.data();
    if (HMAC(EVP_sha256(), key_data, static_cast<int>(key.size()), raw(data.data()), data.size(),
             raw(out.data()), nullptr) == nullptr)
        not_available("HMAC-SHA-256");
    return out;
}

void random_bytes(std::span<std::byte> into) {
    if (RAND_bytes(raw(into.data()), static_cast<int>(into.size())) != 1)
        not_available("a random number generator");
}

bool equal_in_constant_time(std::span<const std::byte> a, std::span<const std::byte> b) noexcept {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

void cleanse(std::span<std::byte> secret) noexcept { OPENSSL_cleanse(secret.data(), secret.size()); }

void cleanse(std::string& secret) noexcept {
    // The bytes between size and capacity may hold what an earlier, longer value left there.
    secret.resize(secret.capacity());
    OPENSSL_cleanse(secret.data(), secret.size());
    secret.clear();
}

} // namespace tusk::protocol::detail
