#pragma once

#include <cstdint>
#include <string>

#include <tusk/core/error.hpp>

namespace tusk::embedded::detail {

/// A TCP port that is free on the address (numeric, or a name: then free on all of IPv4) at this moment.
result<std::uint16_t> free_port(const std::string& host);

} // namespace tusk::embedded::detail
