#include <tusk/orm/assignments.hpp>

#include <algorithm>

#include <tusk/orm/fragment.hpp>

namespace tusk::orm::detail {

namespace {

/// Names without quotes are the same in upper and lower case.
bool is_name_of(std::string_view written, std::string_view column) noexcept {
    if (written.front() == '"')
        return written.size() == column.size() + 2 && written.substr(1, column.size()) == column;
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::equal(written.begin(), written.end(), column.begin(), column.end(),
                      [&](char a, char b) { return lower(a) == b; });
}

bool begins_name(char c) noexcept {
    return c == '"' || c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           static_cast<unsigned char>(c) >= 0x80;
}

} // namespace

bool assigns(std::string_view assignments, std::string_view column) noexcept {
    fragment_lexer lexer{assignments};
    fragment_lexer::piece p;
    int depth = 0;
    bool names = true; // left of the `=`
    while (lexer.next(p)) {
        const char c = p.text.front();
        if (c == '(' || c == '[') {
            ++depth;
        } else if (c == ')' || c == ']') {
            --depth;
        } else if (c == '=') {
            names = false;
        } else if (c == ',' && depth == 0) {
            names = true;
        } else if (names && begins_name(c)) {
            // Of `column.part` the first is the column.
            const auto written =
                p.what == fragment_lexer::kind::qualified ? p.text.substr(0, p.text.rfind('.')) : p.text;
            if (is_name_of(written, column)) return true;
        }
    }
    return false;
}

} // namespace tusk::orm::detail
