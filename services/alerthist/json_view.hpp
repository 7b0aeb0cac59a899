#pragma once

#include <string_view>

#include <boost/json/string.hpp>

namespace tusk::alerthist {

inline std::string_view view(const boost::json::string& text) noexcept { return {text.data(), text.size()}; }

} // namespace tusk::alerthist
