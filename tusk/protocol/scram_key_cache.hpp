#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace tusk::protocol {

/// What PBKDF2 is run for: the two keys of a (password, salt, iterations). They are worth as much as the
/// password and are overwritten when they go.
struct scram_keys {
    std::array<std::byte, 32> client_key{};
    std::array<std::byte, 32> server_key{};

    scram_keys() = default;
    scram_keys(const scram_keys&) = default;
    scram_keys& operator=(const scram_keys&) = default;
    ~scram_keys();
};

/// Keys that worked once, so that a pool pays for PBKDF2 once and not per connection. Safe from several
/// threads. Holds no password, only a keyed hash of it; overwrites an entry before it gives its place to
/// another.
class scram_key_cache {
public:
    static constexpr std::size_t capacity = 64;

    /// Throws `tusk::error` (`errc::environment`) when there is no random number generator.
    scram_key_cache();
    scram_key_cache(const scram_key_cache&) = delete;
    scram_key_cache& operator=(const scram_key_cache&) = delete;
    ~scram_key_cache();

    /// `password` as the key derivation takes it, after SASLprep.
    std::optional<scram_keys> find(std::string_view password, std::span<const std::byte> salt,
                                   std::uint32_t iterations);
    /// Keeps `keys`; when all places are taken, the entry that was not used for the longest time goes.
    void store(std::string_view password, std::span<const std::byte> salt, std::uint32_t iterations,
               const scram_keys& keys);
    std::size_t size() const;
    /// Forgets everything, as after a change of the password.
    void clear();

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace tusk::protocol
