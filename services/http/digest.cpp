#include <services/http/digest.hpp>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <tusk/core/error.hpp>

namespace tusk::http {

namespace {

std::optional<unsigned> hex_value(char c) noexcept {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
    if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
    return std::nullopt;
}

} // namespace

sha256_digest sha256(std::string_view text) {
    sha256_digest out{};
    if (EVP_Digest(text.data(), text.size(), out.data(), nullptr, EVP_sha256(), nullptr) != 1)
        throw error{errc::environment, "OpenSSL cannot compute SHA-256"};
    return out;
}

sha256_digest hmac_sha256(std::string_view key, std::string_view text) {
    sha256_digest out{};
    unsigned size = out.size();
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    if (!HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes, text.size(), out.data(), &size))
        throw error{errc::environment, "OpenSSL cannot compute HMAC-SHA-256"};
    return out;
}

std::string to_hex(const sha256_digest& digest) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    for (const auto byte : digest) out.append({digits[byte >> 4], digits[byte & 15]});
    return out;
}

std::optional<sha256_digest> parse_sha256(std::string_view hex) noexcept {
    sha256_digest out{};
    if (hex.size() != out.size() * 2) return std::nullopt;
    for (std::size_t i = 0; i < out.size(); ++i) {
        const auto high = hex_value(hex[2 * i]);
        const auto low = hex_value(hex[2 * i + 1]);
        if (!high || !low) return std::nullopt;
        out[i] = static_cast<unsigned char>(*high << 4 | *low);
    }
    return out;
}

bool equal_in_constant_time(const sha256_digest& a, const sha256_digest& b) noexcept {
    return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

} // namespace tusk::http
