#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tusk {

/// Where in a distributed trace something happens: W3C trace context, level 1. It is passed by value in the
/// options of a call: a coroutine may continue on another thread, so that nothing can be found "in the
/// thread". Source: https://www.w3.org/TR/trace-context/.
struct trace_context {
    std::array<std::uint8_t, 16> trace_id{}; ///< All zero: there is no trace.
    std::array<std::uint8_t, 8> span_id{};   ///< Of the operation that is under way.
    bool sampled = false;                    ///< Whether what happens is to be recorded.

    /// Both ids have a bit set.
    bool is_valid() const noexcept;

    /// `00-<trace id>-<span id>-<flags>`, 55 characters.
    std::string traceparent() const;
    std::string trace_id_text() const; ///< 32 lower-case hexadecimal digits.
    std::string span_id_text() const;  ///< 16 of them.

    bool operator==(const trace_context&) const noexcept = default;
};

/// Reads a `traceparent` header. Nothing when it breaks the rules: upper-case digits, ids of zeros, version
/// `ff`, anything after the flags of version 00. What a later version adds behind is ignored, as W3C asks.
std::optional<trace_context> parse_traceparent(std::string_view header) noexcept;

} // namespace tusk
