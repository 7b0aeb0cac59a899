#pragma once

#include <cstddef>
#include <string_view>

#include <tusk/types/basic.hpp>
#include <tusk/types/codec.hpp>

/// Codec of "char". Source: PostgreSQL `utils/adt/char.c`.
namespace tusk {

/// One byte: the type "char" of the system catalogs, whose value zero is the empty text, or a text of exactly
/// one ASCII character, such as a `char(1)`. Bytes past ASCII travel in binary, to a "char" alone.
template <>
struct codec<char> {
    static constexpr oid_t natural = oid::character;
    static bool accepts(oid_t type, bool) noexcept {
        return type == oid::character || type == oid::bpchar || type == oid::varchar || type == oid::text;
    }
    static codec_errc decode_binary(oid_t type, const std::byte* p, std::size_t n, char& out) noexcept {
        if (type != oid::character) return decode_text(type, {reinterpret_cast<const char*>(p), n}, out);
        if (n != 1) return codec_errc::malformed;
        out = static_cast<char>(*p);
        return codec_errc::ok;
    }
    static codec_errc decode_text(oid_t type, std::string_view text, char& out) noexcept {
        if (type != oid::character) {
            if (text.size() != 1 || !is_ascii(text[0])) return codec_errc::out_of_range;
            out = text[0];
            return codec_errc::ok;
        }
        // Servers from 16 on print bytes past ASCII as \ooo, older ones as they are.
        if (text.size() == 4 && text[0] == '\\') return decode_octal(text.substr(1), out);
        if (text.size() > 1) return codec_errc::malformed;
        out = text.empty() ? '\0' : text[0];
        return codec_errc::ok;
    }
    static bool binary_target(oid_t type) noexcept { return type == oid::character; }
    static codec_errc encode_binary(value_sink& out, oid_t, char value) {
        out.put_byte(value);
        return codec_errc::ok;
    }
    static codec_errc encode_text(value_sink& out, oid_t, char value) {
        if (!is_ascii(value)) return codec_errc::out_of_range;
        if (value != '\0') out.put_byte(value);
        return codec_errc::ok;
    }

private:
    static bool is_ascii(char c) noexcept { return static_cast<unsigned char>(c) < 128; }
    static codec_errc decode_octal(std::string_view digits, char& out) noexcept {
        unsigned value = 0;
        for (const char c : digits) {
            if (c < '0' || c > '7') return codec_errc::malformed;
            value = value * 8 + static_cast<unsigned>(c - '0');
        }
        if (value > 255) return codec_errc::malformed;
        out = static_cast<char>(value);
        return codec_errc::ok;
    }
};

} // namespace tusk
