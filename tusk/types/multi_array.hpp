#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <tusk/core/error.hpp>
#include <tusk/types/array.hpp>

/// Arrays of any number of dimensions: `tusk::array<T>`, which also keeps lower bounds, and vectors of
/// vectors. Source: PostgreSQL `utils/adt/arrayfuncs.c`.
namespace tusk {

/// One dimension of an array: how many elements, and the subscript of the first.
struct array_dimension {
    std::int32_t size = 0;
    std::int32_t lower_bound = 1;
    friend bool operator==(const array_dimension&, const array_dimension&) noexcept = default;
};

/// An SQL array as it is: up to six dimensions with their lower bounds, and the elements in row-major order
/// (the last subscript changes fastest). An array without elements has no dimensions.
template <class T>
class array {
public:
    using value_type = T;
    static constexpr std::size_t max_dimensions = detail::array_shape::max_dimensions;

    /// Empty.
    array() = default;
    /// One dimension from subscript 1 on.
    explicit array(std::vector<T> values) : values_{std::move(values)} {
        if (values_.empty()) return;
        shape_.dimensions = 1;
        shape_.sizes[0] = static_cast<std::int32_t>(values_.size());
        shape_.lower_bounds[0] = 1;
        check();
    }
    /// Throws `tusk::error` with `errc::invalid_argument` when the values are not as many as the dimensions
    /// say, or there are more than six of those.
    array(std::span<const array_dimension> dimensions, std::vector<T> values) : values_{std::move(values)} {
        if (dimensions.size() > max_dimensions) refuse();
        for (const auto& d : dimensions) {
            shape_.sizes[shape_.dimensions] = d.size;
            shape_.lower_bounds[shape_.dimensions++] = d.lower_bound;
        }
        check();
        if (values_.empty()) shape_ = {};
    }

    std::size_t dimensions() const noexcept { return shape_.dimensions; }
    /// The dimension, counted from 0.
    array_dimension dimension(std::size_t which) const noexcept {
        return {shape_.sizes[which], shape_.lower_bounds[which]};
    }
    bool empty() const noexcept { return values_.empty(); }
    std::size_t size() const noexcept { return values_.size(); }
    const std::vector<T>& values() const& noexcept { return values_; }
    std::vector<T> values() && noexcept { return std::move(values_); }

    /// The element with these subscripts, one for each dimension, counted from the lower bounds on, as in
    /// SQL. Throws `tusk::error` with `errc::value_out_of_range` when there is none.
    template <std::integral... I>
    decltype(auto) at(I... subscripts) const {
        return values_[index({static_cast<std::int64_t>(subscripts)...})];
    }
    template <std::integral... I>
    decltype(auto) at(I... subscripts) {
        return values_[index({static_cast<std::int64_t>(subscripts)...})];
    }

    friend bool operator==(const array&, const array&) = default;

private:
    friend struct codec<array>;

    [[noreturn]] static void refuse() {
        throw error{errc::invalid_argument, "an array needs as many values as its dimensions say, which are "
                                            "six at most"};
    }
    void check() const {
        if (shape_.count() != values_.size()) refuse();
    }
    template <std::size_t N>
    std::size_t index(const std::int64_t (&subscripts)[N]) const {
        std::size_t out = 0;
        bool inside = N == shape_.dimensions;
        for (std::size_t i = 0; inside && i < N; ++i) {
            const std::int64_t offset = subscripts[i] - shape_.lower_bounds[i];
            inside = offset >= 0 && offset < shape_.sizes[i];
            out = out * static_cast<std::size_t>(shape_.sizes[i]) + static_cast<std::size_t>(offset);
        }
        if (!inside) throw error{errc::value_out_of_range, "the array has no element with these subscripts"};
        return out;
    }

    detail::array_shape shape_;
    std::vector<T> values_;
};

namespace detail {

template <class T>
inline constexpr bool is_array_type<array<T>> = true;

/// Takes `[1:2][0:1]={{1,NULL},{3,4}}` apart: elements in order, and the shape once all are read.
class nested_text_reader : public array_text_tokens {
public:
    nested_text_reader(std::string_view text, char delimiter) noexcept : array_text_tokens{text, delimiter} {}
    codec_errc open() noexcept;
    step next();
    const array_shape& shape() const noexcept { return shape_; }

private:
    step finish() noexcept;
    bool enter() noexcept;
    bool leave() noexcept;

    array_shape bounds_;
    array_shape shape_;
    std::array<std::int32_t, array_shape::max_dimensions> counts_{}; ///< Of the braces that are open.
    std::size_t depth_ = 0;
    bool complete_ = false; ///< An element or a closed brace stands right before.
};

/// Writes the braces and delimiters around elements in order.
class nested_text_writer {
public:
    nested_text_writer(value_sink& out, const array_shape& shape, char delimiter);
    void before();
    void after();

private:
    value_sink& out_;
    const array_shape& shape_;
    std::array<std::int32_t, array_shape::max_dimensions> left_{};
    char delimiter_;
    bool first_ = true;
};

/// Elements in row-major order, which `each(f)` calls f with until one fails, as a value of any shape.
template <class T, class Each>
codec_errc encode_shape_binary(value_sink& out, type_ref type, const array_shape& shape, bool has_null,
                               Each each) {
    const auto item = item_type_of(type);
    put_array_header(out, item.declared, shape, has_null);
    bool ignored = false;
    return each([&](const T& value) { return encode_item<T>(out, item.value, value, ignored); });
}

template <class T, class Each>
codec_errc encode_shape_text(value_sink& out, type_ref type, const array_shape& shape, Each each) {
    array_item_type item;
    if (type != oid::unspecified && (!is_array(type, item) || is_vector_type(type)))
        return codec_errc::wrong_type;
    if (shape.dimensions == 0) {
        out.put("{}");
        return codec_errc::ok;
    }
    const char delimiter =
        array_delimiter(type, item.declared != 0 ? item.declared : codec<array_value_t<T>>::natural);
    nested_text_writer writer{out, shape, delimiter};
    return each([&](const T& value) {
        writer.before();
        const codec_errc result = encode_item_text<T>(out, item.value, value, delimiter);
        writer.after();
        return result;
    });
}

template <class T>
codec_errc decode_shape_binary(type_ref type, const std::byte* p, std::size_t n, array_shape& shape,
                               std::vector<T>& values) {
    values.clear();
    array_item_type item;
    const codec_errc result = read_array_shape(type, p, n, shape, item);
    if (result != codec_errc::ok || shape.dimensions == 0) return result;
    const std::size_t count = shape.count();
    values.reserve(count); // at most a quarter of the bytes that are there
    return decode_array_items(item.value, true, p + array_header_size(shape.dimensions), p + n, count,
                              values);
}

template <class T>
codec_errc decode_shape_text(type_ref type, std::string_view text, array_shape& shape,
                             std::vector<T>& values) {
    using value_type = array_value_t<T>;
    using step = array_text_tokens::step;
    if constexpr (is_view<value_type>) return codec_errc::wrong_type;
    values.clear();
    const auto item = item_type_of(type);
    nested_text_reader reader{
        text, array_delimiter(type, item.declared != 0 ? item.declared : codec<value_type>::natural)};
    codec_errc result = reader.open();
    while (result == codec_errc::ok) {
        const step next = reader.next();
        if (next == step::end) break;
        if (next == step::failed) return reader.error();
        if (next == step::null)
            result = append_null(values);
        else
            result = append_decoded(values, [&](value_type& value) {
                return codec<value_type>::decode_text(item.value, reader.value(), value);
            });
    }
    shape = reader.shape();
    return result;
}

/// What arrays of any shape have in common.
template <class T>
struct shaped_codec {
    using value_type = array_value_t<T>;
    static constexpr oid_t natural = natural_array(codec<value_type>::natural);
    static bool accepts(type_ref type, bool binary) {
        return !is_vector_type(type) && accepts_array<value_type>(type, binary);
    }
    static bool binary_target(type_ref type) { return binary_array_target<value_type>(type); }
};

// ---- vectors of vectors

template <class T>
struct nested_vector {
    static constexpr std::size_t depth = 0;
    using leaf = T;
};
template <class T>
    requires(!std::is_same_v<T, std::byte>)
struct nested_vector<std::vector<T>> {
    static constexpr std::size_t depth = nested_vector<T>::depth + 1;
    using leaf = typename nested_vector<T>::leaf;
};
/// A vector of vectors, as deep as arrays can be.
template <class T>
concept nested_vectors = nested_vector<std::vector<T>>::depth >= 2 &&
                         nested_vector<std::vector<T>>::depth <= array_shape::max_dimensions &&
                         array_item<typename nested_vector<T>::leaf>;

/// The lengths of the first vectors at each level; those of the others have to be the same.
template <class T>
bool measure(const std::vector<T>& v, array_shape& shape, std::size_t level) {
    if (v.size() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) return false;
    const auto size = static_cast<std::int32_t>(v.size());
    if (level == shape.dimensions) {
        shape.sizes[level] = size;
        shape.lower_bounds[level] = 1;
        ++shape.dimensions;
    } else if (shape.sizes[level] != size)
        return false;
    if constexpr (nested_vector<T>::depth > 0)
        return std::all_of(v.begin(), v.end(),
                           [&](const T& inner) { return measure(inner, shape, level + 1); });
    else
        return true;
}

template <class T, class F>
codec_errc each_leaf(const std::vector<T>& v, F& f) {
    for (const T& item : v) {
        codec_errc result;
        if constexpr (nested_vector<T>::depth > 0)
            result = each_leaf(item, f);
        else
            result = f(item);
        if (result != codec_errc::ok) return result;
    }
    return codec_errc::ok;
}

/// Hands elements out into vectors of this shape.
template <class T, class Iterator>
void fill(std::vector<T>& v, const array_shape& shape, std::size_t level, Iterator& from) {
    const auto size = static_cast<std::size_t>(shape.sizes[level]);
    v.clear();
    v.reserve(size);
    for (std::size_t i = 0; i < size; ++i) {
        if constexpr (nested_vector<T>::depth > 0)
            fill(v.emplace_back(), shape, level + 1, from);
        else
            v.push_back(std::move(*from++));
    }
}

} // namespace detail

template <class T>
    requires detail::array_item<T>
struct codec<array<T>> : detail::shaped_codec<T> {
    static codec_errc decode_binary(type_ref type, const std::byte* p, std::size_t n, array<T>& out) {
        return settle(out, detail::decode_shape_binary(type, p, n, out.shape_, out.values_));
    }
    static codec_errc decode_text(type_ref type, std::string_view text, array<T>& out) {
        return settle(out, detail::decode_shape_text(type, text, out.shape_, out.values_));
    }
    static codec_errc encode_binary(value_sink& out, type_ref type, const array<T>& value) {
        const auto& values = value.values_;
        bool has_null = false;
        for (const T& item : values) has_null = has_null || detail::is_null_item(item);
        return detail::encode_shape_binary<T>(out, type, value.shape_, has_null, each_of(values));
    }
    static codec_errc encode_text(value_sink& out, type_ref type, const array<T>& value) {
        return detail::encode_shape_text<T>(out, type, value.shape_, each_of(value.values_));
    }

private:
    static auto each_of(const std::vector<T>& values) {
        return [&values](auto f) { return detail::each_leaf(values, f); };
    }
    static codec_errc settle(array<T>& out, codec_errc result) {
        if (result != codec_errc::ok) out = array<T>{};
        return result;
    }
};

template <detail::nested_vectors T>
struct codec<std::vector<T>> : detail::shaped_codec<typename detail::nested_vector<T>::leaf> {
    using leaf = typename detail::nested_vector<T>::leaf;
    static constexpr std::size_t depth = detail::nested_vector<std::vector<T>>::depth;

    static codec_errc decode_binary(type_ref type, const std::byte* p, std::size_t n, std::vector<T>& out) {
        detail::array_shape shape;
        std::vector<leaf> values;
        return spread(detail::decode_shape_binary(type, p, n, shape, values), shape, values, out);
    }
    static codec_errc decode_text(type_ref type, std::string_view text, std::vector<T>& out) {
        detail::array_shape shape;
        std::vector<leaf> values;
        return spread(detail::decode_shape_text(type, text, shape, values), shape, values, out);
    }
    static codec_errc encode_binary(value_sink& out, type_ref type, const std::vector<T>& value) {
        detail::array_shape shape;
        if (!measured(value, shape)) return codec_errc::not_rectangular;
        bool has_null = false;
        auto look = [&](const leaf& item) {
            has_null = has_null || detail::is_null_item(item);
            return codec_errc::ok;
        };
        static_cast<void>(detail::each_leaf(value, look));
        return detail::encode_shape_binary<leaf>(out, type, shape, has_null, each_of(value));
    }
    static codec_errc encode_text(value_sink& out, type_ref type, const std::vector<T>& value) {
        detail::array_shape shape;
        if (!measured(value, shape)) return codec_errc::not_rectangular;
        return detail::encode_shape_text<leaf>(out, type, shape, each_of(value));
    }

private:
    static auto each_of(const std::vector<T>& value) {
        return [&value](auto f) { return detail::each_leaf(value, f); };
    }
    /// Vectors of empty vectors are the empty array, which has no dimensions.
    static bool measured(const std::vector<T>& value, detail::array_shape& shape) {
        if (!detail::measure(value, shape, 0)) return false;
        const auto end = shape.sizes.begin() + static_cast<std::ptrdiff_t>(shape.dimensions);
        if (std::find(shape.sizes.begin(), end, 0) != end) shape = {};
        return true;
    }
    static codec_errc spread(codec_errc result, const detail::array_shape& shape, std::vector<leaf>& values,
                             std::vector<T>& out) {
        out.clear();
        if (result != codec_errc::ok || shape.dimensions == 0) return result;
        if (shape.dimensions != depth) return codec_errc::wrong_dimensions;
        auto from = values.begin();
        detail::fill(out, shape, 0, from);
        return codec_errc::ok;
    }
};

} // namespace tusk
