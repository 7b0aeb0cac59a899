#include <tusk/types/numeric.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

namespace tusk {

namespace {

constexpr std::uint16_t base = 10000;

/// Digits of base 10000 that `scale` decimal digits after the point take part in.
constexpr std::int32_t fraction_digits(std::uint32_t scale) noexcept {
    return static_cast<std::int32_t>((scale + 3) / 4);
}

} // namespace

numeric::numeric(const numeric& other) { *this = other; }

numeric::numeric(numeric&& other) noexcept { *this = std::move(other); }

numeric& numeric::operator=(const numeric& other) {
    if (this == &other) return *this;
    std::memcpy(resize(other.size_), other.digits(), other.size_ * sizeof(std::uint16_t));
    weight_ = other.weight_;
    kind_ = other.kind_;
    scale_ = other.scale_;
    return *this;
}

numeric& numeric::operator=(numeric&& other) noexcept {
    if (this == &other) return *this;
    heap_ = std::move(other.heap_);
    heap_capacity_ = other.heap_capacity_;
    std::memcpy(inline_, other.inline_, sizeof inline_);
    size_ = other.size_;
    weight_ = other.weight_;
    kind_ = other.kind_;
    scale_ = other.scale_;
    other.heap_capacity_ = 0;
    other.set_special(kind::positive);
    return *this;
}

std::uint16_t* numeric::grow(std::size_t size) {
    if (size > heap_capacity_) {
        heap_ = std::make_unique_for_overwrite<std::uint16_t[]>(size);
        heap_capacity_ = static_cast<std::uint32_t>(size);
    }
    size_ = static_cast<std::uint32_t>(size);
    return heap_.get();
}

void numeric::set_special(kind k) noexcept {
    size_ = 0;
    weight_ = 0;
    scale_ = 0;
    kind_ = k;
}

void numeric::set_integer(std::uint64_t magnitude, bool negative) noexcept {
    std::uint16_t reversed[5];
    std::uint32_t count = 0;
    for (; magnitude != 0; magnitude /= base)
        reversed[count++] = static_cast<std::uint16_t>(magnitude % base);
    std::reverse_copy(reversed, reversed + count, inline_);
    size_ = count;
    weight_ = static_cast<std::int32_t>(count) - 1;
    kind_ = negative ? kind::negative : kind::positive;
    scale_ = 0;
    normalise();
}

void numeric::normalise() noexcept {
    const std::uint16_t* const all = digits();
    std::size_t first = 0;
    std::size_t last = size_;
    while (first < last && all[first] == 0) ++first;
    while (last > first && all[last - 1] == 0) --last;
    if (const std::size_t size = last - first; size != size_) {
        // A number that shrinks below the limit moves into the object.
        std::memmove(size <= inline_digits ? inline_ : heap_.get(), all + first,
                     size * sizeof(std::uint16_t));
        size_ = static_cast<std::uint32_t>(size);
        weight_ -= static_cast<std::int32_t>(first);
    }
    if (size_ == 0) {
        weight_ = 0;
        kind_ = kind::positive;
    }
}

void numeric::drop_hidden_digits(std::int32_t excess) noexcept {
    if (excess > 0) {
        const auto gone = std::min(static_cast<std::uint32_t>(excess), size_);
        const std::uint32_t size = size_ - gone;
        if (size_ > inline_digits && size <= inline_digits)
            std::memcpy(inline_, heap_.get(), size * sizeof(std::uint16_t));
        size_ = size;
    }
    if (size_ == 0) return;
    std::uint16_t& last = (size_ <= inline_digits ? inline_ : heap_.get())[size_ - 1];
    switch (scale_ % 4) { // by constants, which is no division
    case 1: last = static_cast<std::uint16_t>(last - last % 1000); break;
    case 2: last = static_cast<std::uint16_t>(last - last % 100); break;
    case 3: last = static_cast<std::uint16_t>(last - last % 10); break;
    default: break;
    }
}

codec_errc numeric::from_wire(const std::byte* p, std::size_t n, numeric& out) {
    if (n < 8) return codec_errc::malformed;
    const auto head = wire::load_big_endian<std::uint64_t>(p); // digits, weight, sign, scale
    const std::size_t count = head >> 48;
    const auto sign = static_cast<kind>(head >> 16 & 0xffff);
    const auto scale = static_cast<std::uint16_t>(head);
    if (n != 8 + 2 * count) return codec_errc::malformed;
    if (sign != kind::positive && sign != kind::negative) [[unlikely]] {
        const bool known =
            sign == kind::nan || sign == kind::positive_infinity || sign == kind::negative_infinity;
        if (!known || count != 0) return codec_errc::malformed;
        out.set_special(sign);
        return codec_errc::ok;
    }
    if (scale > max_scale) return codec_errc::malformed;
    if (count == 0) {
        out.set_special(kind::positive);
        out.scale_ = scale;
        return codec_errc::ok;
    }
    std::uint16_t* const digits = out.resize(count);
    unsigned largest = 0;
    const std::byte* from = p + 8;
    for (auto* to = digits; to != digits + count; ++to, from += 2) {
        *to = wire::load_big_endian<std::uint16_t>(from);
        largest = std::max<unsigned>(largest, *to);
    }
    if (largest >= base) {
        out.set_special(kind::positive);
        return codec_errc::malformed;
    }
    out.weight_ = static_cast<std::int16_t>(head >> 32);
    out.kind_ = sign;
    out.scale_ = scale;
    // How far the last digit lies below the lowest one that the scale lets exist.
    const std::int32_t excess = static_cast<std::int32_t>(count) - 1 - out.weight_ - fraction_digits(scale);
    if (excess > 0 || (excess == 0 && scale % 4 != 0)) out.drop_hidden_digits(excess);
    if (out.size_ == 0 || digits[0] == 0 || out.digits()[out.size_ - 1] == 0) out.normalise();
    return codec_errc::ok;
}

void numeric::to_wire(value_sink& out) const {
    std::byte* at = out.append(8 + 2 * std::size_t{size_});
    wire::store_big_endian(at, static_cast<std::uint16_t>(size_));
    wire::store_big_endian(at + 2, static_cast<std::int16_t>(weight_));
    wire::store_big_endian(at + 4, static_cast<std::uint16_t>(kind_));
    wire::store_big_endian(at + 6, scale_);
    at += 8;
    for (const std::uint16_t* d = digits(); d != digits() + size_; ++d, at += 2)
        wire::store_big_endian(at, *d);
}

unsigned numeric::digit_at(std::int32_t exponent) const noexcept {
    const std::int32_t index = weight_ - exponent;
    return index >= 0 && index < static_cast<std::int32_t>(size_) ? digits()[index] : 0;
}

std::size_t numeric::text_size() const noexcept {
    if (is_nan()) return 3;
    if (is_infinite()) return is_negative() ? 9 : 8;
    std::size_t integer = 1;
    if (size_ != 0 && weight_ >= 0) {
        const unsigned first = digits()[0];
        integer = static_cast<std::size_t>(weight_) * 4 + (first >= 1000  ? 4
                                                           : first >= 100 ? 3
                                                           : first >= 10  ? 2
                                                                          : 1);
    }
    return (is_negative() ? 1u : 0u) + integer + (scale_ == 0 ? 0u : scale_ + 1u);
}

void numeric::write_text(char* out) const noexcept {
    if (!is_finite()) {
        const std::string_view name = is_nan() ? "NaN" : is_negative() ? "-Infinity" : "Infinity";
        std::memcpy(out, name.data(), name.size());
        return;
    }
    const auto put = [&out](unsigned digit, int from, int to) {
        const char text[4] = {static_cast<char>('0' + digit / 1000),
                              static_cast<char>('0' + digit / 100 % 10),
                              static_cast<char>('0' + digit / 10 % 10), static_cast<char>('0' + digit % 10)};
        out = std::copy(text + from, text + to, out);
    };
    if (is_negative()) *out++ = '-';
    const std::int32_t top = size_ == 0 || weight_ < 0 ? 0 : weight_;
    const unsigned first = digit_at(top);
    put(first, first >= 1000 ? 0 : first >= 100 ? 1 : first >= 10 ? 2 : 3, 4);
    for (std::int32_t e = top - 1; e >= 0; --e) put(digit_at(e), 0, 4);
    if (scale_ == 0) return;
    *out++ = '.';
    std::int32_t left = scale_;
    for (std::int32_t e = -1; left > 0; --e, left -= 4) put(digit_at(e), 0, left < 4 ? left : 4);
}

std::string numeric::to_string() const {
    std::string text(text_size(), '\0');
    write_text(text.data());
    return text;
}

double numeric::to_double() const {
    if (is_nan()) return std::numeric_limits<double>::quiet_NaN();
    constexpr double infinite = std::numeric_limits<double>::infinity();
    if (is_infinite()) return is_negative() ? -infinite : infinite;
    const std::string text = to_string();
    double value = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
    if (result.ec != std::errc::result_out_of_range) return value;
    return std::copysign(weight_ > 0 ? infinite : 0.0, is_negative() ? -1.0 : 1.0);
}

std::optional<std::int64_t> numeric::to_int64() const noexcept {
    if (!is_finite()) return std::nullopt;
    // The last digit is not zero: one with a negative exponent is a fraction.
    if (size_ != 0 && weight_ - static_cast<std::int32_t>(size_) + 1 < 0) return std::nullopt;
    std::int64_t value = 0;
    for (std::int32_t e = size_ == 0 ? -1 : weight_; e >= 0; --e) {
        // Summed on the negative side, which reaches one further.
        if (__builtin_mul_overflow(value, std::int64_t{base}, &value)) return std::nullopt;
        if (__builtin_sub_overflow(value, std::int64_t{digit_at(e)}, &value)) return std::nullopt;
    }
    if (is_negative()) return value;
    if (value == std::numeric_limits<std::int64_t>::min()) return std::nullopt;
    return -value;
}

std::weak_ordering numeric::compare(const numeric& a, const numeric& b) noexcept {
    const auto rank = [](const numeric& x) {
        return x.kind_ == kind::negative_infinity   ? 0
               : x.kind_ == kind::negative          ? 1
               : x.is_zero()                        ? 2
               : x.kind_ == kind::positive          ? 3
               : x.kind_ == kind::positive_infinity ? 4
                                                    : 5;
    };
    const int rank_a = rank(a);
    if (const int rank_b = rank(b); rank_a != rank_b || (rank_a != 1 && rank_a != 3))
        return rank_a <=> rank_b;
    const auto magnitudes = a.weight_ != b.weight_
                                ? a.weight_ <=> b.weight_
                                : std::lexicographical_compare_three_way(a.digits(), a.digits() + a.size_,
                                                                         b.digits(), b.digits() + b.size_);
    if (rank_a == 3) return magnitudes;
    return 0 <=> magnitudes;
}

std::size_t numeric::hash() const noexcept {
    std::uint64_t state = 0xcbf29ce484222325u; // FNV-1a, a digit a step
    const auto mix = [&state](std::uint64_t value) { state = (state ^ value) * 0x100000001b3u; };
    mix(static_cast<std::uint64_t>(kind_));
    mix(static_cast<std::uint32_t>(weight_));
    for (std::size_t i = 0; i < size_; ++i) mix(digits()[i]);
    return static_cast<std::size_t>(state ^ (state >> 32));
}

} // namespace tusk
