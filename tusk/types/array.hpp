#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <tusk/types/basic.hpp>
#include <tusk/types/catalog.hpp>
#include <tusk/types/codec.hpp>

/// Codecs of one-dimensional arrays: `std::vector<T>` both ways, `std::span<T>` and `std::array<T, N>` as
/// arguments, for every T that has a codec. `std::optional<T>` elements take NULLs. Arrays of more dimensions
/// are `wrong_dimensions` (<tusk/types/multi_array.hpp> has types for them); lower bounds are ignored.
/// int2vector and oidvector are arrays too.
/// `std::vector<std::byte>` is a bytea, not an array. Source: PostgreSQL `utils/adt/arrayfuncs.c`.
namespace tusk {

namespace detail {

template <class T>
inline constexpr bool is_array_type = false;
template <class T, class Allocator>
inline constexpr bool is_array_type<std::vector<T, Allocator>> = !std::is_same_v<T, std::byte>;
template <class T, std::size_t Extent>
inline constexpr bool is_array_type<std::span<T, Extent>> = !std::is_same_v<std::remove_cv_t<T>, std::byte>;
template <class T, std::size_t N>
inline constexpr bool is_array_type<std::array<T, N>> = !std::is_same_v<T, std::byte>;

template <class T>
struct unwrap_optional {
    using type = T;
};
template <class T>
struct unwrap_optional<std::optional<T>> {
    using type = T;
};
/// The type whose codec converts the elements: without `optional`, string literals as views.
template <class T>
using array_value_t = parameter_type_t<typename unwrap_optional<std::remove_cv_t<T>>::type>;

/// What an array can hold.
template <class T>
concept array_item = !is_array_type<array_value_t<T>> && !std::is_same_v<std::remove_cv_t<T>, std::byte> &&
                     has_codec<array_value_t<T>>;

struct natural_pair {
    oid_t element;
    oid_t array;
};
/// The element types that are some C++ type's natural one.
inline constexpr natural_pair natural_arrays[] = {
    {oid::boolean, oid::boolean_array},
    {oid::bytea, oid::bytea_array},
    {oid::int2, oid::int2_array},
    {oid::int4, oid::int4_array},
    {oid::int8, oid::int8_array},
    {oid::text, oid::text_array},
    {oid::float4, oid::float4_array},
    {oid::float8, oid::float8_array},
    {oid::timestamp, oid::timestamp_array},
    {oid::timestamptz, oid::timestamptz_array},
    {oid::date, oid::date_array},
    {oid::time, oid::time_array},
    {oid::interval, oid::interval_array},
    {oid::numeric, oid::numeric_array},
    {oid::uuid, oid::uuid_array},
    {oid::json, oid::json_array},
    {oid::jsonb, oid::jsonb_array},
    {oid::inet, oid::inet_array},
    {oid::macaddr, oid::macaddr_array},
    {oid::macaddr8, oid::macaddr8_array},
    {oid::varbit, oid::varbit_array},
    {oid::point, oid::point_array},
    {oid::lseg, oid::lseg_array},
    {oid::path, oid::path_array},
    {oid::box, oid::box_array},
    {oid::polygon, oid::polygon_array},
    {oid::line, oid::line_array},
    {oid::circle, oid::circle_array},
    {oid::int4range, oid::int4range_array},
    {oid::numrange, oid::numrange_array},
    {oid::tsrange, oid::tsrange_array},
    {oid::tstzrange, oid::tstzrange_array},
    {oid::daterange, oid::daterange_array},
    {oid::int8range, oid::int8range_array},
    {oid::int4multirange, oid::int4multirange_array},
    {oid::nummultirange, oid::nummultirange_array},
    {oid::tsmultirange, oid::tsmultirange_array},
    {oid::tstzmultirange, oid::tstzmultirange_array},
    {oid::datemultirange, oid::datemultirange_array},
    {oid::int8multirange, oid::int8multirange_array},
    {oid::pg_lsn, oid::pg_lsn_array},
    {oid::money, oid::money_array},
    {oid::tid, oid::tid_array},
    {oid::timetz, oid::timetz_array},
    {oid::character, oid::character_array},
    {oid::tsvector, oid::tsvector_array},
    {oid::tsquery, oid::tsquery_array},
};

/// The array of a natural type, known at compile time; 0 for any other type.
constexpr oid_t natural_array(oid_t element) noexcept {
    for (const natural_pair& pair : natural_arrays)
        if (pair.element == element) return pair.array;
    return 0;
}

/// The types of pg_catalog that are arrays in binary, and in text numbers with spaces between.
constexpr bool is_vector_type(oid_t type) noexcept {
    return type == oid::oidvector || type == oid::int2vector;
}

/// The type of an array's elements: as the array's header names it, and with domains resolved.
struct array_item_type {
    oid_t declared = 0;
    type_ref value;
};

/// The type of the elements of an array or vector; 0 for what is none, or nobody has looked up.
inline array_item_type item_type_of(type_ref type) noexcept {
    if (type.info != nullptr) [[unlikely]] {
        if (type.info->kind != type_kind::array) return {};
        return {type.info->declared_element, type.info->element};
    }
    if (type == oid::oidvector) return {oid::oid, oid::oid};
    if (type == oid::int2vector) return {oid::int2, oid::int2};
    const oid_t element = array_element(type.oid);
    return {element, element};
}

/// What a column of an array type holds. Of a type that nobody has looked up the text is tried.
inline bool is_array(type_ref type, array_item_type& item) noexcept {
    item = item_type_of(type);
    return item.declared != 0 || (is_run_time_type(type) && type != oid::unspecified);
}

/// How many elements an array has in which direction.
struct array_shape {
    static constexpr std::size_t max_dimensions = 6; // the server's MAXDIM
    std::size_t dimensions = 0;                      ///< 0: empty.
    std::array<std::int32_t, max_dimensions> sizes{};
    std::array<std::int32_t, max_dimensions> lower_bounds{};

    /// The product of the sizes; 0 when it is past what an array can hold.
    std::size_t count() const noexcept;
    friend bool operator==(const array_shape&, const array_shape&) noexcept = default;
};

/// Reads the header of a binary array: how many elements follow, of which type. The count is never more than
/// the bytes can hold. `wrong_dimensions` for more than one dimension.
codec_errc read_array_header(type_ref type, const std::byte* p, std::size_t n, std::size_t& count,
                             array_item_type& item) noexcept;
inline constexpr std::size_t empty_array_header = 12;
inline constexpr std::size_t array_header = 20;
/// The same with any number of dimensions.
codec_errc read_array_shape(type_ref type, const std::byte* p, std::size_t n, array_shape& shape,
                            array_item_type& item) noexcept;
constexpr std::size_t array_header_size(std::size_t dimensions) noexcept {
    return empty_array_header + 8 * dimensions;
}

/// Writes the header with room for the count; `finish_array` fills it in.
std::size_t begin_array(value_sink& out, oid_t element);
codec_errc finish_array(value_sink& out, std::size_t start, std::size_t count, bool has_null) noexcept;
/// Writes the header of an array whose shape is known.
void put_array_header(value_sink& out, oid_t element, const array_shape& shape, bool has_null);
/// The length before an element that begins at `start`.
codec_errc finish_element(value_sink& out, std::size_t start) noexcept;

/// The character between elements in text: ',' for every built-in type but box.
char array_delimiter(type_ref array, oid_t element) noexcept;
/// Puts what was appended since `start` in quotes if it needs them.
void quote_element(value_sink& out, std::size_t start, char delimiter);

/// What the texts of arrays consist of.
class array_text_tokens {
public:
    enum class step : std::uint8_t { element, null, end, failed };

    /// On `element`, `value()` is valid until the next step.
    std::string_view value() const noexcept { return value_; }
    codec_errc error() const noexcept { return error_; }

protected:
    array_text_tokens(std::string_view text, char delimiter) noexcept : text_{text}, delimiter_{delimiter} {}

    step fail(codec_errc error) noexcept;
    bool eat(char c) noexcept;
    /// `[0:2][1:1]=` in front, which may be missing.
    bool bounds(array_shape& out) noexcept;
    step quoted();
    step bare() noexcept;

    std::string_view text_;
    char delimiter_;

private:
    std::string_view value_;
    std::string unescaped_;
    codec_errc error_ = codec_errc::ok;
};

/// Takes `{1,NULL,"a\"b"}` apart.
class array_text_reader : public array_text_tokens {
public:
    array_text_reader(std::string_view text, char delimiter) noexcept : array_text_tokens{text, delimiter} {}

    /// Reads up to the first element.
    codec_errc open() noexcept;
    step next();

private:
    bool first_ = true;
};

/// Whether a part of a binary value can be made: its codec does, or it is text for a text type.
template <class Value>
bool binary_part_target(type_ref type) {
    if constexpr (is_null_literal<Value>)
        return true;
    else if constexpr (std::is_base_of_v<text_codec, codec<Value>>)
        return (is_text_type(type) && type != oid::character) || is_text_info(type.info);
    else
        return codec<Value>::binary_target(type);
}
/// Whether the elements of an array can be.
template <class Value>
bool binary_array_target(type_ref type) {
    if (is_vector_type(type)) return false;
    const auto item = item_type_of(type);
    return item.declared != 0 && binary_part_target<Value>(item.value);
}

/// The value inside an element that is not NULL.
template <class T>
decltype(auto) item_value(const T& item) {
    if constexpr (is_optional<T>)
        return item_value(*item);
    else if constexpr (std::is_same_v<T, array_value_t<T>>)
        return (item);
    else
        return array_value_t<T>{item};
}
template <class T>
bool is_null_item([[maybe_unused]] const T& item) noexcept {
    if constexpr (is_optional<T>)
        return !item.has_value();
    else
        return is_null_literal<T>;
}

/// Appends one element with its length in front.
template <class T>
codec_errc encode_item(value_sink& out, type_ref type, const T& item, bool& has_null) {
    const std::size_t length_at = out.size();
    out.put_int(std::int32_t{-1}); // NULL until a value follows
    if (is_null_item(item)) {
        has_null = true;
        return codec_errc::ok;
    }
    if constexpr (!is_null_literal<T>) {
        const codec_errc result = codec<array_value_t<T>>::encode_binary(out, type, item_value(item));
        if (result != codec_errc::ok) return result;
    }
    return finish_element(out, length_at);
}

template <class T, class Range>
codec_errc encode_array_binary(value_sink& out, type_ref type, const Range& range) {
    const auto element = item_type_of(type);
    const std::size_t start = begin_array(out, element.declared);
    std::size_t count = 0;
    bool has_null = false;
    for (const T& item : range) {
        ++count;
        const codec_errc result = encode_item<T>(out, element.value, item, has_null);
        if (result != codec_errc::ok) return result;
    }
    return finish_array(out, start, count, has_null);
}

/// The server takes no NULL in a vector, and no empty one in binary.
template <class T, class Range>
codec_errc encode_vector_text(value_sink& out, type_ref element, const Range& range) {
    bool first = true;
    for (const T& item : range) {
        if (is_null_item(item)) return codec_errc::out_of_range;
        if (!std::exchange(first, false)) out.put_byte(' ');
        const codec_errc result = codec<array_value_t<T>>::encode_text(out, element, item_value(item));
        if (result != codec_errc::ok) return result;
    }
    return codec_errc::ok;
}

template <class T>
codec_errc encode_item_text(value_sink& out, type_ref type, const T& item, char delimiter) {
    if (is_null_item(item)) {
        out.put("NULL");
        return codec_errc::ok;
    }
    const std::size_t start = out.size();
    const codec_errc result = codec<array_value_t<T>>::encode_text(out, type, item_value(item));
    if (result == codec_errc::ok) quote_element(out, start, delimiter);
    return result;
}

template <class T, class Range>
codec_errc encode_array_text(value_sink& out, type_ref type, const Range& range) {
    array_item_type item;
    if (type != oid::unspecified && !is_array(type, item)) return codec_errc::wrong_type;
    if (is_vector_type(type)) return encode_vector_text<T>(out, item.value, range);
    const char delimiter =
        array_delimiter(type, item.declared != 0 ? item.declared : codec<array_value_t<T>>::natural);
    char separator = '{';
    for (const T& one : range) {
        out.put_byte(separator);
        separator = delimiter;
        const codec_errc result = encode_item_text<T>(out, item.value, one, delimiter);
        if (result != codec_errc::ok) return result;
    }
    out.put(separator == '{' ? std::string_view{"{}"} : std::string_view{"}"});
    return codec_errc::ok;
}

/// Appends an element that `decode` fills in.
template <class T, class Decode>
codec_errc append_decoded(std::vector<T>& out, Decode decode) {
    if constexpr (std::is_same_v<T, bool>) { // its elements have no address
        bool value = false;
        const codec_errc result = decode(value);
        out.push_back(value);
        return result;
    } else if constexpr (is_optional<T>)
        return decode(out.emplace_back(std::in_place).value());
    else
        return decode(out.emplace_back());
}
template <class T>
codec_errc append_null(std::vector<T>& out) {
    if constexpr (is_optional<T>) {
        out.emplace_back(std::nullopt);
        return codec_errc::ok;
    } else
        return codec_errc::null_value;
}

/// Decodes `count` elements, which fill the bytes up to `end`, and appends them.
template <class T>
codec_errc decode_array_items(type_ref element, bool nulls_allowed, const std::byte* p, const std::byte* end,
                              std::size_t count, std::vector<T>& out) {
    using value_type = array_value_t<T>;
    for (; count != 0; --count) {
        if (end - p < 4) return codec_errc::malformed;
        const auto length = wire::load_big_endian<std::int32_t>(p);
        p += 4;
        codec_errc result = codec_errc::ok;
        if (length == -1)
            result = nulls_allowed ? append_null(out) : codec_errc::malformed;
        else {
            if (length < 0 || length > end - p) return codec_errc::malformed;
            const auto size = static_cast<std::size_t>(length);
            result = append_decoded(out, [&](value_type& value) {
                return codec<value_type>::decode_binary(element, p, size, value);
            });
            p += length;
        }
        if (result != codec_errc::ok) return result;
    }
    return p == end ? codec_errc::ok : codec_errc::malformed;
}

template <class T>
codec_errc decode_array_binary(type_ref type, const std::byte* p, std::size_t n, std::vector<T>& out) {
    out.clear();
    std::size_t count = 0;
    array_item_type item;
    const codec_errc result = read_array_header(type, p, n, count, item);
    if (result != codec_errc::ok || n == empty_array_header) return result;
    out.reserve(count); // at most a quarter of the bytes that are there
    return decode_array_items(item.value, !is_vector_type(type), p + array_header, p + n, count, out);
}

/// `1 2 3`
template <class T>
codec_errc decode_vector_text(type_ref element, std::string_view text, std::vector<T>& out) {
    codec_errc result = codec_errc::ok;
    if (text.ends_with(' ')) return codec_errc::malformed;
    while (!text.empty() && result == codec_errc::ok) {
        const std::size_t end = std::min(text.find(' '), text.size());
        if (end == 0) return codec_errc::malformed;
        result = append_decoded(out, [&](array_value_t<T>& value) {
            return codec<array_value_t<T>>::decode_text(element, text.substr(0, end), value);
        });
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return result;
}

template <class T>
codec_errc decode_array_text(type_ref type, std::string_view text, std::vector<T>& out) {
    using value_type = array_value_t<T>;
    using step = array_text_reader::step;
    if constexpr (is_view<value_type>) return codec_errc::wrong_type;
    out.clear();
    const auto item = item_type_of(type);
    if (is_vector_type(type)) return decode_vector_text(item.value, text, out);
    array_text_reader reader{
        text, array_delimiter(type, item.declared != 0 ? item.declared : codec<value_type>::natural)};
    codec_errc result = reader.open();
    while (result == codec_errc::ok) {
        const step next = reader.next();
        if (next == step::end) break;
        if (next == step::failed) return reader.error();
        if (next == step::null)
            result = append_null(out);
        else
            result = append_decoded(out, [&](value_type& value) {
                return codec<value_type>::decode_text(item.value, reader.value(), value);
            });
    }
    return result;
}

/// The argument half, common to all ranges; `T` is the type of the elements.
template <class T>
struct array_codec {
    using value_type = array_value_t<T>;
    static constexpr oid_t natural = natural_array(codec<value_type>::natural);

    static bool binary_target(type_ref type) { return binary_array_target<value_type>(type); }
    static codec_errc encode_binary(value_sink& out, type_ref type, const auto& range) {
        return encode_array_binary<T>(out, type, range);
    }
    static codec_errc encode_text(value_sink& out, type_ref type, const auto& range) {
        return encode_array_text<T>(out, type, range);
    }
};

/// Whether an array type converts, whose elements are converted by `codec<Value>`.
template <class Value>
bool accepts_array(type_ref type, bool binary) {
    array_item_type item;
    if (!is_array(type, item)) return false;
    if (binary ? item.declared == 0 || (type.info != nullptr && !has_binary_codec(item.value))
               : is_view<Value>)
        return false;
    return codec<Value>::accepts(item.value, binary);
}

} // namespace detail

template <detail::array_item T>
struct codec<std::vector<T>> : detail::array_codec<T> {
    static bool accepts(type_ref type, bool binary) {
        return detail::accepts_array<detail::array_value_t<T>>(type, binary);
    }
    static codec_errc decode_binary(type_ref type, const std::byte* p, std::size_t n, std::vector<T>& out) {
        return detail::decode_array_binary(type, p, n, out);
    }
    static codec_errc decode_text(type_ref type, std::string_view text, std::vector<T>& out) {
        return detail::decode_array_text(type, text, out);
    }
};

/// As an argument only.
template <class T, std::size_t Extent>
    requires detail::array_item<T>
struct codec<std::span<T, Extent>> : detail::array_codec<std::remove_cv_t<T>> {};

/// As an argument only.
template <detail::array_item T, std::size_t N>
struct codec<std::array<T, N>> : detail::array_codec<T> {};

} // namespace tusk
