#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace spdlog {
class logger;
}

namespace tusk::common {

/// How log lines are written.
enum class log_format : std::uint8_t { logfmt, json };

enum class log_level : std::uint8_t { debug, info, warn, error };

/// What a log line says besides its message, in order: `fields{}.add("status", 200)`.
class log_fields {
public:
    /// A field of text, quoted where its format wants that.
    log_fields& add(std::string_view key, std::string_view value) {
        list_.push_back({std::string{key}, std::string{value}, false});
        return *this;
    }
    log_fields& add(std::string_view key, std::int64_t value) {
        list_.push_back({std::string{key}, std::to_string(value), true});
        return *this;
    }
    /// As milliseconds with three digits after the point.
    log_fields& add(std::string_view key, std::chrono::steady_clock::duration value);

    struct field {
        std::string key;
        std::string value;
        bool is_number = false;
    };
    const std::vector<field>& list() const noexcept { return list_; }

private:
    std::vector<field> list_;
};

/// One line of a log, without its end: `ts=… level=info msg="request" status=200`, or the same as a JSON
/// object.
std::string format_log_line(log_format format, std::chrono::system_clock::time_point at, log_level level,
                            std::string_view message, const log_fields& fields);

/// Structured lines on standard error. Safe from several threads; does not throw.
class log {
public:
    /// `level` is a word of the configuration.
    log(std::string_view level, log_format format);

    void write(log_level level, std::string_view message, const log_fields& fields = log_fields{}) noexcept;
    void debug(std::string_view m, const log_fields& f = log_fields{}) noexcept {
        write(log_level::debug, m, f);
    }
    void info(std::string_view m, const log_fields& f = log_fields{}) noexcept {
        write(log_level::info, m, f);
    }
    void warn(std::string_view m, const log_fields& f = log_fields{}) noexcept {
        write(log_level::warn, m, f);
    }
    void error(std::string_view m, const log_fields& f = log_fields{}) noexcept {
        write(log_level::error, m, f);
    }

private:
    std::shared_ptr<spdlog::logger> logger_;
    log_format format_;
};

} // namespace tusk::common
