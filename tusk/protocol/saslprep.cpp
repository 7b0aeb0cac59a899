#include <tusk/protocol/saslprep.hpp>

#include <tusk/protocol/detail/crypto.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <vector>

#include <stringprep.h>

namespace tusk::protocol {

namespace {

/// A password as code points, never more than `most`, as growing would leave a copy behind; overwritten when
/// it goes.
class code_points {
public:
    explicit code_points(std::size_t most) { points_.reserve(most); }
    code_points(const code_points&) = delete;
    code_points& operator=(const code_points&) = delete;
    ~code_points() { detail::cleanse(std::as_writable_bytes(std::span{points_})); }

    std::vector<std::uint32_t>& operator*() noexcept { return points_; }

private:
    std::vector<std::uint32_t> points_;
};

bool is_printable_ascii(std::string_view text) noexcept {
    return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

/// Length of the sequence that a first byte announces; 0 when no sequence begins like this.
std::size_t sequence_length(unsigned char first) noexcept {
    if (first < 0x80) return 1;
    if (first >= 0xC2 && first < 0xE0) return 2;
    if (first >= 0xE0 && first < 0xF0) return 3;
    if (first >= 0xF0 && first < 0xF5) return 4;
    return 0;
}

bool is_scalar_value(std::uint32_t point, std::size_t length) noexcept {
    constexpr std::uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    return point >= smallest[length] && point <= 0x10FFFF && (point < 0xD800 || point > 0xDFFF);
}

/// Strict: no overlong forms, no surrogates, nothing past U+10FFFF.
bool decode_utf8(std::string_view text, std::vector<std::uint32_t>& into) {
    for (std::size_t at = 0; at < text.size();) {
        const auto first = static_cast<unsigned char>(text[at]);
        const std::size_t length = sequence_length(first);
        if (length == 0 || text.size() - at < length) return false;
        std::uint32_t point = length == 1 ? first : first & (0xFFU >> (length + 1));
        for (std::size_t i = 1; i < length; ++i) {
            const auto byte = static_cast<unsigned char>(text[at + i]);
            if ((byte & 0xC0U) != 0x80U) return false;
            point = (point << 6) | (byte & 0x3FU);
        }
        if (!is_scalar_value(point, length)) return false;
        into.push_back(point);
        at += length;
    }
    return true;
}

/// libidn's profile without its normalisation, which comes last here.
const std::vector<Stringprep_profile>& map_and_check() {
    static const std::vector<Stringprep_profile> profile = [] {
        std::vector<Stringprep_profile> steps;
        const Stringprep_profile* step = stringprep_saslprep;
        for (; step->operation != 0; ++step)
            if (step->operation != STRINGPREP_NFKC) steps.push_back(*step);
        steps.push_back(*step); // the end mark
        return steps;
    }();
    return profile;
}

void append_utf8(std::uint32_t point, std::string& out) {
    char encoded[6];
    const int length = stringprep_unichar_to_utf8(point, encoded);
    out.append(encoded, static_cast<std::size_t>(length));
}

/// libidn normalises as Unicode 3.2 did, with five wrong mappings; PostgreSQL has them right.
/// Source: Unicode Corrigendum 4.
std::uint32_t corrected(std::uint32_t point) noexcept {
    switch (point) {
    case 0x2F868: return 0x36FC;
    case 0x2F874: return 0x5F53;
    case 0x2F91F: return 0x243AB;
    case 0x2F95F: return 0x7AEE;
    case 0x2F9BF: return 0x45D7;
    default: return point;
    }
}

std::optional<std::string> normalised(const std::vector<std::uint32_t>& points) {
    const std::unique_ptr<std::uint32_t, decltype(&std::free)> result{
        stringprep_ucs4_nfkc_normalize(points.data(), static_cast<ssize_t>(points.size())), &std::free};
    if (!result) throw std::bad_alloc{};
    std::size_t size = 0;
    while (result.get()[size] != 0) ++size;
    std::string out;
    out.reserve(size * 4);
    for (std::size_t i = 0; i < size; ++i) append_utf8(result.get()[i], out);
    detail::cleanse(std::as_writable_bytes(std::span{result.get(), size}));
    return out;
}

} // namespace

std::optional<std::string> saslprep(std::string_view utf8) {
    if (utf8.empty()) return std::nullopt;
    if (is_printable_ascii(utf8)) return std::string{utf8};

    code_points points{utf8.size() + 1};
    if (!decode_utf8(utf8, *points)) return std::nullopt;
    std::size_t size = (*points).size();
    // Nothing here makes a text longer, but libidn wants room for one more when it replaces a character.
    (*points).resize(size + 1);
    // The flag asks for the check of unassigned characters, in spite of its name.
    const int outcome =
        stringprep_4i((*points).data(), &size, size + 1, STRINGPREP_NO_UNASSIGNED, map_and_check().data());
    if (outcome == STRINGPREP_MALLOC_ERROR) throw std::bad_alloc{};
    if (outcome != STRINGPREP_OK || size == 0) return std::nullopt;
    (*points).resize(size);
    std::ranges::transform(*points, (*points).begin(), corrected);
    return normalised(*points);
}

} // namespace tusk::protocol
