#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include <tusk/types/oid.hpp>
#include <tusk/types/parameters.hpp>
#include <tusk/types/type_ref.hpp>

namespace tusk {

/// Why a value could not be converted; the caller turns it into a `failure` that names the column or
/// parameter.
enum class codec_errc : std::uint8_t {
    ok,
    null_value,       ///< NULL for a type that has none.
    wrong_type,       ///< No conversion between this C++ type and this SQL type.
    out_of_range,     ///< The value does not fit.
    malformed,        ///< Bytes that are not a value of the type.
    wrong_dimensions, ///< An array of more or fewer dimensions than the C++ type.
    not_rectangular,  ///< Nested vectors of different lengths.
    unknown_label,    ///< An enum has no such label or enumerator.
    outdated_type,    ///< The type was altered since the catalog was asked about it.
};

/// One value of a row, inside the receive buffer.
struct field_view {
    const std::byte* data = nullptr;
    std::int32_t size = -1; ///< -1 is NULL.
    type_ref type;
    bool binary = false;

    bool is_null() const noexcept { return size < 0; }
    std::size_t length() const noexcept { return static_cast<std::size_t>(size); }
    std::string_view text() const noexcept { return {reinterpret_cast<const char*>(data), length()}; }
};

/// Conversion between the C++ type `T` and SQL types. Specialise it for a type of your own. Where it says
/// `oid_t` a codec may take a `type_ref`, if it wants to know what the catalog says about a type that is not
/// built in; domains are already resolved to what they are made of.
///
/// - `static constexpr oid_t natural`: the SQL type that `T` is (0 when only known at run time)
/// - `static constexpr std::size_t natural_size`: when every value of `natural` has this many bytes in binary
/// (optional; rows are decoded faster)
/// - `static bool looks_natural(oid_t type)`: other types that have `natural`'s binary form (optional)
/// - `static bool accepts(oid_t type, bool binary)`: a result column of this type can become a `T`
/// - `static codec_errc decode_binary(oid_t type, const std::byte* p, std::size_t n, T& out)`
/// - `static codec_errc decode_text(oid_t type, std::string_view text, T& out)`
/// - `static bool binary_target(oid_t type)`: a parameter of this type can be sent in binary
/// - `static codec_errc encode_binary(value_sink& out, oid_t type, const T& value)`: appends the bytes of the
/// value
/// - `static codec_errc encode_text(value_sink& out, oid_t type, const T& value)`: appends its text form, for
/// every
///   parameter type that is not a `binary_target`; the server parses it
template <class T>
struct codec;

template <class T>
concept has_codec = requires(const std::byte* p, std::size_t n, std::remove_cvref_t<T>& out) {
    { codec<std::remove_cvref_t<T>>::decode_binary(oid_t{}, p, n, out) } -> std::same_as<codec_errc>;
} || requires(value_sink& sink, const std::remove_cvref_t<T>& in) {
    { codec<std::remove_cvref_t<T>>::encode_text(sink, oid_t{}, in) } -> std::same_as<codec_errc>;
};

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

/// Decodes one field; NULL is allowed for `std::optional` only.
template <class T>
inline codec_errc decode_field(const field_view& f, T& out) {
    if constexpr (is_optional<T>) {
        if (f.is_null()) {
            out.reset();
            return codec_errc::ok;
        }
        if (!out) out.emplace();
        return decode_field(f, *out);
    } else {
        static_assert(has_codec<T>,
                      "tusk: this type has no codec; specialise tusk::codec<T> (docs/types.md) or "
                      "include the header that has it, such as <tusk/types/json.hpp>");
        if (f.is_null()) return codec_errc::null_value;
        if (f.binary) return codec<T>::decode_binary(f.type, f.data, f.length(), out);
        return codec<T>::decode_text(f.type, f.text(), out);
    }
}

/// Whether a column of this type and format can be decoded into `T` (or the value type of an optional).
template <class T>
inline bool accepts_column(type_ref type, bool binary) {
    if constexpr (is_optional<T>)
        return accepts_column<typename T::value_type>(type, binary);
    else {
        static_assert(has_codec<T>,
                      "tusk: this type has no codec; specialise tusk::codec<T> (docs/types.md) or "
                      "include the header that has it, such as <tusk/types/json.hpp>");
        return codec<T>::accepts(type, binary);
    }
}

namespace detail {
/// "user" for messages.
template <class T>
constexpr std::string_view cpp_type_name() {
    constexpr std::string_view text = __PRETTY_FUNCTION__;
    constexpr auto begin = text.find("T = ") + 4;
    constexpr auto end = text.find_first_of(";]", begin);
    return text.substr(begin, end - begin);
}

/// Values that point into the receive buffer, which an unescaped part of a text does not.
template <class T>
inline constexpr bool is_view =
    std::is_same_v<T, std::string_view> || std::is_same_v<T, std::span<const std::byte>>;

/// Types that nobody has looked up, whose text is tried, and elements of their arrays (0).
constexpr bool is_run_time_type(type_ref type) noexcept {
    return type.info == nullptr && (type.oid >= oid::first_assigned || type.oid == oid::unspecified);
}

/// Codecs for which every type that is not built in is the same: they need no look-up.
template <class T>
inline constexpr bool ignores_type_info = [] {
    if constexpr (is_optional<T>)
        return ignores_type_info<typename T::value_type>;
    else
        return requires { requires codec<T>::ignores_type_info; };
}();

template <class T>
struct parameter_type {
    using type = std::remove_cvref_t<T>;
};
template <std::size_t N>
struct parameter_type<char[N]> {
    using type = std::string_view;
};
template <>
struct parameter_type<const char*> {
    using type = std::string_view;
};
template <>
struct parameter_type<char*> {
    using type = std::string_view;
};
/// NULL as a literal.
template <class T>
inline constexpr bool is_null_literal =
    std::is_same_v<T, std::nullopt_t> || std::is_same_v<T, std::nullptr_t>;
/// The type whose codec encodes an argument of type T.
template <class T>
using parameter_type_t = typename parameter_type<std::remove_cv_t<std::remove_reference_t<T>>>::type;
} // namespace detail

/// Appends one argument for a parameter of type `type` (0: not known, sent as text).
template <class T>
inline codec_errc encode_parameter(parameters& out, type_ref type, const T& value) {
    using U = detail::parameter_type_t<T>;
    if constexpr (detail::is_null_literal<U>) {
        out.add_null();
        return codec_errc::ok;
    } else if constexpr (is_optional<U>) {
        if (!value) {
            out.add_null();
            return codec_errc::ok;
        }
        return encode_parameter(out, type, *value);
    } else {
        static_assert(has_codec<U>,
                      "tusk: an argument's type has no codec; specialise tusk::codec<T> (docs/types.md) "
                      "or include the header that has it, such as <tusk/types/json.hpp>");
        const bool binary = codec<U>::binary_target(type);
        auto& sink = out.begin_value(binary);
        const codec_errc result =
            binary ? codec<U>::encode_binary(sink, type, value) : codec<U>::encode_text(sink, type, value);
        out.end_value();
        return result;
    }
}

/// The failure for a conversion that went wrong; `where` is `column "name"` or `argument $n`.
failure conversion_failure(codec_errc code, std::string_view where, type_ref type, std::string_view cpp_type);

namespace detail {

/// What a codec of many parts wants to say about the part that it could not convert. It is kept for the
/// thread until `conversion_failure` takes it.
struct value_note {
    std::string path;   ///< `, attribute "zip"`
    std::string detail; ///< `the type has no attribute "zip"`
};
void note_detail(std::string detail);
/// Puts one more step in front of the path.
void note_step(std::string_view step);
value_note take_note() noexcept;

} // namespace detail

} // namespace tusk
