#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/json/fwd.hpp>

#include <services/alerthist/policy.hpp>
#include <services/alerthist/resource.hpp>
#include <tusk/pool/pool.hpp>

namespace tusk::alerthist {

/// What is told on `policy_channel`: `{"type":"silence_created","id":"…"}`; other changes have the type
/// "changed".
inline constexpr std::string_view policy_channel = "alerthist_policy";

/// A policy as it is in the database, and what of it could not be read.
struct loaded_policy {
    policy_ptr value;
    std::vector<std::string> problems;
};

/// The tables behind a policy. Members throw `tusk::error`: `condition::duplicate` for a name that is taken,
/// `condition::check` for values that exclude each other. Keys are texts: "17", or a UUID.
class policy_store {
public:
    enum class removal : std::uint8_t { done, not_found, built_in };

    explicit policy_store(pool& on) noexcept : pool_{&on} {}

    /// A JSON array. `status` is for silences alone.
    boost::asio::awaitable<std::string> list(const resource& what,
                                             std::optional<std::string> status = std::nullopt);
    /// A JSON object.
    boost::asio::awaitable<std::optional<std::string>> get(const resource& what, std::string id);
    boost::asio::awaitable<std::string> create(const resource& what, std::string values);
    boost::asio::awaitable<std::optional<std::string>> replace(const resource& what, std::string id,
                                                               std::string values);
    boost::asio::awaitable<removal> remove(const resource& what, std::string id);

    boost::asio::awaitable<void> set_mode(mode to);
    boost::asio::awaitable<loaded_policy> load();
    /// Fingerprints and labels of the alerts that fire.
    boost::asio::awaitable<std::vector<std::pair<std::string, label_set>>> firing();

private:
    pool* pool_;
};

/// Whether a text can be a key of this resource: a positive whole number, or a UUID.
bool is_key(const resource& of, std::string_view text) noexcept;

/// The labels of a stored alert.
label_set labels_of(std::string_view json);

} // namespace tusk::alerthist
