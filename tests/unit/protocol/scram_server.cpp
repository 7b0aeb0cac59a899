#include "scram_server.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace {

const unsigned char* bytes(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

std::string encode(std::string_view data) {
    std::string out((data.size() + 2) / 3 * 4 + 1, '\0');
    out.resize(
        static_cast<std::size_t>(EVP_EncodeBlock(bytes(out), bytes(data), static_cast<int>(data.size()))));
    return out;
}

std::string decode(std::string_view text) {
    std::string out(text.size() / 4 * 3, '\0');
    const int size = EVP_DecodeBlock(bytes(out), bytes(text), static_cast<int>(text.size()));
    if (size < 0) return {};
    std::size_t padding = 0;
    while (padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
    out.resize(static_cast<std::size_t>(size) - padding);
    return out;
}

std::string hmac(std::string_view key, std::string_view data) {
    std::string out(32, '\0');
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes(data), data.size(), bytes(out),
         nullptr);
    return out;
}

std::string sha256(std::string_view data) {
    std::string out(32, '\0');
    EVP_Digest(data.data(), data.size(), bytes(out), nullptr, EVP_sha256(), nullptr);
    return out;
}

std::string take(std::string_view& text, char until) {
    const std::size_t end = text.find(until);
    std::string piece{text.substr(0, end)};
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return piece;
}

} // namespace

scram_server::scram_server(std::string_view verifier) {
    take(verifier, '$'); // the mechanism
    iterations_ = std::stoi(take(verifier, ':'));
    salt_ = take(verifier, '$');
    stored_key_ = decode(take(verifier, ':'));
    server_key_ = decode(verifier);
}

scram_server::scram_server(std::string_view password, std::string_view salt, int iterations)
    : salt_{encode(salt)}, iterations_{iterations} {
    std::string salted(32, '\0');
    PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), bytes(salt),
                      static_cast<int>(salt.size()), iterations, EVP_sha256(), 32, bytes(salted));
    stored_key_ = sha256(hmac(salted, "Client Key"));
    server_key_ = hmac(salted, "Server Key");
}

std::string scram_server::first(std::string_view client_first, std::string_view gs2_header) {
    if (!client_first.starts_with(gs2_header)) return "e=other-error";
    const std::string_view bare = client_first.substr(gs2_header.size());
    nonce_ = std::string{bare.substr(bare.find(",r=") + 3)} + nonce_part;
    const std::string message =
        "r=" + nonce_ + ",s=" + salt_ + ",i=" + std::to_string(iterations_) + first_suffix;
    auth_message_ = std::string{bare} + "," + message;
    return message;
}

std::string scram_server::final(std::string_view client_final, std::string_view binding) {
    const std::size_t proof_at = client_final.rfind(",p=");
    if (proof_at == std::string_view::npos) return {};
    const std::string_view without_proof = client_final.substr(0, proof_at);
    if (without_proof != "c=" + std::string{binding} + ",r=" + nonce_) return {};
    auth_message_ += "," + std::string{without_proof};

    std::string client_key = decode(client_final.substr(proof_at + 3));
    if (client_key.size() != 32) return {};
    const std::string signature = hmac(stored_key_, auth_message_);
    for (std::size_t i = 0; i < 32; ++i) client_key[i] = static_cast<char>(client_key[i] ^ signature[i]);
    if (sha256(client_key) != stored_key_) return {};
    return "v=" + encode(hmac(server_key_, auth_message_)) + final_suffix;
}
