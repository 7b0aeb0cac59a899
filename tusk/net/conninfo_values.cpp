#include <tusk/net/conninfo_values.hpp>

#include <algorithm>
#include <limits>

#include <tusk/net/conninfo_names.hpp>

namespace tusk::conninfo {
namespace {

constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

} // namespace

std::optional<int> parse_integer(std::string_view text) noexcept {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    if (text.empty()) return std::nullopt;
    constexpr long long limit = std::numeric_limits<int>::max();
    long long value = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') return std::nullopt;
        value = value * 10 + (c - '0');
        if (value > limit + 1) return std::nullopt;
    }
    if (negative) value = -value;
    if (value > limit) return std::nullopt;
    return static_cast<int>(value);
}

std::vector<std::string> split_list(std::string_view text) {
    std::vector<std::string> out;
    for (;;) {
        const auto comma = text.find(',');
        out.emplace_back(text.substr(0, comma));
        if (comma == std::string_view::npos) return out;
        text.remove_prefix(comma + 1);
    }
}

std::string ascii_lower(std::string_view text) {
    std::string out{text};
    std::transform(out.begin(), out.end(), out.begin(), lower);
    return out;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return lower(x) == lower(y); });
}

result<auth_requirement> parse_require_auth(const setting& s) {
    auth_requirement out;
    if (s.value.empty()) return out;
    bool first = true;
    for (std::string_view word : split_list(s.value)) {
        const bool negated = word.starts_with('!');
        if (negated) word.remove_prefix(1);
        if (!first && negated != out.negated)
            return invalid_setting(s, "methods with and without \"!\" cannot be mixed; negate all or none");
        if (std::find(std::begin(auth_methods), std::end(auth_methods), word) == std::end(auth_methods))
            return invalid_setting(
                s, "accepted methods are password, md5, gss, sspi, scram-sha-256, oauth and none, "
                   "separated by commas without blanks");
        if (std::find(out.methods.begin(), out.methods.end(), word) != out.methods.end())
            return invalid_setting(s, "the method " + std::string{word} + " is there twice");
        out.negated = negated;
        out.methods.emplace_back(word);
        first = false;
    }
    return out;
}

} // namespace tusk::conninfo
