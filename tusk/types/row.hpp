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
#include <tusk/types/codec.hpp>
#include <tusk/types/reflect.hpp>
#include <tusk/wire/backend.hpp>

namespace tusk {

namespace detail {
template <class T>
inline constexpr bool is_tuple = false;
template <class... T>
inline constexpr bool is_tuple<std::tuple<T...>> = true;
template <class A, class B>
inline constexpr bool is_tuple<std::pair<A, B>> = true;

template <class T>
struct value_type_of {
    using type = T;
};
template <class T>
struct value_type_of<std::optional<T>> {
    using type = T;
};

/// "user" for messages.
template <class T>
constexpr std::string_view cpp_type_name() {
    constexpr std::string_view text = __PRETTY_FUNCTION__;
    constexpr auto begin = text.find("T = ") + 4;
    constexpr auto end = text.find_first_of(";]", begin);
    return text.substr(begin, end - begin);
}
} // namespace detail

/// A single value: a type with a codec, or an optional of one.
template <class T>
concept scalar_row = has_codec<typename detail::value_type_of<T>::type>;
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
        oid_t type = 0;
        bool binary = false;
    };
    std::vector<std::int16_t> formats; ///< Wanted for each column.
    std::vector<column> columns;       ///< By position on the wire.
    std::vector<std::uint16_t> fields; ///< Column of each field; empty when they stand in order.
};

/// Where a row could not be decoded.
struct row_error {
    codec_errc code = codec_errc::ok;
    std::size_t column = 0;
    std::string_view cpp_type;
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

using accepts_function = bool (*)(oid_t, bool);
/// Chooses the formats; fails for a column whose type does not convert.
failure choose_formats(std::span<const accepts_function> accepts,
                       std::span<const std::string_view> type_names,
                       std::span<const wire::column_description> columns, row_plan& plan);

} // namespace detail

/// Works out how rows with these columns become a `T`. Errors: `errc::column_mismatch`,
/// `errc::type_mismatch`.
template <class T>
result<row_plan> make_row_plan(std::span<const wire::column_description> columns) {
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
        const std::array<detail::accepts_function, n> accepts{
            &accepts_column<std::remove_reference_t<std::tuple_element_t<I, fields>>>...};
        const std::array<std::string_view, n> names{
            detail::cpp_type_name<std::remove_reference_t<std::tuple_element_t<I, fields>>>()...};
        if (auto f = detail::choose_formats(accepts, names, columns, plan)) return f;
        return std::move(plan);
    }(std::make_index_sequence<n>{});
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
    if (plan.fields.empty())
        return detail::decode_in_order(plan, at, end, fields, error, std::make_index_sequence<n>{});
    return detail::decode_by_name(plan, at, end, fields, error, std::make_index_sequence<n>{});
}

} // namespace tusk
