#include <tusk/protocol/md5.hpp>

#include <tusk/protocol/detail/crypto.hpp>

#include <array>
#include <memory>
#include <optional>

#include <openssl/err.h>
#include <openssl/evp.h>

namespace tusk::protocol {

namespace {

/// One digest over two pieces, in hexadecimal.
std::optional<std::string> hex_md5(const EVP_MD* md5, std::span<const std::byte> first,
                                   std::span<const std::byte> second) {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(), &EVP_MD_CTX_free};
    std::array<unsigned char, 16> digest;
    if (!context || EVP_DigestInit_ex(context.get(), md5, nullptr) != 1 ||
        EVP_DigestUpdate(context.get(), first.data(), first.size()) != 1 ||
        EVP_DigestUpdate(context.get(), second.data(), second.size()) != 1 ||
        EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) != 1)
        return std::nullopt;
    std::string out;
    for (unsigned char byte : digest) {
        out.push_back("0123456789abcdef"[byte >> 4]);
        out.push_back("0123456789abcdef"[byte & 15]);
    }
    return out;
}

} // namespace

result<std::string> md5_password(std::string_view user, std::string_view password,
                                 std::span<const std::byte, 4> salt) {
    const std::unique_ptr<EVP_MD, decltype(&EVP_MD_free)> md5{EVP_MD_fetch(nullptr, "MD5", nullptr),
                                                              &EVP_MD_free};
    std::optional<std::string> answer;
    if (md5) {
        if (auto inner = hex_md5(md5.get(), detail::bytes_of(password), detail::bytes_of(user))) {
            answer = hex_md5(md5.get(), detail::bytes_of(*inner), salt);
            detail::cleanse(*inner); // as good as the password
        }
    }
    if (answer) return "md5" + *answer;
    ERR_clear_error();
    return failure{errc::auth_unsupported,
                   "the server asks for an MD5 password and OpenSSL does not offer MD5 here; "
                   "set password_encryption = 'scram-sha-256' on the server and set the "
                   "password again"};
}

} // namespace tusk::protocol
