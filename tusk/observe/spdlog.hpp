#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include <spdlog/logger.h>

#include <tusk/observe/log.hpp>

namespace tusk::observe {

inline spdlog::level::level_enum spdlog_level(log_level level) noexcept {
    switch (level) {
    case log_level::debug: return spdlog::level::debug;
    case log_level::info: return spdlog::level::info;
    case log_level::warn: return spdlog::level::warn;
    case log_level::error: return spdlog::level::err;
    case log_level::off: break;
    }
    return spdlog::level::off;
}

/// Lines for a logger of spdlog, which may be an asynchronous one. The lines have a time and a level already:
/// `logger->set_pattern("%v")`. Header only: the program links spdlog, Tusk does not.
inline log_sink to_spdlog(std::shared_ptr<spdlog::logger> logger) {
    return [logger = std::move(logger)](log_level level, std::string_view line) {
        logger->log(spdlog_level(level), spdlog::string_view_t{line.data(), line.size()});
    };
}

} // namespace tusk::observe
