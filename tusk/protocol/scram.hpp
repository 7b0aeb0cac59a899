#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tusk/core/error.hpp>
#include <tusk/protocol/scram_key_cache.hpp>

namespace tusk::protocol {

/// The first letter of the GS2 header: what the client says about channel binding.
enum class gs2_flag : char {
    unsupported = 'n', ///< The client cannot bind (no TLS, or a certificate that gives no end point).
    not_offered =
        'y', ///< The client could bind and the server did not offer it; a server that did sees a downgrade.
    bound = 'p', ///< Bound to the TLS channel: mechanism SCRAM-SHA-256-PLUS.
};

/// How the exchange is tied to the TLS channel below it.
class scram_binding {
public:
    static scram_binding unsupported() { return scram_binding{gs2_flag::unsupported, {}}; }
    static scram_binding not_offered() { return scram_binding{gs2_flag::not_offered, {}}; }
    /// `end_point` is the hash of the server's certificate (RFC 5929, tls-server-end-point). Throws
    /// `tusk::error`
    /// (`errc::invalid_argument`) when it is empty: such a channel cannot be bound to.
    static scram_binding tls_server_end_point(std::vector<std::byte> end_point);

    gs2_flag flag() const noexcept { return flag_; }
    std::span<const std::byte> data() const noexcept { return data_; }

private:
    scram_binding(gs2_flag flag, std::vector<std::byte> data) : flag_{flag}, data_{std::move(data)} {}

    gs2_flag flag_;
    std::vector<std::byte> data_;
};

/// Settings of an exchange that have a default.
class scram_options {
public:
    /// The largest iteration count that is accepted from the server: a bound on the work it can ask for.
    scram_options& max_iterations(std::uint32_t count) {
        max_iterations_ = count;
        return *this;
    }
    /// The client's part of the nonce, for tests with known answers; printable ASCII without a comma. When it
    /// is empty, 18 random bytes in base64.
    scram_options& nonce(std::string text) {
        nonce_ = std::move(text);
        return *this;
    }

    /// The user's name in the first message. PostgreSQL takes that of the startup message instead, so it is
    /// empty.
    scram_options& user(std::string name) {
        user_ = std::move(name);
        return *this;
    }

    std::uint32_t max_iterations() const noexcept { return max_iterations_; }
    const std::string& user() const noexcept { return user_; }
    const std::string& nonce() const noexcept { return nonce_; }

private:
    std::uint32_t max_iterations_ = 1'000'000;
    std::string nonce_;
    std::string user_;
};

/// The client's side of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677), without input or output:
///
///     client_first() → server_first() → derive_key() if needs_key() → client_final() → server_final()
///
/// A failure is `errc::auth_failed`, names no secret, and ends the exchange. Secrets are overwritten on
/// destruction.
class scram_client {
public:
    /// No message of the server may be longer, in bytes.
    static constexpr std::size_t max_message_size = 64 * 1024;

    /// `password` in UTF-8; SASLprep is applied, and the bytes are taken as they are where it fails, as
    /// PostgreSQL does. Throws `tusk::error` (`errc::environment`) when there is no random number generator.
    explicit scram_client(std::string_view password,
                          const scram_binding& binding = scram_binding::unsupported(),
                          const scram_options& options = {});
    scram_client(scram_client&&) noexcept;
    scram_client& operator=(scram_client&&) noexcept;
    ~scram_client();

    /// The name for SASLInitialResponse.
    std::string_view mechanism() const noexcept;

    /// Keys are looked up in `cache` and, once the server has proved that it has them too, stored there. To
    /// be called before `server_first()`.
    void use_keys(std::shared_ptr<scram_key_cache> cache);

    /// The data of SASLInitialResponse.
    std::string client_first();

    /// Takes the data of AuthenticationSASLContinue. The iteration count is checked before any work is done
    /// for it.
    failure server_first(std::string_view message);

    /// `derive_key()` has work to do: the message of the server is in and the cache had no keys for it.
    bool needs_key() const noexcept;
    /// Runs PBKDF2: about a millisecond for the usual 4,096 iterations, a fifth of a second or more for a
    /// million. May run on another thread than the rest; nothing else may be called meanwhile. Gives
    /// `errc::canceled` soon after `stop` became true, and can be called again then.
    failure derive_key(const std::atomic<bool>& stop);
    /// The same without a way to stop it.
    void derive_key();

    /// The data of SASLResponse; empty unless `server_first()` succeeded. Derives the keys when that was not
    /// done.
    std::string client_final();

    /// Takes the data of AuthenticationSASLFinal and checks that the server knows the password, too.
    failure server_final(std::string_view message);

    /// The server has proved that it knows the password. AuthenticationOk must not be believed before.
    bool authenticated() const noexcept;

private:
    struct state;
    failure fail(std::string message);
    failure read_server_first(std::string_view message);
    failure read_server_final(std::string_view message);
    failure run_derivation(const std::atomic<bool>* stop);

    std::unique_ptr<state> state_;
};

} // namespace tusk::protocol
