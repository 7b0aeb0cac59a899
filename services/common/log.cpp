#include <services/common/log.hpp>

#include <array>
#include <cstdio>

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <services/common/json_writer.hpp>

namespace tusk::common {

namespace {

constexpr std::string_view name_of(log_level level) noexcept {
    switch (level) {
    case log_level::debug: return "debug";
    case log_level::info: return "info";
    case log_level::warn: return "warn";
    default: return "error";
    }
}

spdlog::level::level_enum to_spdlog(log_level level) noexcept {
    switch (level) {
    case log_level::debug: return spdlog::level::debug;
    case log_level::info: return spdlog::level::info;
    case log_level::warn: return spdlog::level::warn;
    default: return spdlog::level::err;
    }
}

/// Bare where no reader could be misled, else with the quotes and escapes of JSON: a value cannot begin a
/// field or line.
void append_logfmt(std::string& to, std::string_view value) {
    bool bare = !value.empty();
    for (const char c : value)
        bare =
            bare && c != '"' && c != '=' && c != '\\' && c != '\x7f' && static_cast<unsigned char>(c) > 0x20;
    if (bare)
        to += value;
    else
        append_json_string(to, value);
}

} // namespace

log_fields& log_fields::add(std::string_view key, std::chrono::steady_clock::duration value) {
    std::array<char, 48> text{};
    const auto size = std::snprintf(text.data(), text.size(), "%.3f",
                                    std::chrono::duration<double, std::milli>{value}.count());
    list_.push_back({std::string{key}, std::string{text.data(), static_cast<std::size_t>(size)}, true});
    return *this;
}

std::string format_log_line(log_format format, std::chrono::system_clock::time_point at, log_level level,
                            std::string_view message, const log_fields& fields) {
    const auto time = format_instant(std::chrono::floor<std::chrono::microseconds>(at));
    if (format == log_format::json) {
        json_object line;
        line.text("ts", time).text("level", name_of(level)).text("msg", message);
        for (const auto& [key, value, is_number] : fields.list())
            if (is_number)
                line.raw(key, value);
            else
                line.text(key, value);
        return line.finish();
    }
    std::string line = "ts=" + time + " level=";
    line.append(name_of(level)).append(" msg=");
    append_logfmt(line, message);
    for (const auto& one : fields.list()) {
        line.append(" ").append(one.key) += '=';
        append_logfmt(line, one.value);
    }
    return line;
}

log::log(std::string_view level, log_format format)
    : logger_{std::make_shared<spdlog::logger>("alerthist",
                                               std::make_shared<spdlog::sinks::stderr_sink_mt>())},
      format_{format} {
    logger_->set_pattern("%v");
    logger_->set_level(spdlog::level::from_str(std::string{level}));
    logger_->flush_on(spdlog::level::trace);
}

void log::write(log_level level, std::string_view message, const log_fields& fields) noexcept {
    if (!logger_->should_log(to_spdlog(level))) return;
    try {
        const auto line = format_log_line(format_, std::chrono::system_clock::now(), level, message, fields);
        logger_->log(to_spdlog(level), spdlog::string_view_t{line.data(), line.size()});
    } catch (...) { // out of memory: a line less
    }
}

} // namespace tusk::common
