#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <tusk/types/catalog.hpp>
#include <tusk/types/codec.hpp>

/// Codecs of range types: the built-in ones, and those that users make. Source: PostgreSQL
/// `utils/adt/rangetypes.c`.
namespace tusk {

/// Whether a bound belongs to the range.
enum class bound : std::uint8_t { exclusive, inclusive };

namespace detail {
/// What can be a bound.
template <class T>
concept range_item = has_codec<T> && std::default_initializable<T> && !is_view<T> && !is_optional<T>;
template <class T>
concept ordered = requires(const T& a, const T& b) {
    { a < b } -> std::convertible_to<bool>;
};
} // namespace detail

/// All values between two bounds, each of which may be left out (the range is then infinite on that side), or
/// no value at all. It is kept as it was made, but for one thing: a range that ends where it begins and does
/// not include that value is the empty one. The server also turns ranges of whole numbers and of days into
/// `[lower, upper)`, and refuses a lower bound above the upper one. `==` compares bounds, not sets of values.
template <detail::range_item T>
class range {
public:
    using value_type = T;

    /// The empty range.
    range() noexcept = default;
    /// `[lower, upper)` when nothing else is said; `std::nullopt` is infinite, and always exclusive.
    range(std::optional<T> lower, std::optional<T> upper, bound lower_bound = bound::inclusive,
          bound upper_bound = bound::exclusive)
        : lower_{std::move(lower)}, upper_{std::move(upper)} {
        set_bounds(lower_bound, upper_bound);
    }
    /// `[lower, upper]`
    static range closed(std::optional<T> lower, std::optional<T> upper) {
        return {std::move(lower), std::move(upper), bound::inclusive, bound::inclusive};
    }
    /// `(lower, upper)`
    static range open(std::optional<T> lower, std::optional<T> upper) {
        return {std::move(lower), std::move(upper), bound::exclusive, bound::exclusive};
    }
    /// `(,)`: every value.
    static range unbounded() { return {std::nullopt, std::nullopt}; }

    /// Becomes the empty range.
    void clear() noexcept {
        lower_.reset();
        upper_.reset();
        lower_inclusive_ = upper_inclusive_ = false;
        empty_ = true;
    }
    bool is_empty() const noexcept { return empty_; }
    /// `nullopt` when infinite, or the range is empty.
    const std::optional<T>& lower() const noexcept { return lower_; }
    const std::optional<T>& upper() const noexcept { return upper_; }
    bool lower_inclusive() const noexcept { return lower_inclusive_; }
    bool upper_inclusive() const noexcept { return upper_inclusive_; }

    bool contains(const T& value) const
        requires detail::ordered<T>
    {
        if (empty_) return false;
        if (lower_ && (lower_inclusive_ ? value < *lower_ : !(*lower_ < value))) return false;
        return !upper_ || (upper_inclusive_ ? !(*upper_ < value) : value < *upper_);
    }
    /// Every value of `other` is in this range; true for the empty one.
    bool contains(const range& other) const
        requires detail::ordered<T>
    {
        if (other.empty_) return true;
        return !empty_ && !other.begins_before(*this) && !other.ends_after(*this);
    }
    /// The two have a value in common.
    bool overlaps(const range& other) const
        requires detail::ordered<T>
    {
        return !empty_ && !other.empty_ && !ends_before(other) && !other.ends_before(*this);
    }

    friend bool operator==(const range&, const range&) = default;

private:
    friend struct codec<range>;

    void set_bounds(bound lower_bound, bound upper_bound) {
        lower_inclusive_ = lower_ && lower_bound == bound::inclusive;
        upper_inclusive_ = upper_ && upper_bound == bound::inclusive;
        empty_ = false;
        if constexpr (std::equality_comparable<T>)
            if (lower_ && upper_ && *lower_ == *upper_ && !(lower_inclusive_ && upper_inclusive_)) clear();
    }
    bool begins_before(const range& other) const {
        if (!lower_ || !other.lower_) return !lower_ && other.lower_;
        return *lower_ < *other.lower_ ||
               (!(*other.lower_ < *lower_) && lower_inclusive_ && !other.lower_inclusive_);
    }
    bool ends_after(const range& other) const {
        if (!upper_ || !other.upper_) return !upper_ && other.upper_;
        return *other.upper_ < *upper_ ||
               (!(*upper_ < *other.upper_) && upper_inclusive_ && !other.upper_inclusive_);
    }
    bool ends_before(const range& other) const {
        if (!upper_ || !other.lower_) return false;
        return *upper_ < *other.lower_ ||
               (!(*other.lower_ < *upper_) && !(upper_inclusive_ && other.lower_inclusive_));
    }

    std::optional<T> lower_;
    std::optional<T> upper_;
    bool lower_inclusive_ = false;
    bool upper_inclusive_ = false;
    bool empty_ = true;
};

namespace detail {

struct range_family {
    oid_t subtype;
    oid_t range;
    oid_t multirange;
};
inline constexpr range_family range_families[] = {
    {oid::int4, oid::int4range, oid::int4multirange},
    {oid::int8, oid::int8range, oid::int8multirange},
    {oid::numeric, oid::numrange, oid::nummultirange},
    {oid::timestamp, oid::tsrange, oid::tsmultirange},
    {oid::timestamptz, oid::tstzrange, oid::tstzmultirange},
    {oid::date, oid::daterange, oid::datemultirange},
};
/// The type that stands in `to` next to `type` in `from`; 0 when there is none.
constexpr oid_t related_type(oid_t type, oid_t range_family::* from, oid_t range_family::* to) noexcept {
    for (const range_family& family : range_families)
        if (family.*from == type) return family.*to;
    return 0;
}
/// What the bounds of a built-in range type are, or 0.
constexpr oid_t range_subtype(oid_t range) noexcept {
    return related_type(range, &range_family::range, &range_family::subtype);
}
/// What the bounds of a range type are; 0 for what is none, or nobody has looked up.
inline type_ref range_item_type(type_ref range) noexcept {
    if (range.info == nullptr) return range_subtype(range.oid);
    return range.info->kind == type_kind::range ? range.info->element : type_ref{};
}

/// The two bounds of a range as they arrived.
struct range_parts {
    bool empty = true;
    bound lower_bound = bound::exclusive;
    bound upper_bound = bound::exclusive;
    std::optional<std::span<const std::byte>> lower; ///< `nullopt` when infinite.
    std::optional<std::span<const std::byte>> upper;
    std::string lower_unescaped; ///< What `lower` points into when it was quoted.
    std::string upper_unescaped;
};
codec_errc split_range_bytes(const std::byte* p, std::size_t n, range_parts& out) noexcept;
codec_errc split_range_text(std::string_view text, range_parts& out);

/// The first byte of the binary form.
std::byte range_flags(bool empty, bool has_lower, bool has_upper, bool lower_inclusive,
                      bool upper_inclusive) noexcept;
/// Fills in the length that stands before a bound; it begins at `start`.
codec_errc finish_bound(value_sink& out, std::size_t start) noexcept;
/// Puts the text of a bound that begins at `start` in quotes if it needs them.
void quote_bound(value_sink& out, std::size_t start);

} // namespace detail

template <class T>
struct codec<range<T>> {
    static constexpr oid_t natural =
        detail::related_type(codec<T>::natural, &detail::range_family::subtype, &detail::range_family::range);

    static bool accepts(type_ref type, bool binary) {
        const type_ref item = detail::range_item_type(type);
        if (item == oid::unspecified) return !binary && detail::is_run_time_type(type);
        return (!binary || type.info == nullptr || has_binary_codec(item)) && codec<T>::accepts(item, binary);
    }
    static codec_errc decode_binary(type_ref type, const std::byte* p, std::size_t n, range<T>& out) {
        detail::range_parts parts;
        const codec_errc result = detail::split_range_bytes(p, n, parts);
        if (result != codec_errc::ok) return result;
        return join(parts, out, [type](std::span<const std::byte> value, T& bound) {
            return codec<T>::decode_binary(subtype_of(type), value.data(), value.size(), bound);
        });
    }
    static codec_errc decode_text(type_ref type, std::string_view text, range<T>& out) {
        detail::range_parts parts;
        const codec_errc result = detail::split_range_text(text, parts);
        if (result != codec_errc::ok) return result;
        return join(parts, out, [type](std::span<const std::byte> value, T& bound) {
            const std::string_view chars{reinterpret_cast<const char*>(value.data()), value.size()};
            return codec<T>::decode_text(subtype_of(type), chars, bound);
        });
    }

    static bool binary_target(type_ref type) {
        const type_ref item = detail::range_item_type(type);
        return item != oid::unspecified && codec<T>::binary_target(item);
    }
    static codec_errc encode_binary(value_sink& out, type_ref type, const range<T>& value) {
        out.put_byte(static_cast<char>(detail::range_flags(value.is_empty(), value.lower().has_value(),
                                                           value.upper().has_value(), value.lower_inclusive(),
                                                           value.upper_inclusive())));
        for (const auto* bound : {&value.lower(), &value.upper()}) {
            if (!*bound) continue;
            const std::size_t start = out.size();
            out.append(4);
            codec_errc result = codec<T>::encode_binary(out, subtype_of(type), **bound);
            if (result == codec_errc::ok) result = detail::finish_bound(out, start);
            if (result != codec_errc::ok) return result;
        }
        return codec_errc::ok;
    }
    static codec_errc encode_text(value_sink& out, type_ref type, const range<T>& value) {
        if (value.is_empty()) {
            out.put("empty");
            return codec_errc::ok;
        }
        out.put_byte(value.lower_inclusive() ? '[' : '(');
        codec_errc result = encode_bound(out, type, value.lower());
        out.put_byte(',');
        if (result == codec_errc::ok) result = encode_bound(out, type, value.upper());
        out.put_byte(value.upper_inclusive() ? ']' : ')');
        return result;
    }

private:
    /// The bounds of ranges that nobody has looked up are taken to be what T is.
    static type_ref subtype_of(type_ref type) noexcept {
        const type_ref item = detail::range_item_type(type);
        return item != oid::unspecified ? item : type_ref{codec<T>::natural};
    }
    /// Decodes the bounds with `decode`, which converts one of them, in their place.
    template <class Decode>
    static codec_errc join(const detail::range_parts& parts, range<T>& out, Decode decode) {
        out.clear();
        if (parts.empty) return codec_errc::ok;
        codec_errc result = codec_errc::ok;
        if (parts.lower) result = decode(*parts.lower, out.lower_.emplace());
        if (parts.upper && result == codec_errc::ok) result = decode(*parts.upper, out.upper_.emplace());
        if (result == codec_errc::ok)
            out.set_bounds(parts.lower_bound, parts.upper_bound);
        else
            out.clear();
        return result;
    }
    static codec_errc encode_bound(value_sink& out, type_ref type, const std::optional<T>& bound) {
        if (!bound) return codec_errc::ok;
        const std::size_t start = out.size();
        const codec_errc result = codec<T>::encode_text(out, subtype_of(type), *bound);
        if (result == codec_errc::ok) detail::quote_bound(out, start);
        return result;
    }
};

} // namespace tusk
