#include <services/common/json_writer.hpp>

namespace tusk::common {

void append_json_string(std::string& to, std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    to += '"';
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\')
            (to += '\\') += c;
        else if (c == '\n')
            to += "\\n";
        else if (byte < 0x20)
            to.append("\\u00").append({digits[byte >> 4], digits[byte & 15]});
        else
            to += c;
    }
    to += '"';
}

} // namespace tusk::common
