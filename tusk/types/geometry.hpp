#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <tusk/types/codec.hpp>

/// Codecs of point, line, lseg, box, circle, path and polygon. `==` compares the numbers exactly; the
/// server's operators allow for a tolerance. Source: PostgreSQL `utils/adt/geo_ops.c`.
namespace tusk::geo {

struct point {
    double x = 0;
    double y = 0;
    friend constexpr bool operator==(const point&, const point&) noexcept = default;
};

/// The line of all points with a * x + b * y + c = 0; the server refuses one whose a and b are both zero.
struct line {
    double a = 0;
    double b = 0;
    double c = 0;
    friend constexpr bool operator==(const line&, const line&) noexcept = default;
};

/// A line segment between two points.
struct lseg {
    point begin;
    point end;
    friend constexpr bool operator==(const lseg&, const lseg&) noexcept = default;
};

/// Two opposite corners. The server keeps the upper right one and the lower left one, so that a box comes
/// back with these whichever two were sent.
struct box {
    point high;
    point low;
    friend constexpr bool operator==(const box&, const box&) noexcept = default;
};

/// The server refuses a negative radius.
struct circle {
    point center;
    double radius = 0;
    friend constexpr bool operator==(const circle&, const circle&) noexcept = default;
};

/// A series of connected points. It needs at least one to be sent (`errc::value_out_of_range`).
class path {
public:
    path() noexcept = default;
    explicit path(std::vector<point> corners, bool closed = false) noexcept
        : points{std::move(corners)}, is_closed{closed} {}
    friend bool operator==(const path&, const path&) noexcept = default;

    std::vector<point> points;
    bool is_closed = false; ///< The last point is connected with the first one.
};

/// The corners in order. It needs at least one to be sent (`errc::value_out_of_range`).
class polygon {
public:
    polygon() noexcept = default;
    explicit polygon(std::vector<point> corners) noexcept : points{std::move(corners)} {}
    friend bool operator==(const polygon&, const polygon&) noexcept = default;

    std::vector<point> points;
};

} // namespace tusk::geo

namespace tusk::detail {

/// Reads as many doubles as the bytes are to hold, exactly.
codec_errc read_doubles(const std::byte* p, std::size_t n, std::span<double> out) noexcept;
void write_doubles(value_sink& out, std::span<const double> numbers);
/// Text forms of shapes with a fixed number of numbers: every '#' of the pattern is one.
codec_errc read_shape(std::string_view pattern, std::string_view text, std::span<double> out) noexcept;
void write_shape(value_sink& out, std::string_view pattern, std::span<const double> numbers);

/// A count and so many points.
codec_errc read_points(const std::byte* p, std::size_t n, std::vector<geo::point>& out);
codec_errc write_points(value_sink& out, std::span<const geo::point> points);
/// Points between the brackets; at least one.
codec_errc read_points_text(std::string_view text, char open, char close, std::vector<geo::point>& out);
codec_errc write_points_text(value_sink& out, char open, char close, std::span<const geo::point> points);

/// `T` is `N` doubles.
template <class T, std::size_t N, oid_t Type>
struct shape_codec {
    static_assert(sizeof(T) == N * sizeof(double));
    using numbers = std::array<double, N>;
    static constexpr oid_t natural = Type;

    static bool accepts(oid_t type, bool) noexcept { return type == Type; }
    static codec_errc decode_binary(oid_t, const std::byte* p, std::size_t n, T& out) noexcept {
        numbers read;
        const codec_errc result = read_doubles(p, n, read);
        if (result == codec_errc::ok) out = std::bit_cast<T>(read);
        return result;
    }
    static codec_errc decode_text(oid_t, std::string_view text, T& out) noexcept {
        numbers read;
        const codec_errc result = read_shape(codec<T>::pattern, text, read);
        if (result == codec_errc::ok) out = std::bit_cast<T>(read);
        return result;
    }
    static bool binary_target(oid_t type) noexcept { return type == Type; }
    static codec_errc encode_binary(value_sink& out, oid_t, const T& value) {
        write_doubles(out, std::bit_cast<numbers>(value));
        return codec_errc::ok;
    }
    static codec_errc encode_text(value_sink& out, oid_t, const T& value) {
        write_shape(out, codec<T>::pattern, std::bit_cast<numbers>(value));
        return codec_errc::ok;
    }
};

} // namespace tusk::detail

namespace tusk {

template <>
struct codec<geo::point> : detail::shape_codec<geo::point, 2, oid::point> {
    static constexpr std::string_view pattern = "(#,#)";
};
template <>
struct codec<geo::line> : detail::shape_codec<geo::line, 3, oid::line> {
    static constexpr std::string_view pattern = "{#,#,#}";
};
template <>
struct codec<geo::lseg> : detail::shape_codec<geo::lseg, 4, oid::lseg> {
    static constexpr std::string_view pattern = "[(#,#),(#,#)]";
};
template <>
struct codec<geo::box> : detail::shape_codec<geo::box, 4, oid::box> {
    static constexpr std::string_view pattern = "(#,#),(#,#)";
};
template <>
struct codec<geo::circle> : detail::shape_codec<geo::circle, 3, oid::circle> {
    static constexpr std::string_view pattern = "<(#,#),#>";
};

template <>
struct codec<geo::path> {
    static constexpr oid_t natural = oid::path;
    static bool accepts(oid_t type, bool) noexcept { return type == oid::path; }
    static codec_errc decode_binary(oid_t, const std::byte* p, std::size_t n, geo::path& out) {
        if (n == 0 || std::to_integer<unsigned>(*p) > 1) return codec_errc::malformed;
        out.is_closed = *p == std::byte{1};
        return detail::read_points(p + 1, n - 1, out.points);
    }
    static codec_errc decode_text(oid_t, std::string_view text, geo::path& out) {
        out.is_closed = text.starts_with('(');
        return out.is_closed ? detail::read_points_text(text, '(', ')', out.points)
                             : detail::read_points_text(text, '[', ']', out.points);
    }
    static bool binary_target(oid_t type) noexcept { return type == oid::path; }
    static codec_errc encode_binary(value_sink& out, oid_t, const geo::path& value) {
        out.put_byte(value.is_closed ? '\1' : '\0');
        return detail::write_points(out, value.points);
    }
    static codec_errc encode_text(value_sink& out, oid_t, const geo::path& value) {
        return value.is_closed ? detail::write_points_text(out, '(', ')', value.points)
                               : detail::write_points_text(out, '[', ']', value.points);
    }
};

template <>
struct codec<geo::polygon> {
    static constexpr oid_t natural = oid::polygon;
    static bool accepts(oid_t type, bool) noexcept { return type == oid::polygon; }
    static codec_errc decode_binary(oid_t, const std::byte* p, std::size_t n, geo::polygon& out) {
        return detail::read_points(p, n, out.points);
    }
    static codec_errc decode_text(oid_t, std::string_view text, geo::polygon& out) {
        return detail::read_points_text(text, '(', ')', out.points);
    }
    static bool binary_target(oid_t type) noexcept { return type == oid::polygon; }
    static codec_errc encode_binary(value_sink& out, oid_t, const geo::polygon& value) {
        return detail::write_points(out, value.points);
    }
    static codec_errc encode_text(value_sink& out, oid_t, const geo::polygon& value) {
        return detail::write_points_text(out, '(', ')', value.points);
    }
};

} // namespace tusk
