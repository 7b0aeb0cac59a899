#include <tusk/migrate/digest.hpp>

#include <array>
#include <new>

#include <openssl/evp.h>

namespace tusk::migrate {

namespace {

struct context_deleter {
    void operator()(EVP_MD_CTX* c) const noexcept { EVP_MD_CTX_free(c); }
};
using context = std::unique_ptr<EVP_MD_CTX, context_deleter>;

context make_context() {
    context out{EVP_MD_CTX_new()};
    if (!out) throw std::bad_alloc{};
    return out;
}

} // namespace

struct digest::state {
    context running = make_context();
};

digest::digest() : state_{std::make_unique<state>()} {
    EVP_DigestInit_ex(state_->running.get(), EVP_sha256(), nullptr);
}
digest::digest(digest&&) noexcept = default;
digest& digest::operator=(digest&&) noexcept = default;
digest::~digest() = default;

digest& digest::add(std::string_view bytes) {
    EVP_DigestUpdate(state_->running.get(), bytes.data(), bytes.size());
    return *this;
}

std::string digest::base64() const {
    const auto copy = make_context();
    EVP_MD_CTX_copy_ex(copy.get(), state_->running.get());
    std::array<unsigned char, EVP_MAX_MD_SIZE> sum{};
    unsigned size = 0;
    EVP_DigestFinal_ex(copy.get(), sum.data(), &size);
    std::array<unsigned char, 2 * EVP_MAX_MD_SIZE> text{};
    const int length = EVP_EncodeBlock(text.data(), sum.data(), static_cast<int>(size));
    return {reinterpret_cast<const char*>(text.data()), static_cast<std::size_t>(length)};
}

} // namespace tusk::migrate
