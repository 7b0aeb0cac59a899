#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <services/alerthist/common.hpp>

namespace tusk::alerthist {

/// Where a page of alerts ended: the key of its last row. Opaque to clients, and of no use for another
/// listing.
struct alert_cursor {
    instant starts_at;
    std::string fingerprint;

    std::string encode() const;
    /// `nullopt` for anything that `encode` did not make.
    static std::optional<alert_cursor> decode(std::string_view text);
};

/// Where a page of events ended.
struct event_cursor {
    instant happened_at;
    std::int64_t id = 0;

    std::string encode() const;
    static std::optional<event_cursor> decode(std::string_view text);
};

} // namespace tusk::alerthist
