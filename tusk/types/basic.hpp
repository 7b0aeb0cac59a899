#pragma once

#include <bit>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <tusk/types/codec.hpp>

/// Codecs of bool, integers, floating point and text.
namespace tusk {

namespace detail {
/// Integers that PostgreSQL has, and those that fit into one of them.
template <class T>
concept sql_integer =
    std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char> && !std::same_as<T, wchar_t> &&
    !std::same_as<T, char8_t> && !std::same_as<T, char16_t> && !std::same_as<T, char32_t>;

/// Numbers of the server's own that are 32 bits without a sign, as `oid` is.
constexpr bool is_identifier_type(oid_t type) noexcept {
    return type == oid::oid || type == oid::xid || type == oid::cid;
}
/// An `oid` that is printed as a name: a number in binary only.
constexpr bool is_named_oid(oid_t type) noexcept {
    switch (type) {
    case oid::regproc:
    case oid::regprocedure:
    case oid::regoper:
    case oid::regoperator:
    case oid::regclass:
    case oid::regtype:
    case oid::regconfig:
    case oid::regdictionary:
    case oid::regnamespace:
    case oid::regrole:
    case oid::regcollation: return true;
    default: return false;
    }
}
constexpr bool is_integer_type(oid_t type) noexcept {
    return type == oid::int4 || type == oid::int8 || type == oid::int2 || type == oid::xid8 ||
           is_identifier_type(type);
}
constexpr bool is_float_type(oid_t type) noexcept { return type == oid::float8 || type == oid::float4; }
constexpr bool is_text_type(oid_t type) noexcept {
    return type == oid::text || type == oid::varchar || type == oid::bpchar || type == oid::name ||
           type == oid::json || type == oid::xml || type == oid::unknown || type == oid::character;
}

/// The type is not built in, and its binary form is its text (an enum).
bool is_text_info(const type_info* info) noexcept;

/// The integer inside a binary int2, int4, int8 or identifier; false when the length is not the type's.
inline bool load_integer(oid_t type, const std::byte* p, std::size_t n, std::int64_t& out) noexcept {
    switch (type) {
    case oid::int4:
        if (n != 4) return false;
        out = wire::load_big_endian<std::int32_t>(p);
        return true;
    case oid::int8:
        if (n != 8) return false;
        out = wire::load_big_endian<std::int64_t>(p);
        return true;
    case oid::int2:
        if (n != 2) return false;
        out = wire::load_big_endian<std::int16_t>(p);
        return true;
    default:
        if (n != 4 || (!is_identifier_type(type) && !is_named_oid(type))) return false;
        out = wire::load_big_endian<std::uint32_t>(p);
        return true;
    }
}
} // namespace detail

template <>
struct codec<bool> {
    static constexpr oid_t natural = oid::boolean;
    static constexpr std::size_t natural_size = 1;
    static bool accepts(oid_t type, bool) noexcept { return type == oid::boolean; }
    static codec_errc decode_binary(oid_t, const std::byte* p, std::size_t n, bool& out) noexcept {
        if (n != 1) return codec_errc::malformed;
        out = *p != std::byte{0};
        return codec_errc::ok;
    }
    static codec_errc decode_text(oid_t, std::string_view text, bool& out) noexcept {
        if (text != "t" && text != "f") return codec_errc::malformed;
        out = text == "t";
        return codec_errc::ok;
    }
    static bool binary_target(oid_t type) noexcept { return type == oid::boolean; }
    static codec_errc encode_binary(value_sink& out, oid_t, bool value) {
        out.put_byte(value ? '\1' : '\0');
        return codec_errc::ok;
    }
    static codec_errc encode_text(value_sink& out, oid_t, bool value) {
        out.put(value ? std::string_view{"true"} : std::string_view{"false"});
        return codec_errc::ok;
    }
};

template <detail::sql_integer T>
struct codec<T> {
    /// The smallest type that holds every value of T; uint64 has none and is checked value by value.
    static constexpr oid_t natural = std::in_range<std::int16_t>(std::numeric_limits<T>::max())   ? oid::int2
                                     : std::in_range<std::int32_t>(std::numeric_limits<T>::max()) ? oid::int4
                                                                                                  : oid::int8;
    static constexpr std::size_t natural_size = natural == oid::int2 ? 2 : natural == oid::int4 ? 4 : 8;

    static bool accepts(oid_t type, bool binary) noexcept {
        return detail::is_integer_type(type) || (binary && detail::is_named_oid(type));
    }

    static codec_errc decode_binary(oid_t type, const std::byte* p, std::size_t n, T& out) noexcept {
        if constexpr (std::is_signed_v<T> && sizeof(T) >= 2) {
            if (type == natural) [[likely]] {
                if (n != sizeof(T)) return codec_errc::malformed;
                out = wire::load_big_endian<T>(p);
                return codec_errc::ok;
            }
        }
        if (type == oid::xid8) {
            if (n != 8) return codec_errc::malformed;
            return narrow(wire::load_big_endian<std::uint64_t>(p), out);
        }
        std::int64_t wide = 0;
        return detail::load_integer(type, p, n, wide) ? narrow(wide, out) : codec_errc::malformed;
    }

    static codec_errc decode_text(oid_t, std::string_view text, T& out) noexcept {
        std::int64_t wide = 0; // a number below zero is out of an unsigned type's range, not malformed
        const char* const last = text.data() + text.size();
        const auto [end, ec] = std::from_chars(text.data(), last, wide);
        if (ec == std::errc::invalid_argument || end != last) return codec_errc::malformed;
        if (ec == std::errc{}) return narrow(wide, out);
        if constexpr (std::is_unsigned_v<T> && sizeof(T) == 8) // xid8
            if (std::from_chars(text.data(), last, out).ec == std::errc{}) return codec_errc::ok;
        return codec_errc::out_of_range;
    }

    static bool binary_target(oid_t type) noexcept {
        return detail::is_integer_type(type) || detail::is_float_type(type) || detail::is_named_oid(type);
    }

    static codec_errc encode_binary(value_sink& out, oid_t type, T value) {
        switch (type) {
        case oid::int8: return put<std::int64_t>(out, value);
        case oid::int4: return put<std::int32_t>(out, value);
        case oid::int2: return put<std::int16_t>(out, value);
        case oid::xid8: return put<std::uint64_t>(out, value);
        case oid::float8:
            out.put_int(std::bit_cast<std::int64_t>(static_cast<double>(value)));
            return codec_errc::ok;
        case oid::float4:
            out.put_int(std::bit_cast<std::int32_t>(static_cast<float>(value)));
            return codec_errc::ok;
        default:
            return detail::is_identifier_type(type) || detail::is_named_oid(type)
                       ? put<std::uint32_t>(out, value)
                       : codec_errc::wrong_type;
        }
    }

    static codec_errc encode_text(value_sink& out, oid_t, T value) {
        char text[24];
        const auto end = std::to_chars(text, text + sizeof text, value).ptr;
        out.put(std::string_view{text, static_cast<std::size_t>(end - text)});
        return codec_errc::ok;
    }

private:
    template <class Wide>
    static codec_errc narrow(Wide wide, T& out) noexcept {
        if (!std::in_range<T>(wide)) return codec_errc::out_of_range;
        out = static_cast<T>(wide);
        return codec_errc::ok;
    }
    template <class Wire>
    static codec_errc put(value_sink& out, T value) {
        if (!std::in_range<Wire>(value)) return codec_errc::out_of_range;
        out.put_int(static_cast<Wire>(value));
        return codec_errc::ok;
    }
};

template <std::floating_point T>
    requires(sizeof(T) <= 8)
struct codec<T> {
    static constexpr oid_t natural = sizeof(T) == 4 ? oid::float4 : oid::float8;
    static constexpr std::size_t natural_size = sizeof(T);

    static bool accepts(oid_t type, bool) noexcept {
        return type == natural || type == oid::float4 || type == oid::int2 ||
               (sizeof(T) == 8 && type == oid::int4);
    }

    static codec_errc decode_binary(oid_t type, const std::byte* p, std::size_t n, T& out) noexcept {
        if (type == oid::float8) {
            if (n != 8) return codec_errc::malformed;
            out = static_cast<T>(std::bit_cast<double>(wire::load_big_endian<std::int64_t>(p)));
            return codec_errc::ok;
        }
        if (type == oid::float4) {
            if (n != 4) return codec_errc::malformed;
            out = std::bit_cast<float>(wire::load_big_endian<std::int32_t>(p));
            return codec_errc::ok;
        }
        std::int64_t wide = 0;
        if (!detail::load_integer(type, p, n, wide)) return codec_errc::malformed;
        out = static_cast<T>(wide);
        return codec_errc::ok;
    }

    static codec_errc decode_text(oid_t, std::string_view text, T& out) noexcept {
        if (text == "NaN")
            out = std::numeric_limits<T>::quiet_NaN();
        else if (text == "Infinity")
            out = std::numeric_limits<T>::infinity();
        else if (text == "-Infinity")
            out = -std::numeric_limits<T>::infinity();
        else {
            const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out);
            if (ec == std::errc::result_out_of_range) return codec_errc::out_of_range;
            if (ec != std::errc{} || end != text.data() + text.size()) return codec_errc::malformed;
        }
        return codec_errc::ok;
    }

    static bool binary_target(oid_t type) noexcept { return detail::is_float_type(type); }

    static codec_errc encode_binary(value_sink& out, oid_t type, T value) {
        if (type == oid::float8) {
            out.put_int(std::bit_cast<std::int64_t>(static_cast<double>(value)));
            return codec_errc::ok;
        }
        const auto narrow = static_cast<float>(value);
        if (std::isfinite(value) && !std::isfinite(narrow)) return codec_errc::out_of_range;
        out.put_int(std::bit_cast<std::int32_t>(narrow));
        return codec_errc::ok;
    }

    static codec_errc encode_text(value_sink& out, oid_t, T value) {
        if (std::isnan(value))
            out.put("NaN");
        else if (std::isinf(value))
            out.put(value > 0 ? std::string_view{"Infinity"} : std::string_view{"-Infinity"});
        else {
            char text[64];
            const auto end = std::to_chars(text, text + sizeof text, value).ptr;
            out.put(std::string_view{text, static_cast<std::size_t>(end - text)});
        }
        return codec_errc::ok;
    }
};

namespace detail {
/// Text goes out as it is: for text types the two formats are the same bytes, for all others the server
/// parses it.
struct text_codec {
    static constexpr oid_t natural = oid::text;
    /// Of these the binary form is the text, as it is of `text` itself.
    static bool looks_natural(oid_t type) noexcept { return is_text_type(type) && type != oid::character; }
    /// Text is text, whatever the catalog says about its type.
    static constexpr bool ignores_type_info = true;
    /// Any column that arrives as text, and the text family in binary.
    static bool accepts(type_ref type, bool binary) noexcept {
        return !binary || is_text_type(type) || type == oid::jsonb || is_text_info(type.info);
    }
    static bool binary_target(oid_t) noexcept { return false; }
    static codec_errc encode_text(value_sink& out, oid_t, std::string_view value) {
        out.put(value);
        return codec_errc::ok;
    }
    /// As an element of a binary array.
    static codec_errc encode_binary(value_sink& out, oid_t, std::string_view value) {
        out.put(value);
        return codec_errc::ok;
    }
    /// jsonb in binary has a version byte in front; the zero of "char" is empty, as it is in text.
    static bool binary_text(oid_t type, const std::byte* p, std::size_t n, std::string_view& out) noexcept {
        out = {reinterpret_cast<const char*>(p), n};
        if (type == oid::character && n == 1 && *p == std::byte{0}) out = {}; // the empty value of "char"
        if (type != oid::jsonb) return true;
        if (n == 0 || *p != std::byte{1}) return false;
        out.remove_prefix(1);
        return true;
    }
};
} // namespace detail

template <>
struct codec<std::string> : detail::text_codec {
    static codec_errc decode_binary(oid_t type, const std::byte* p, std::size_t n, std::string& out) {
        std::string_view text;
        if (!binary_text(type, p, n, text)) return codec_errc::malformed;
        if (text.size() == out.size() &&
            !text.empty()) // keys and codes have one length, and rows are often reused
            std::memcpy(out.data(), text.data(), text.size());
        else
            out.assign(text);
        return codec_errc::ok;
    }
    static codec_errc decode_text(oid_t, std::string_view text, std::string& out) {
        out.assign(text);
        return codec_errc::ok;
    }
};

/// A view into the receive buffer: valid until the next row is read. For arguments and for `for_each`.
template <>
struct codec<std::string_view> : detail::text_codec {
    static codec_errc decode_binary(oid_t type, const std::byte* p, std::size_t n,
                                    std::string_view& out) noexcept {
        return binary_text(type, p, n, out) ? codec_errc::ok : codec_errc::malformed;
    }
    static codec_errc decode_text(oid_t, std::string_view text, std::string_view& out) noexcept {
        out = text;
        return codec_errc::ok;
    }
};

} // namespace tusk
