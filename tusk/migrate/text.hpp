#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tusk::migrate {

/// A place in a text, both from 1. Columns count characters (code points), not bytes.
struct text_position {
    std::size_t line = 1;
    std::size_t column = 1;

    friend bool operator==(const text_position&, const text_position&) = default;
};

/// The place of a byte; that behind the last character when `offset` lies beyond the text.
text_position position_of(std::string_view text, std::size_t offset);

/// Where the n-th character (from 0) of a UTF-8 text begins, in bytes; the text's size when it is shorter.
/// Servers and parsers count characters.
std::size_t offset_of_character(std::string_view text, std::size_t n);

/// The line of a byte with a caret below it:
///
///     create table t (id int primry key)
///                            ^
std::string with_caret(std::string_view text, std::size_t offset);

/// The first place that is not UTF-8, or npos.
std::size_t find_invalid_utf8(std::string_view text);

/// "shop_2.sql:3:14"
std::string place(std::string_view file, text_position at);

/// Without white space at both ends.
std::string_view trimmed(std::string_view text);

/// ASCII letters in lower case.
std::string lower(std::string_view text);

} // namespace tusk::migrate
