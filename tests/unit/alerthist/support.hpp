#pragma once

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

#include <services/alerthist/alertmanager.hpp>

/// A body that Alertmanager 0.25 sent: three alerts, the second one resolved.
inline std::string real_body() {
    std::ifstream file{ALERTHIST_TEST_DATA "/webhook-firing-and-resolved.json", std::ios::binary};
    if (!file) throw std::runtime_error{"the captured body is missing"};
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

/// `in` with the first `what` replaced; throws when it does not occur, so that a test cannot lose its point.
inline std::string replaced(std::string in, const std::string& what, const std::string& with) {
    const auto at = in.find(what);
    if (at == std::string::npos) throw std::runtime_error{"not found: " + what};
    return in.replace(at, what.size(), with);
}

inline tusk::alerthist::instant at(const char* text) { return tusk::alerthist::parse_instant(text).value(); }
