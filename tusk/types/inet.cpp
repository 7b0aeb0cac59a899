#include <tusk/types/inet.hpp>

#include <algorithm>
#include <charconv>
#include <cstring>

#include <tusk/types/detail/hexadecimal.hpp>

namespace tusk {

namespace {

constexpr std::byte wire_v4{2}; // AF_INET of the server's platform, fixed by PGSQL_AF_INET
constexpr std::byte wire_v6{3};
constexpr std::size_t groups = 8;

/// One to three decimal digits, not above `most`.
bool read_small_number(std::string_view& text, unsigned most, unsigned& out) noexcept {
    std::size_t digits = 0;
    out = 0;
    for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
        if (digits == 3) return false;
        out = out * 10 + static_cast<unsigned>(text[digits] - '0');
    }
    text.remove_prefix(digits);
    return digits != 0 && out <= most;
}

bool read_v4(std::string_view text, unsigned char* out) noexcept {
    for (int i = 0; i < 4; ++i) {
        if (i != 0) {
            if (!text.starts_with('.')) return false;
            text.remove_prefix(1);
        }
        unsigned octet = 0;
        if (!read_small_number(text, 255, octet)) return false;
        out[i] = static_cast<unsigned char>(octet);
    }
    return text.empty();
}

bool read_group(std::string_view& text, unsigned char* out) noexcept {
    unsigned value = 0;
    std::size_t digits = 0;
    for (; digits < text.size() && detail::hexadecimal_digit(text[digits]) >= 0; ++digits) {
        if (digits == 4) return false;
        value = value * 16 + static_cast<unsigned>(detail::hexadecimal_digit(text[digits]));
    }
    text.remove_prefix(digits);
    out[0] = static_cast<unsigned char>(value >> 8);
    out[1] = static_cast<unsigned char>(value & 255);
    return digits != 0;
}

/// Groups up to the end, each two bytes; "::" is where the missing ones go.
bool read_v6(std::string_view text, std::array<unsigned char, 16>& out) noexcept {
    constexpr std::size_t no_gap = groups + 1;
    std::array<unsigned char, 16> read{};
    std::size_t count = 0, gap = no_gap;
    if (text.starts_with("::")) {
        gap = 0;
        text.remove_prefix(2);
    }
    while (!text.empty()) {
        if (count == groups) return false;
        if (text.find(':') == text.npos && text.find('.') != text.npos) {
            if (count + 2 > groups || !read_v4(text, &read[count * 2])) return false;
            count += 2;
            break;
        }
        if (!read_group(text, &read[count * 2])) return false;
        ++count;
        if (text.empty()) break;
        if (text.starts_with("::")) {
            if (gap != no_gap) return false;
            gap = count;
            text.remove_prefix(2);
        } else {
            if (!text.starts_with(':') || text.size() == 1) return false;
            text.remove_prefix(1);
        }
    }
    if (gap == no_gap ? count != groups : count == groups) return false;
    const std::size_t before = gap == no_gap ? groups : gap;
    out.fill(0);
    std::copy_n(read.begin(), before * 2, out.begin());
    if (gap != no_gap)
        std::copy_n(read.begin() + static_cast<std::ptrdiff_t>(gap * 2), (count - gap) * 2,
                    out.end() - static_cast<std::ptrdiff_t>((count - gap) * 2));
    return true;
}

char* write_number(char* out, unsigned value, int base = 10) noexcept {
    return std::to_chars(out, out + 5, value, base).ptr;
}

char* write_v4(char* out, const unsigned char* octets) noexcept {
    for (int i = 0; i < 4; ++i) {
        if (i != 0) *out++ = '.';
        out = write_number(out, octets[i]);
    }
    return out;
}

/// The longest run of at least two zero groups, the first one of several.
struct zero_run {
    std::size_t begin = groups;
    std::size_t size = 0;
};
zero_run find_zeros(const std::array<unsigned, groups>& words) noexcept {
    zero_run best;
    for (std::size_t i = 0; i < groups; ++i) {
        std::size_t size = 0;
        while (i + size < groups && words[i + size] == 0) ++size;
        if (size > best.size && size >= 2) best = {i, size};
        i += size;
    }
    return best;
}

/// Shortened like the server does: IPv4 in the last groups where an address carries one.
char* write_v6(char* out, const std::array<unsigned char, 16>& octets) noexcept {
    std::array<unsigned, groups> words{};
    for (std::size_t i = 0; i < groups; ++i) words[i] = octets[i * 2] * 256u + octets[i * 2 + 1];
    const zero_run zeros = find_zeros(words);
    const bool has_v4 = zeros.begin == 0 && (zeros.size == 6 || (zeros.size == 7 && words[7] != 1) ||
                                             (zeros.size == 5 && words[5] == 0xffff));
    for (std::size_t i = 0; i < groups; ++i) {
        if (i >= zeros.begin && i < zeros.begin + zeros.size) {
            if (i == zeros.begin) *out++ = ':';
            continue;
        }
        if (i != 0) *out++ = ':';
        if (i == 6 && has_v4) return write_v4(out, &octets[12]);
        out = write_number(out, words[i], 16);
    }
    if (zeros.begin + zeros.size == groups && zeros.size != 0) *out++ = ':';
    return out;
}

/// Whether the first `bits` of both are the same, and if not, which is less.
std::strong_ordering compare_bits(const unsigned char* a, const unsigned char* b, std::size_t bits) noexcept {
    if (const int order = std::memcmp(a, b, bits / 8); order != 0) return order <=> 0;
    if (bits % 8 == 0) return std::strong_ordering::equal;
    const unsigned shift = 8 - static_cast<unsigned>(bits % 8);
    return (a[bits / 8] >> shift) <=> (b[bits / 8] >> shift);
}

} // namespace

inet::inet(const v4_bytes& address, std::uint8_t prefix_length) noexcept : prefix_{prefix_length} {
    std::copy(address.begin(), address.end(), octets_.begin());
}

inet::inet(const v6_bytes& address, std::uint8_t prefix_length) noexcept
    : octets_{address}, size_{16}, prefix_{prefix_length} {}

std::optional<inet> inet::parse(std::string_view text) noexcept {
    const std::size_t slash = text.find('/');
    const std::string_view address = text.substr(0, slash);
    inet out;
    if (address.find(':') == address.npos) {
        if (!read_v4(address, out.octets_.data())) return std::nullopt;
    } else {
        if (!read_v6(address, out.octets_)) return std::nullopt;
        out.size_ = 16;
    }
    out.prefix_ = out.max_prefix_length();
    if (slash == text.npos) return out;
    std::string_view rest = text.substr(slash + 1);
    unsigned prefix = 0;
    if (!read_small_number(rest, out.max_prefix_length(), prefix) || !rest.empty()) return std::nullopt;
    out.prefix_ = static_cast<std::uint8_t>(prefix);
    return out;
}

std::size_t inet::write(char* out, bool with_prefix) const noexcept {
    char* at = is_v4() ? write_v4(out, octets_.data()) : write_v6(out, octets_);
    if (with_prefix) {
        *at++ = '/';
        at = write_number(at, prefix_);
    }
    return static_cast<std::size_t>(at - out);
}

std::string inet::to_string() const {
    char text[max_text];
    return {text, write(text, prints_prefix())};
}

std::string inet::address() const {
    char text[max_text];
    return {text, write(text, false)};
}

std::optional<inet::v4_bytes> inet::to_v4_bytes() const noexcept {
    if (!is_v4()) return std::nullopt;
    return v4_bytes{octets_[0], octets_[1], octets_[2], octets_[3]};
}

std::optional<inet::v6_bytes> inet::to_v6_bytes() const noexcept {
    if (!is_v6()) return std::nullopt;
    return octets_;
}

inet inet::network() const noexcept {
    inet out = *this;
    out.cidr_ = true;
    for (std::size_t bit = prefix_; bit < size_ * 8u; ++bit)
        out.octets_[bit / 8] = static_cast<unsigned char>(out.octets_[bit / 8] & ~(0x80u >> (bit % 8)));
    return out;
}

bool inet::has_host_bits() const noexcept { return network().octets_ != octets_; }

bool inet::contains(const inet& other) const noexcept {
    return ok() && size_ == other.size_ && prefix_ <= other.prefix_ &&
           compare_bits(octets_.data(), other.octets_.data(), prefix_) == 0;
}

std::strong_ordering operator<=>(const inet& a, const inet& b) noexcept {
    if (a.size_ != b.size_) return a.size_ <=> b.size_;
    const std::size_t all = a.size_ * 8u;
    const std::size_t common = std::min({std::size_t{a.prefix_}, std::size_t{b.prefix_}, all});
    if (const auto order = compare_bits(a.octets_.data(), b.octets_.data(), common); order != 0) return order;
    if (a.prefix_ != b.prefix_) return a.prefix_ <=> b.prefix_;
    return compare_bits(a.octets_.data(), b.octets_.data(), all);
}

// Family, prefix length, whether it is a cidr (the type says so already), size of the address, address.
codec_errc codec<inet>::decode_binary(oid_t type, const std::byte* p, std::size_t n, inet& out) noexcept {
    constexpr std::size_t header = 4;
    if (n < header || (p[0] != wire_v4 && p[0] != wire_v6)) return codec_errc::malformed;
    const std::size_t size = p[0] == wire_v4 ? 4 : 16;
    if (n != header + size || std::to_integer<std::size_t>(p[3]) != size) return codec_errc::malformed;
    inet value;
    value.size_ = static_cast<std::uint8_t>(size);
    value.prefix_ = std::to_integer<std::uint8_t>(p[1]);
    value.cidr_ = type == oid::cidr;
    if (!value.ok()) return codec_errc::malformed;
    std::memcpy(value.octets_.data(), p + header, size);
    out = value;
    return codec_errc::ok;
}

codec_errc codec<inet>::decode_text(oid_t type, std::string_view text, inet& out) noexcept {
    const auto parsed = inet::parse(text);
    if (!parsed) return codec_errc::malformed;
    out = *parsed;
    out.cidr_ = type == oid::cidr;
    return codec_errc::ok;
}

codec_errc codec<inet>::encode_binary(value_sink& out, oid_t type, const inet& value) {
    const bool cidr = type == oid::cidr;
    if (!value.ok() || (cidr && value.has_host_bits())) return codec_errc::out_of_range;
    std::byte* const header = out.append(4);
    header[0] = value.is_v4() ? wire_v4 : wire_v6;
    header[1] = std::byte{value.prefix_};
    header[2] = cidr ? std::byte{1} : std::byte{0};
    header[3] = std::byte{value.size_};
    out.put(std::as_bytes(value.bytes()));
    return codec_errc::ok;
}

codec_errc codec<inet>::encode_text(value_sink& out, oid_t, const inet& value) {
    if (!value.ok()) return codec_errc::out_of_range;
    char text[inet::max_text];
    out.put(std::string_view{text, value.write(text, value.prints_prefix())});
    return codec_errc::ok;
}

} // namespace tusk
