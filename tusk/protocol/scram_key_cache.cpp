#include <tusk/protocol/scram_key_cache.hpp>

#include <tusk/protocol/detail/crypto.hpp>

#include <algorithm>
#include <mutex>
#include <string>

namespace tusk::protocol {

scram_keys::~scram_keys() {
    detail::cleanse(client_key);
    detail::cleanse(server_key);
}

struct scram_key_cache::state {
    struct entry {
        detail::digest256 id{};
        scram_keys keys;
        std::uint64_t last_use = 0;
    };

    /// The key of the hash is random: without it a memory dump would allow guessing passwords at the speed of
    /// SHA-256 instead of that of PBKDF2.
    detail::digest256 id_of(std::string_view password, std::span<const std::byte> salt,
                            std::uint32_t iterations) const {
        std::string text;
        text.reserve(password.size() + salt.size() +
                     48); // one allocation: no copies of the password left behind
        // Lengths first, so that no two triples read the same.
        text.append(std::to_string(iterations))
            .append(",")
            .append(std::to_string(password.size()))
            .append(",");
        text.append(password);
        text.append(reinterpret_cast<const char*>(salt.data()), salt.size());
        const auto id = detail::hmac_sha256(hash_key, detail::bytes_of(text));
        detail::cleanse(text);
        return id;
    }

    entry* find(const detail::digest256& id) {
        const auto end = entries.begin() + static_cast<std::ptrdiff_t>(used);
        const auto found = std::find_if(entries.begin(), end, [&](const entry& e) { return e.id == id; });
        return found == end ? nullptr : &*found;
    }

    entry& place_for(const detail::digest256& id) {
        if (entry* same = find(id)) return *same;
        if (used < entries.size()) return entries[used++];
        return *std::ranges::min_element(entries, {}, &entry::last_use);
    }

    mutable std::mutex mutex;
    detail::digest256 hash_key{};
    std::array<entry, capacity> entries;
    std::size_t used = 0;
    std::uint64_t uses = 0;
};

scram_key_cache::scram_key_cache() : state_{std::make_unique<state>()} {
    detail::random_bytes(state_->hash_key);
}

scram_key_cache::~scram_key_cache() { detail::cleanse(state_->hash_key); }

std::optional<scram_keys> scram_key_cache::find(std::string_view password, std::span<const std::byte> salt,
                                                std::uint32_t iterations) {
    const auto id = state_->id_of(password, salt, iterations);
    const std::lock_guard lock{state_->mutex};
    state::entry* found = state_->find(id);
    if (found == nullptr) return std::nullopt;
    found->last_use = ++state_->uses;
    return found->keys;
}

void scram_key_cache::store(std::string_view password, std::span<const std::byte> salt,
                            std::uint32_t iterations, const scram_keys& keys) {
    const auto id = state_->id_of(password, salt, iterations);
    const std::lock_guard lock{state_->mutex};
    // Assigning writes over the bytes of the entry that had the place before.
    state::entry& place = state_->place_for(id);
    place.id = id;
    place.keys = keys;
    place.last_use = ++state_->uses;
}

std::size_t scram_key_cache::size() const {
    const std::lock_guard lock{state_->mutex};
    return state_->used;
}

void scram_key_cache::clear() {
    const std::lock_guard lock{state_->mutex};
    for (state::entry& e : state_->entries) {
        detail::cleanse(e.id);
        detail::cleanse(e.keys.client_key);
        detail::cleanse(e.keys.server_key);
        e.last_use = 0;
    }
    state_->used = 0;
}

} // namespace tusk::protocol
