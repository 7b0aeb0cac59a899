#pragma once

#include <string>
#include <utility>

#include <tusk/core/error.hpp>

namespace tusk::migrate {

/// What a caller asked for and cannot have.
inline failure refused(std::string why) { return failure{errc::invalid_argument, std::move(why)}; }

} // namespace tusk::migrate
