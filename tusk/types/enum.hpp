#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <tusk/types/basic.hpp>
#include <tusk/types/catalog.hpp>
#include <tusk/types/codec.hpp>

/// C++ enums are SQL enums, by label. The labels are the enumerators' names, read from `__PRETTY_FUNCTION__`,
/// unless `enum_labels` says otherwise. A unit test pins the format on every compiler that builds Tusk.
namespace tusk {

template <class E>
struct enum_label {
    E value;
    std::string_view label;
};
template <class E, std::size_t N>
enum_label(E, const char (&)[N]) -> enum_label<E>;

/// The labels of an enum. By default the names of the enumerators from -8 to 119 (as far as the underlying
/// type goes); specialise it for values beyond these and for labels that are no names in C++:
///
///     template <>
///     struct tusk::enum_labels<color> {
///         static constexpr std::array labels{tusk::enum_label{color::dark_red, "dark red"}, …};
///     };
template <class E>
struct enum_labels;

namespace detail {

template <class E>
concept scoped_enum = std::is_enum_v<E> && !std::is_convertible_v<E, std::underlying_type_t<E>> &&
                      !std::is_same_v<E, std::byte>;

inline constexpr int first_enumerator = -8;
inline constexpr int enumerator_limit = 120;

template <class E>
inline constexpr int first_value = std::is_signed_v<std::underlying_type_t<E>> ? first_enumerator : 0;
template <class E>
inline constexpr int value_count =
    (std::numeric_limits<std::underlying_type_t<E>>::digits >= 7
         ? enumerator_limit
         : static_cast<int>(std::numeric_limits<std::underlying_type_t<E>>::max()) + 1) -
    first_value<E>;

/// All values in one instantiation, which costs a fraction of one each:
/// g++: `… [with auto ...Values = {color::red, (color)1}; …]`, clang: `… [Values = <color::red, (color)1>]`.
template <auto... Values>
consteval std::string_view names_of_values() {
    return __PRETTY_FUNCTION__;
}

/// Takes the list of values apart; `f(index, name)` is called for those that are enumerators.
template <class F>
constexpr void each_enumerator(std::string_view text, F f) {
    std::size_t at = text.find("Values = ") + 10;
    for (std::size_t index = 0; at < text.size(); ++index) {
        std::size_t depth = 0, end = at;
        for (; end < text.size(); ++end) {
            const char c = text[end];
            if (c == '(' || c == '{' || c == '<' || c == '[') ++depth;
            if (depth == 0 && (c == ',' || c == '}' || c == '>' || c == ']')) break;
            if (c == ')' || c == '}' || c == '>' || c == ']') --depth;
        }
        const std::string_view value = text.substr(at, end - at);
        const std::size_t name = value.find_last_of(":)") + 1; // behind the scope, or a cast
        const char first = name < value.size() ? value[name] : '0';
        if (first != '-' && (first < '0' || first > '9')) f(index, value.substr(name));
        if (end == text.size() || text[end] != ',') break;
        at = end + 2;
    }
}

consteval std::size_t count_enumerators(std::string_view text) {
    std::size_t n = 0;
    each_enumerator(text, [&](std::size_t, std::string_view) { ++n; });
    return n;
}

template <class E>
consteval auto find_enumerators() {
    constexpr std::string_view text = []<int... I>(std::integer_sequence<int, I...>) {
        return names_of_values<static_cast<E>(I + first_value<E>)...>();
    }(std::make_integer_sequence<int, value_count<E>>{});
    std::array<enum_label<E>, count_enumerators(text)> out{};
    std::size_t n = 0;
    each_enumerator(text, [&](std::size_t index, std::string_view name) {
        out[n++] = {static_cast<E>(static_cast<int>(index) + first_value<E>), name};
    });
    return out;
}

} // namespace detail

template <class E>
struct enum_labels {
    static constexpr auto labels = detail::find_enumerators<E>();
};

namespace detail {
void note_label(std::string_view label, std::string_view cpp_type);
void note_enumerator(long long value, std::string_view cpp_type);
/// Columns and parameters that hold labels: enums, and text.
inline bool is_label_type(type_ref type) noexcept {
    return is_text_info(type.info) || (is_text_type(type) && type != oid::character);
}
} // namespace detail

/// A scoped enum, as an SQL enum and as text. A label without enumerator, or an enumerator without label, is
/// `unknown_label`.
template <detail::scoped_enum E>
struct codec<E> {
    static constexpr oid_t natural = oid::unspecified;

    static bool accepts(type_ref type, bool binary) noexcept {
        return detail::is_label_type(type) || (!binary && detail::is_run_time_type(type));
    }
    static codec_errc decode_binary(type_ref type, const std::byte* p, std::size_t n, E& out) {
        return decode_text(type, {reinterpret_cast<const char*>(p), n}, out);
    }
    static codec_errc decode_text(type_ref, std::string_view text, E& out) {
        for (const auto& [value, label] : enum_labels<E>::labels)
            if (label == text) {
                out = value;
                return codec_errc::ok;
            }
        detail::note_label(text, detail::cpp_type_name<E>());
        return codec_errc::unknown_label;
    }
    static bool binary_target(type_ref type) noexcept { return detail::is_label_type(type); }
    static codec_errc encode_binary(value_sink& out, type_ref type, E value) {
        return encode_text(out, type, value);
    }
    static codec_errc encode_text(value_sink& out, type_ref, E value) {
        for (const auto& [known, label] : enum_labels<E>::labels)
            if (known == value) {
                out.put(label);
                return codec_errc::ok;
            }
        detail::note_enumerator(static_cast<long long>(value), detail::cpp_type_name<E>());
        return codec_errc::unknown_label;
    }
};

} // namespace tusk
