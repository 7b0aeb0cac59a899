#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <tusk/types/basic.hpp>
#include <tusk/types/catalog.hpp>
#include <tusk/types/codec.hpp>
#include <tusk/types/composite.hpp>
#include <tusk/types/row.hpp>
#include <tusk/wire/backend.hpp>

/// Rows in COPY's binary format. Source: PostgreSQL documentation, COPY, "Binary Format". There is no text in
/// between that a server would parse, so that a column takes only C++ types whose bytes are known for it.
namespace tusk {

/// How the values of one field become those of one column.
enum class copy_form : std::uint8_t {
    none,
    binary, ///< As `codec<T>::encode_binary` writes it.
    text,   ///< Text whose binary form is the same bytes.
    jsonb,  ///< A version byte and the text.
};

/// How the values of rows become the columns of one COPY: worked out once for a description and a type.
class copy_plan {
public:
    struct column {
        type_ref type;
        copy_form form = copy_form::binary;
    };
    std::vector<column> columns;
    /// Every field is of a type whose size is known beforehand, and is what its column holds: a row is then
    /// written in one piece.
    bool plain = false;
};

namespace detail {

/// The type whose codec encodes a field of type T; an optional's is that of its value.
template <class T>
struct copy_value {
    using type = parameter_type_t<T>;
};
template <class T>
    requires is_optional<parameter_type_t<T>>
struct copy_value<T> {
    using type = parameter_type_t<typename parameter_type_t<T>::value_type>;
};
template <class T>
using copy_value_t = typename copy_value<T>::type;

template <class T>
inline constexpr bool is_copy_null = std::is_same_v<T, std::nullopt_t> || std::is_same_v<T, std::nullptr_t>;
template <class T>
inline constexpr bool is_copy_text = std::derived_from<codec<T>, text_codec>;
/// A single value, which is a row of one.
template <class T>
concept copy_scalar =
    is_copy_null<copy_value_t<T>> || (has_codec<copy_value_t<T>> && !has_composite_codec<T>);

copy_form text_form(type_ref type) noexcept;

/// What `codec<T>` can do for a column of this type.
template <class T>
copy_form form_for(type_ref type) {
    using U = copy_value_t<T>;
    if constexpr (is_copy_null<U>) {
        return copy_form::binary;
    } else {
        static_assert(has_codec<U>,
                      "tusk: a field's type has no codec; specialise tusk::codec<T> (docs/types.md) or "
                      "include the header that has it, such as <tusk/types/json.hpp>");
        if constexpr (is_copy_text<U>)
            return text_form(type);
        else
            return codec<U>::binary_target(type) ? copy_form::binary : copy_form::none;
    }
}

/// The fields of a row by position, as a tuple of references.
template <class Row>
auto copy_fields(const Row& row) noexcept {
    if constexpr (copy_scalar<Row>)
        return std::tie(row);
    else if constexpr (tuple_row<Row>)
        return std::apply([](const auto&... f) { return std::tie(f...); }, row);
    else {
        static_assert(struct_row<Row>, "tusk: a row is a std::tuple, a std::pair, a plain struct (all by "
                                       "position) or a type with a codec");
        return tie_members(row);
    }
}
template <class Row>
using copy_field_tuple = decltype(copy_fields(std::declval<const Row&>()));

/// A number as its natural SQL type has it.
template <class T>
concept plain_number =
    (sql_integer<T> && std::is_signed_v<T> && sizeof(T) >= 2) || (std::floating_point<T> && sizeof(T) <= 8);
template <class T>
concept plain_text = !std::is_null_pointer_v<T> && std::convertible_to<const T&, std::string_view> &&
                     is_copy_text<copy_value_t<T>>;

/// Fields whose size is known before they are encoded, and how they are written then.
template <class T>
struct plain_field {
    static constexpr bool exists = false;
};
template <plain_number T>
struct plain_field<T> {
    static constexpr bool exists = true;
    static bool fits(const copy_plan::column& c) noexcept { return c.type == codec<T>::natural; }
    static std::size_t size(T) noexcept { return sizeof(T); }
    static std::byte* write(std::byte* p, T value) noexcept {
        wire::store_big_endian(p, std::uint32_t{sizeof(T)});
        if constexpr (std::integral<T>)
            wire::store_big_endian(p + 4, value);
        else if constexpr (sizeof(T) == 8)
            wire::store_big_endian(p + 4, std::bit_cast<std::int64_t>(value));
        else
            wire::store_big_endian(p + 4, std::bit_cast<std::int32_t>(value));
        return p + 4 + sizeof(T);
    }
};
template <plain_text T>
struct plain_field<T> {
    static constexpr bool exists = true;
    static bool fits(const copy_plan::column& c) noexcept { return c.form == copy_form::text; }
    static std::size_t size(std::string_view value) noexcept { return value.size(); }
    static std::byte* write(std::byte* p, std::string_view value) noexcept {
        // A value past 2 GiB makes a message past 1 GiB, which is refused as a whole.
        wire::store_big_endian(p, static_cast<std::uint32_t>(value.size()));
        if (!value.empty()) std::memcpy(p + 4, value.data(), value.size());
        return p + 4 + value.size();
    }
};
template <class T>
    requires plain_field<T>::exists
struct plain_field<std::optional<T>> {
    static constexpr bool exists = true;
    static bool fits(const copy_plan::column& c) noexcept { return plain_field<T>::fits(c); }
    static std::size_t size(const std::optional<T>& v) noexcept { return v ? plain_field<T>::size(*v) : 0; }
    static std::byte* write(std::byte* p, const std::optional<T>& v) noexcept {
        if (v) return plain_field<T>::write(p, *v);
        wire::store_big_endian(p, std::int32_t{-1});
        return p + 4;
    }
};

using form_function = copy_form (*)(type_ref);
result<copy_plan> choose_forms(std::span<const form_function> forms,
                               std::span<const std::string_view> type_names,
                               std::span<const wire::column_description> columns, type_scope& types);

template <class Row>
struct copy_row_type {
    using fields = copy_field_tuple<Row>;
    static constexpr std::size_t size = std::tuple_size_v<fields>;
    template <std::size_t I>
    using field = std::remove_cvref_t<std::tuple_element_t<I, fields>>;

    static constexpr auto forms = []<std::size_t... I>(std::index_sequence<I...>) {
        return std::array<form_function, size>{&form_for<field<I>>...};
    }(std::make_index_sequence<size>{});
    static constexpr bool can_be_plain = []<std::size_t... I>(std::index_sequence<I...>) {
        return (plain_field<field<I>>::exists && ...);
    }(std::make_index_sequence<size>{});
    static bool is_plain([[maybe_unused]] const copy_plan& plan) noexcept {
        if constexpr (can_be_plain)
            return [&]<std::size_t... I>(std::index_sequence<I...>) {
                return (plain_field<field<I>>::fits(plan.columns[I]) && ...);
            }(std::make_index_sequence<size>{});
        else
            return false;
    }
    static std::array<std::string_view, size> names() {
        return []<std::size_t... I>(std::index_sequence<I...>) {
            return std::array<std::string_view, size>{cpp_type_name<field<I>>()...};
        }(std::make_index_sequence<size>{});
    }
};

template <class T>
codec_errc encode_copy_field(value_sink& out, const copy_plan::column& column, const T& value) {
    using P = parameter_type_t<T>;
    if constexpr (is_copy_null<P>) {
        out.put_int(std::int32_t{-1});
        return codec_errc::ok;
    } else if constexpr (is_optional<P>) {
        if (value) return encode_copy_field(out, column, *value);
        out.put_int(std::int32_t{-1});
        return codec_errc::ok;
    } else {
        const std::size_t at = out.size();
        out.append(4);
        codec_errc code;
        if constexpr (is_copy_text<P>) {
            if (column.form == copy_form::jsonb) out.put_byte('\1');
            code = codec<P>::encode_text(out, column.type, value);
        } else {
            code = codec<P>::encode_binary(out, column.type, value);
        }
        // A value past 2 GiB makes a message past 1 GiB, which is refused as a whole.
        wire::store_big_endian(out.data() + at, static_cast<std::uint32_t>(out.size() - at - 4));
        return code;
    }
}

template <class Fields, std::size_t... I>
void write_plain_row(value_sink& out, const Fields& fields, std::index_sequence<I...>) {
    const auto size = [&]<class T>(const T& value) { return 4 + plain_field<T>::size(value); };
    std::byte* p = out.append((std::size_t{2} + ... + size(std::get<I>(fields))));
    wire::store_big_endian(p, static_cast<std::uint16_t>(sizeof...(I)));
    p += 2;
    const auto write = [&]<class T>(const T& value) { p = plain_field<T>::write(p, value); };
    (write(std::get<I>(fields)), ...);
}

} // namespace detail

/// Works out how the fields of `Row` become these columns, by position. When `types` ends with unknown types,
/// the plan has to be made again once they are known. Errors: `errc::column_mismatch`, `errc::type_mismatch`
/// for a field that has no binary form for its column.
template <class Row>
result<copy_plan> make_copy_plan(std::span<const wire::column_description> columns, type_scope& types) {
    using type = detail::copy_row_type<Row>;
    auto plan = detail::choose_forms(type::forms, type::names(), columns, types);
    if (plan) plan->plain = type::is_plain(*plan);
    return plan;
}

/// Appends one row. On false `error` says which field could not be encoded, and the row is incomplete.
template <class Row>
bool encode_copy_row(value_sink& out, const copy_plan& plan, const Row& row, row_error& error) {
    const auto fields = detail::copy_fields(row);
    constexpr auto n = std::tuple_size_v<std::remove_const_t<decltype(fields)>>;
    if constexpr (detail::copy_row_type<Row>::can_be_plain) {
        if (plan.plain) [[likely]] {
            detail::write_plain_row(out, fields, std::make_index_sequence<n>{});
            return true;
        }
    }
    out.put_int(static_cast<std::uint16_t>(n));
    const auto encode = [&]<class T>(std::size_t i, const T& value) {
        const auto code = detail::encode_copy_field(out, plan.columns[i], value);
        if (code == codec_errc::ok) [[likely]]
            return true;
        error = {code, i, detail::cpp_type_name<T>()};
        return false;
    };
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
        return (encode(I, std::get<I>(fields)) && ...);
    }(std::make_index_sequence<n>{});
}

/// What stands before the first row: the signature, no flags, no extension.
void begin_copy_rows(value_sink& out);
/// What stands behind the last row.
void end_copy_rows(value_sink& out);

/// Finds the rows in what a server sends, however it is cut into messages. Each row has the form of a
/// DataRow's body, for `decode_row`.
class copy_row_reader {
public:
    enum class status : std::uint8_t { row, need_data, end, malformed };

    void begin() noexcept {
        pending_.clear();
        left_ = {};
        at_header_ = true;
        ended_ = false;
    }
    /// Hands over the next piece, when `next` wants data. Valid until it does again.
    void add(std::span<const std::byte> data);
    status next(std::span<const std::byte>& row);

private:
    bool take_header();
    /// Size of the row at the front, or 0 when it is not whole; false when it is none.
    bool measure(std::size_t& size) const noexcept;
    status keep_rest();

    std::span<const std::byte> left_;
    std::vector<std::byte> pending_;
    bool at_header_ = true;
    bool ended_ = false;
};

} // namespace tusk
