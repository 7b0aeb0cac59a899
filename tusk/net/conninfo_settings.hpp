#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <tusk/core/error.hpp>

namespace tusk::conninfo {

/// One key with its value and where it came from. Private to the parser; the public face is `connect_config`.
class setting {
public:
    setting() = default;
    setting(std::string key_, std::string value_, std::string origin_ = {})
        : key{std::move(key_)}, value{std::move(value_)}, origin{std::move(origin_)} {}

    std::string key;
    std::string value;
    std::string origin; ///< For messages: empty (the string itself), "PGPORT", "the service file".
};

/// Settings in order of their first appearance, each key once.
class settings {
public:
    /// Appends, or replaces the value of a key that is there: the last one wins.
    void put(setting s);
    /// Appends unless the key is there: what came before wins.
    void put_missing(setting s);
    const setting* find(std::string_view key) const noexcept;

    auto begin() const noexcept { return list_.begin(); }
    auto end() const noexcept { return list_.end(); }
    std::size_t size() const noexcept { return list_.size(); }

private:
    std::vector<setting> list_;
    std::unordered_map<std::string, std::size_t> index_;
};

/// "invalid connection string: <text>".
failure malformed(std::string_view text);
/// "invalid connection setting <key> (from <origin>): <text>". Never give it the value: what stands there may
/// be a piece of a password that was not quoted.
failure invalid_setting(const setting& s, std::string_view text);

/// Splits a connection string into settings by libpq's grammar, without judging keys or values, except that a
/// key is never empty. `requiressl=1` comes out as `sslmode=require`, and so does `ssl=true` of a URL.
result<settings> scan_connection_string(std::string_view text);

/// The two halves of it: `key=value …`, and a URL with its scheme.
result<settings> scan_keywords(std::string_view text);
result<settings> scan_url(std::string_view text);

/// "postgres://" or "postgresql://", case-sensitive as in libpq; the length of the prefix or 0.
std::size_t url_scheme_length(std::string_view text) noexcept;

/// isspace() of the C locale.
constexpr bool is_space(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }

} // namespace tusk::conninfo
