#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <tusk/types/basic.hpp>
#include <tusk/types/catalog.hpp>
#include <tusk/types/codec.hpp>
#include <tusk/types/composite.hpp>
#include <tusk/types/enum.hpp>
#include <tusk/types/reflect.hpp>
#include <tusk/wire/backend.hpp>

namespace tusk {

namespace detail {
template <class T>
struct value_type_of {
    using type = T;
};
template <class T>
struct value_type_of<std::optional<T>> {
    using type = T;
};
} // namespace detail

/// A single value: a type with a codec, or an optional of one. A struct or tuple is a row, and a value (a
/// composite) only inside of one.
template <class T>
concept scalar_row = has_codec<typename detail::value_type_of<T>::type> && !detail::has_composite_codec<T>;
/// `std::tuple` or `std::pair`, filled by position.
template <class T>
concept tuple_row = detail::is_tuple<T>;
/// A plain struct, filled by column name.
template <class T>
concept struct_row = std::is_aggregate_v<T> && std::is_class_v<T> && !scalar_row<T> && !tuple_row<T>;

/// How the columns of one statement become a `T`: worked out once per statement and type, then used for every
/// row.
class row_plan {
public:
    struct column {
        type_ref type;
        bool binary = false;
    };
    std::vector<std::int16_t> formats; ///< Wanted for each column.
    std::vector<column> columns;       ///< By position on the wire.
    std::vector<std::uint16_t> fields; ///< Column of each field; empty when they stand in order.
    /// Columns and fields stand in the same order, and each column comes in binary as the very type that its
    /// field's codec is made for.
    bool direct = false;
    /// For rows that are looked at by name; lives with the description.
    std::span<const wire::column_description> described;
};

enum class wanted_format : std::uint8_t {
    any,    ///< Text is good for what has no binary codec, and strings take any type as its text.
    text,   ///< Nothing else comes, whatever the types.
    binary, ///< There is no text (COPY): also strings need to know what their type is.
};

/// Where a row could not be decoded.
struct row_error {
    codec_errc code = codec_errc::ok;
    std::size_t column = 0;
    std::string_view cpp_type;
};

/// A row whose columns are not known when the program is compiled. It takes them as text.
template <class T>
concept dynamic_row = requires(T& row, const row_plan& plan, std::span<const std::byte> body, row_error& e) {
    { row.assign(plan, body, e) } -> std::same_as<bool>;
};

namespace detail {

/// The fields of a row type as a tuple of references; a scalar is a row of one.
template <class T>
auto fields_of(T& row) noexcept {
    if constexpr (scalar_row<T>)
        return std::tie(row);
    else if constexpr (tuple_row<T>)
        return std::apply([](auto&... f) { return std::tie(f...); }, row);
    else {
        static_assert(struct_row<T>,
                      "tusk: a row is a plain struct (members by column name), a std::tuple (by position) "
                      "or a type with a codec");
        return tie_members(row);
    }
}
template <class T>
using field_tuple = decltype(fields_of(std::declval<T&>()));

failure missing_column(std::string_view field, std::string_view row_type,
                       std::span<const wire::column_description> columns);
failure missing_field(std::string_view column, std::string_view row_type,
                      std::span<const std::string_view> fields);
failure wrong_column_count(std::size_t wanted, std::size_t got, std::string_view row_type);
/// Finds the column of each field by name; every field needs a column and every column a field.
failure match_names(std::span<const std::string_view> fields, std::string_view row_type,
                    std::span<const wire::column_description> columns, std::vector<std::uint16_t>& out);

/// The type that a codec is made for, or 0 when that is not known as the program is compiled.
template <class F>
inline constexpr oid_t natural_type = [] {
    if constexpr (requires { std::integral_constant<oid_t, codec<F>::natural>{}; })
        return codec<F>::natural;
    else
        return oid::unspecified;
}();

/// The column has the binary form of the type that the field's codec is made for.
template <class F>
bool is_natural_column(type_ref type) noexcept {
    if constexpr (is_optional<F>)
        return is_natural_column<typename F::value_type>(type);
    else if constexpr (requires { codec<F>::looks_natural(type.oid); })
        return type.info == nullptr && codec<F>::looks_natural(type.oid);
    else
        return type.info == nullptr && type.oid != oid::unspecified && type.oid == natural_type<F>;
}

/// What a field can do, whatever its type.
struct field_type {
    bool (*accepts)(type_ref, bool);
    bool (*is_natural)(type_ref);
    std::string_view name;
    bool ignores_type_info;

    template <class F>
    static field_type of() noexcept {
        return {&accepts_column<F>, &is_natural_column<F>, cpp_type_name<F>(), detail::ignores_type_info<F>};
    }
};
/// Chooses the formats; fails for a column whose type does not convert.
failure choose_formats(std::span<const field_type> fields, std::span<const wire::column_description> columns,
                       type_scope& types, wanted_format format, row_plan& plan);

} // namespace detail

/// Works out how rows with these columns become a `T`. When `types` ends with unknown types, the plan has to
/// be made again once they are known. Errors:
/// `errc::column_mismatch`, `errc::type_mismatch`.
template <dynamic_row T>
result<row_plan> make_row_plan(std::span<const wire::column_description> columns, type_scope&,
                               wanted_format = wanted_format::any) {
    row_plan plan;
    plan.described = columns;
    return plan;
}
template <class T>
result<row_plan> make_row_plan(std::span<const wire::column_description> columns, type_scope& types,
                               wanted_format format = wanted_format::any) {
    using fields = detail::field_tuple<T>;
    constexpr std::size_t n = std::tuple_size_v<fields>;
    row_plan plan;
    if constexpr (struct_row<T>) {
        if (auto f = detail::match_names(detail::member_names_v<T>, detail::cpp_type_name<T>(), columns,
                                         plan.fields))
            return f;
    } else if (columns.size() != n) {
        return detail::wrong_column_count(n, columns.size(), detail::cpp_type_name<T>());
    }
    return [&]<std::size_t... I>(std::index_sequence<I...>) -> result<row_plan> {
        const std::array<detail::field_type, n> all{
            detail::field_type::of<std::remove_reference_t<std::tuple_element_t<I, fields>>>()...};
        if (auto f = detail::choose_formats(all, columns, types, format, plan)) return f;
        return std::move(plan);
    }(std::make_index_sequence<n>{});
}
/// For columns of built-in types.
template <class T>
result<row_plan> make_row_plan(std::span<const wire::column_description> columns) {
    type_scope nothing;
    return make_row_plan<T>(columns, nothing);
}

namespace detail {

/// Takes the next value of a DataRow; false when the body does not hold it.
inline bool next_value(const std::byte*& at, const std::byte* end, field_view& out) noexcept {
    if (end - at < 4) return false;
    out.size = wire::load_big_endian<std::int32_t>(at);
    at += 4;
    out.data = at;
    if (out.size > 0) {
        if (out.size > end - at) return false;
        at += out.size;
    } else if (out.size < -1) {
        return false;
    }
    return true;
}

/// Takes the next value of a DataRow as its codec's natural type. False for whatever is not as usual: then
/// the row is decoded once more, the way that says what is wrong.
template <class F>
[[gnu::always_inline]] inline bool take_natural(const std::byte*& at, const std::byte* end, F& out) {
    if constexpr (is_optional<F>) {
        if (end - at < 4) return false;
        if (wire::load_big_endian<std::int32_t>(at) == -1) {
            at += 4;
            out.reset();
            return true;
        }
        if (!out) out.emplace();
        return take_natural(at, end, *out);
    } else if constexpr (requires { codec<F>::natural_size; }) {
        constexpr std::size_t size = codec<F>::natural_size;
        if (end - at < static_cast<std::ptrdiff_t>(4 + size) ||
            wire::load_big_endian<std::int32_t>(at) != static_cast<std::int32_t>(size))
            return false;
        const std::byte* value = at + 4;
        at = value + size;
        return codec<F>::decode_binary(natural_type<F>, value, size, out) == codec_errc::ok;
    } else {
        if (end - at < 4) return false;
        const auto size = wire::load_big_endian<std::int32_t>(at);
        const std::byte* value = at + 4;
        if (size < 0 || size > end - value) return false;
        at = value + size;
        return codec<F>::decode_binary(natural_type<F>, value, static_cast<std::size_t>(size), out) ==
               codec_errc::ok;
    }
}

template <class Fields, std::size_t... I>
[[gnu::always_inline]] inline bool decode_directly(const std::byte* at, const std::byte* end, Fields fields,
                                                   std::index_sequence<I...>) {
    return (take_natural(at, end, std::get<I>(fields)) && ...) && at == end;
}

template <class F>
bool decode_one(const field_view& f, std::size_t column, F& out, row_error& error) {
    const auto code = decode_field(f, out);
    if (code == codec_errc::ok) [[likely]]
        return true;
    error = {code, column, cpp_type_name<F>()};
    return false;
}

template <class Fields, std::size_t... I>
bool decode_in_order(const row_plan& plan, const std::byte* at, const std::byte* end, Fields fields,
                     row_error& error, std::index_sequence<I...>) {
    field_view f;
    const auto take = [&](std::size_t i, auto& out) {
        if (!next_value(at, end, f)) {
            error = {codec_errc::malformed, i, "a row"};
            return false;
        }
        f.type = plan.columns[i].type;
        f.binary = plan.columns[i].binary;
        return decode_one(f, i, out, error);
    };
    return (take(I, std::get<I>(fields)) && ...) &&
           (at == end || (error = {codec_errc::malformed, 0, "a row"}, false));
}

template <class Fields, std::size_t... I>
bool decode_by_name(const row_plan& plan, const std::byte* at, const std::byte* end, Fields fields,
                    row_error& error, std::index_sequence<I...>) {
    std::array<field_view, sizeof...(I)> values; // as many columns as fields: the plan saw to it
    for (std::size_t i = 0; i < sizeof...(I); ++i) {
        if (!next_value(at, end, values[i])) {
            error = {codec_errc::malformed, i, "a row"};
            return false;
        }
        values[i].type = plan.columns[i].type;
        values[i].binary = plan.columns[i].binary;
    }
    if (at != end) {
        error = {codec_errc::malformed, 0, "a row"};
        return false;
    }
    return (decode_one(values[plan.fields[I]], plan.fields[I], std::get<I>(fields), error) && ...);
}

} // namespace detail

/// Decodes the body of one DataRow into `out`, straight from the receive buffer. On false `error` says where.
template <dynamic_row T>
bool decode_row(const row_plan& plan, std::span<const std::byte> body, T& out, row_error& error) {
    return out.assign(plan, body, error);
}
template <class T>
bool decode_row(const row_plan& plan, std::span<const std::byte> body, T& out, row_error& error) {
    auto fields = detail::fields_of(out);
    constexpr auto n = std::tuple_size_v<decltype(fields)>;
    if (body.size() < 2 || wire::load_big_endian<std::uint16_t>(body.data()) != n) {
        error = {codec_errc::malformed, 0, "a row"};
        return false;
    }
    const std::byte* at = body.data() + 2;
    const std::byte* end = body.data() + body.size();
    if (plan.direct) [[likely]] {
        if (detail::decode_directly(at, end, fields, std::make_index_sequence<n>{})) [[likely]]
            return true;
        static_cast<void>(detail::take_note()); // what is wrong is said below, once
    }
    if (plan.fields.empty())
        return detail::decode_in_order(plan, at, end, fields, error, std::make_index_sequence<n>{});
    return detail::decode_by_name(plan, at, end, fields, error, std::make_index_sequence<n>{});
}

} // namespace tusk
