#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <services/http/server_options.hpp>

namespace tusk::http {

/// One line without its end, in Apache's "combined" format with the duration in microseconds and the
/// request's identifier behind it. Quotes, backslashes and control characters of what clients sent are
/// escaped, so that nobody can forge a line.
std::string access_log_line(const request& of, unsigned status, std::chrono::steady_clock::duration duration,
                            std::uint64_t bytes);

/// For `server_options::on_complete`: hands `sink` a line for each request. It sees also those that no
/// handler saw, such as malformed ones.
completion_hook access_log(std::function<void(std::string_view line)> sink);

} // namespace tusk::http
