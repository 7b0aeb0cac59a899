#include <tusk/observe/sql_comment.hpp>

namespace tusk::observe {

namespace {

/// Percent-encoding leaves nothing that could end the comment or the quotes.
std::string encoded(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                           c == '-' || c == '_' || c == '.' || c == '~';
        if (plain) {
            out += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out += '%';
        out += digits[byte >> 4U];
        out += digits[byte & 15U];
    }
    return out;
}

} // namespace

sql_comment& sql_comment::tag(std::string_view name, std::string_view value) {
    if (!name.empty() && !value.empty()) tags_[encoded(name)] = encoded(value);
    return *this;
}

std::string sql_comment::text() const {
    if (tags_.empty()) return {};
    std::string out = "/*";
    for (const auto& [name, value] : tags_) {
        if (out.size() > 2) out += ',';
        out.append(name).append("='").append(value).append("'");
    }
    return out.append("*/");
}

std::string sql_comment::append_to(std::string_view sql) const {
    if (tags_.empty() || sql.find("/*") != sql.npos || sql.find("--") != sql.npos) return std::string{sql};
    const auto end = sql.find_last_not_of(" \t\r\n;");
    if (end == sql.npos) return std::string{sql};
    return std::string{sql.substr(0, end + 1)}.append(" ").append(text()).append(sql.substr(end + 1));
}

} // namespace tusk::observe
