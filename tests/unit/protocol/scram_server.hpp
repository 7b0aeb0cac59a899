#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// The server's side of SCRAM-SHA-256 for tests, written on OpenSSL alone so that it shares nothing with the
/// client.
class scram_server {
public:
    /// From what PostgreSQL keeps in `rolpassword`: "SCRAM-SHA-256$4096:salt$StoredKey:ServerKey".
    explicit scram_server(std::string_view verifier);
    /// Makes the verifier itself, with the `PKCS5_PBKDF2_HMAC` of OpenSSL. `password` is already prepared.
    scram_server(std::string_view password, std::string_view salt, int iterations);

    /// Answers the client's first message. `gs2_header` is what it must begin with.
    std::string first(std::string_view client_first, std::string_view gs2_header);
    /// Checks the proof and the "c=" attribute (in base64); an empty answer means that one of them is wrong.
    std::string final(std::string_view client_final, std::string_view binding);

    /// Appended to the client's nonce.
    std::string nonce_part = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
    /// Appended to the first and to the final message.
    std::string first_suffix;
    std::string final_suffix;

private:
    std::string salt_; // in base64
    int iterations_ = 0;
    std::string stored_key_;
    std::string server_key_;
    std::string auth_message_;
    std::string nonce_;
};
