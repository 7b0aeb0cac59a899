#include <tusk/types/geometry.hpp>

#include <algorithm>
#include <limits>

#include <tusk/types/basic.hpp>

namespace tusk::detail {

namespace {

constexpr std::size_t point_size = 16;
constexpr std::string_view point_pattern = "(#,#)";

double load_double(const std::byte* p) noexcept {
    return std::bit_cast<double>(wire::load_big_endian<std::int64_t>(p));
}

void put_double(value_sink& out, double number) { out.put_int(std::bit_cast<std::int64_t>(number)); }

/// Reads what the pattern says from the front of the text.
codec_errc take_shape(std::string_view pattern, std::string_view& text, std::span<double> out) noexcept {
    for (const char c : pattern) {
        if (c != '#') {
            if (!text.starts_with(c)) return codec_errc::malformed;
            text.remove_prefix(1);
            continue;
        }
        const std::size_t size = std::min(text.find_first_of(",()[]{}<>"), text.size());
        const codec_errc result = codec<double>::decode_text(oid::float8, text.substr(0, size), out.front());
        if (result != codec_errc::ok) return result;
        text.remove_prefix(size);
        out = out.subspan(1);
    }
    return codec_errc::ok;
}

} // namespace

codec_errc read_doubles(const std::byte* p, std::size_t n, std::span<double> out) noexcept {
    if (n != out.size_bytes()) return codec_errc::malformed;
    for (double& number : out) {
        number = load_double(p);
        p += sizeof(double);
    }
    return codec_errc::ok;
}

void write_doubles(value_sink& out, std::span<const double> numbers) {
    for (const double number : numbers) put_double(out, number);
}

codec_errc read_shape(std::string_view pattern, std::string_view text, std::span<double> out) noexcept {
    const codec_errc result = take_shape(pattern, text, out);
    return result == codec_errc::ok && !text.empty() ? codec_errc::malformed : result;
}

void write_shape(value_sink& out, std::string_view pattern, std::span<const double> numbers) {
    for (const char c : pattern) {
        if (c != '#') {
            out.put_byte(c);
            continue;
        }
        codec<double>::encode_text(out, oid::float8, numbers.front());
        numbers = numbers.subspan(1);
    }
}

codec_errc read_points(const std::byte* p, std::size_t n, std::vector<geo::point>& out) {
    out.clear();
    if (n < 4) return codec_errc::malformed;
    const std::size_t count = wire::load_big_endian<std::uint32_t>(p);
    if (count == 0 || (n - 4) % point_size != 0 || count != (n - 4) / point_size)
        return codec_errc::malformed;
    out.reserve(count);
    for (p += 4; out.size() < count; p += point_size)
        out.push_back({load_double(p), load_double(p + sizeof(double))});
    return codec_errc::ok;
}

codec_errc write_points(value_sink& out, std::span<const geo::point> points) {
    if (points.empty() || points.size() > std::numeric_limits<std::int32_t>::max() / point_size)
        return codec_errc::out_of_range;
    out.put_int(static_cast<std::int32_t>(points.size()));
    for (const geo::point& point : points) {
        put_double(out, point.x);
        put_double(out, point.y);
    }
    return codec_errc::ok;
}

codec_errc read_points_text(std::string_view text, char open, char close, std::vector<geo::point>& out) {
    out.clear();
    do {
        if (!text.starts_with(out.empty() ? open : ',')) return codec_errc::malformed;
        text.remove_prefix(1);
        std::array<double, 2> numbers;
        const codec_errc result = take_shape(point_pattern, text, numbers);
        if (result != codec_errc::ok) return result;
        out.push_back({numbers[0], numbers[1]});
    } while (!text.starts_with(close));
    return text.size() == 1 ? codec_errc::ok : codec_errc::malformed;
}

codec_errc write_points_text(value_sink& out, char open, char close, std::span<const geo::point> points) {
    if (points.empty()) return codec_errc::out_of_range;
    char separator = open;
    for (const geo::point& point : points) {
        out.put_byte(separator);
        separator = ',';
        const std::array<double, 2> numbers{point.x, point.y};
        write_shape(out, point_pattern, numbers);
    }
    out.put_byte(close);
    return codec_errc::ok;
}

} // namespace tusk::detail
