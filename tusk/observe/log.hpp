#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace tusk::observe {

enum class log_level : std::uint8_t { debug, info, warn, error, off };

enum class log_format : std::uint8_t {
    logfmt, ///< `ts=… level=warn msg="query failed" pool=main sqlstate=23505`
    json,   ///< The same as an object in one line.
};

/// "debug" … "off".
std::string_view to_string(log_level level) noexcept;

/// One line of a log: when, how bad, what, and fields in the order in which they were added.
class log_record {
public:
    log_record(log_level level, std::string_view message,
               std::chrono::system_clock::time_point at = std::chrono::system_clock::now())
        : level_{level}, at_{at}, message_{message} {}

    /// Text; nothing is added when it is empty.
    log_record& add(std::string_view name, std::string_view value);
    log_record& add(std::string_view name, std::int64_t value);
    /// Only what is a `bool` itself: a literal text would rather be one than a `std::string_view`.
    log_record& add(std::string_view name, std::same_as<bool> auto value) {
        return add_bare(name, value ? "true" : "false");
    }
    /// Milliseconds with three digits after the point: `duration_ms`.
    log_record& add(std::string_view name, std::chrono::steady_clock::duration value);

    struct field {
        std::string name;
        std::string value;
        bool quoted = true; ///< In JSON; numbers are not.
    };
    log_level level() const noexcept { return level_; }
    std::chrono::system_clock::time_point at() const noexcept { return at_; }
    const std::string& message() const noexcept { return message_; }
    const std::vector<field>& fields() const noexcept { return fields_; }

    /// Without the end of the line. Bytes that are not UTF-8 become "?"; no value can begin a line or a
    /// field.
    std::string text(log_format format) const;

private:
    log_record& add_bare(std::string_view name, const char* value);

    log_level level_;
    std::chrono::system_clock::time_point at_;
    std::string message_;
    std::vector<field> fields_;
};

/// Where lines go. Called from whatever thread does the work; what it throws is swallowed.
using log_sink = std::function<void(log_level level, std::string_view line)>;

} // namespace tusk::observe
