#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include <tusk/types/range.hpp>

/// Codecs of multirange types (servers from 14 on). Source: PostgreSQL `utils/adt/multirangetypes.c`.
namespace tusk {

/// Ranges that do not touch, in ascending order: that is what the server sends, and what it makes of any
/// ranges that are sent. Here they stay as they were given; `==` compares them one by one.
template <detail::range_item T>
class multirange {
public:
    using value_type = range<T>;

    /// No range: the empty multirange.
    multirange() noexcept = default;
    explicit multirange(std::vector<range<T>> ranges) noexcept : ranges_{std::move(ranges)} {}

    const std::vector<range<T>>& ranges() const& noexcept { return ranges_; }
    std::vector<range<T>> ranges() && noexcept { return std::move(ranges_); }
    auto begin() const noexcept { return ranges_.begin(); }
    auto end() const noexcept { return ranges_.end(); }
    std::size_t size() const noexcept { return ranges_.size(); }
    bool empty() const noexcept { return ranges_.empty(); }
    const range<T>& operator[](std::size_t i) const noexcept { return ranges_[i]; }
    void push_back(range<T> r) { ranges_.push_back(std::move(r)); }

    bool contains(const T& value) const
        requires detail::ordered<T>
    {
        return std::any_of(begin(), end(), [&](const range<T>& r) { return r.contains(value); });
    }

    friend bool operator==(const multirange&, const multirange&) = default;

private:
    friend struct codec<multirange>;
    std::vector<range<T>> ranges_;
};

namespace detail {

/// The range type of a built-in multirange type, or 0.
constexpr oid_t multirange_range(oid_t multirange) noexcept {
    return related_type(multirange, &range_family::multirange, &range_family::range);
}

/// The range type of a multirange type; 0 for what is none, or nobody has looked up.
inline type_ref multirange_item_type(type_ref multirange) noexcept {
    if (multirange.info == nullptr) return multirange_range(multirange.oid);
    return multirange.info->kind == type_kind::multirange ? multirange.info->element : type_ref{};
}

/// Reads how many ranges follow; never more than the bytes can hold.
codec_errc read_multirange_count(const std::byte* p, std::size_t n, std::size_t& count) noexcept;

/// Takes `{[1,2),[5,6)}` apart.
class multirange_text_reader {
public:
    explicit multirange_text_reader(std::string_view text) noexcept : text_{text} {}
    /// The next range; false at the end, and when the text is no multirange (`error()`).
    bool next(std::string_view& out) noexcept;
    codec_errc error() const noexcept { return error_; }

private:
    bool finish(bool well_formed) noexcept;
    std::string_view text_;
    bool first_ = true;
    codec_errc error_ = codec_errc::ok;
};

} // namespace detail

template <class T>
struct codec<multirange<T>> {
    static constexpr oid_t natural = detail::related_type(codec<T>::natural, &detail::range_family::subtype,
                                                          &detail::range_family::multirange);

    static bool accepts(type_ref type, bool binary) {
        const type_ref item = detail::multirange_item_type(type);
        if (item == oid::unspecified) return !binary && detail::is_run_time_type(type);
        return codec<range<T>>::accepts(item, binary);
    }
    static codec_errc decode_binary(type_ref type, const std::byte* p, std::size_t n, multirange<T>& out) {
        out.ranges_.clear();
        std::size_t count = 0;
        codec_errc result = detail::read_multirange_count(p, n, count);
        if (result != codec_errc::ok) return result;
        const std::byte* const end = p + n;
        for (p += 4; count != 0; --count) {
            if (end - p < 4) return codec_errc::malformed;
            const auto length = wire::load_big_endian<std::int32_t>(p);
            p += 4;
            if (length < 0 || length > end - p) return codec_errc::malformed;
            result =
                codec<range<T>>::decode_binary(detail::multirange_item_type(type), p,
                                               static_cast<std::size_t>(length), out.ranges_.emplace_back());
            if (result != codec_errc::ok) return result;
            p += length;
        }
        return p == end ? codec_errc::ok : codec_errc::malformed;
    }
    static codec_errc decode_text(type_ref type, std::string_view text, multirange<T>& out) {
        out.ranges_.clear();
        detail::multirange_text_reader reader{text};
        std::string_view one;
        while (reader.next(one)) {
            const codec_errc result = codec<range<T>>::decode_text(detail::multirange_item_type(type), one,
                                                                   out.ranges_.emplace_back());
            if (result != codec_errc::ok) return result;
        }
        return reader.error();
    }

    static bool binary_target(type_ref type) {
        return codec<range<T>>::binary_target(detail::multirange_item_type(type));
    }
    static codec_errc encode_binary(value_sink& out, type_ref type, const multirange<T>& value) {
        out.put_int(static_cast<std::uint32_t>(value.size()));
        for (const range<T>& one : value) {
            const std::size_t start = out.size();
            out.append(4);
            codec_errc result = codec<range<T>>::encode_binary(out, detail::multirange_item_type(type), one);
            if (result == codec_errc::ok) result = detail::finish_bound(out, start);
            if (result != codec_errc::ok) return result;
        }
        return codec_errc::ok;
    }
    static codec_errc encode_text(value_sink& out, type_ref type, const multirange<T>& value) {
        out.put_byte('{');
        bool first = true;
        for (const range<T>& one : value) {
            if (!std::exchange(first, false)) out.put_byte(',');
            const codec_errc result =
                codec<range<T>>::encode_text(out, detail::multirange_item_type(type), one);
            if (result != codec_errc::ok) return result;
        }
        out.put_byte('}');
        return codec_errc::ok;
    }
};

} // namespace tusk
