#include <tusk/types/bits.hpp>

#include <algorithm>
#include <bit>

namespace tusk {

bits::bits(std::size_t size, bool value)
    : octets_((size + 7) / 8, value ? std::byte{0xff} : std::byte{0}), size_{size} {
    clear_padding();
}

void bits::clear_padding() noexcept {
    if (size_ % 8 != 0) octets_.back() &= ~(std::byte{0xff} >> static_cast<int>(size_ % 8));
}

std::optional<bits> bits::parse(std::string_view text) {
    if (text.find_first_not_of("01") != text.npos) return std::nullopt;
    bits out{text.size()};
    for (std::size_t i = 0; i < text.size(); ++i) out.set(i, text[i] == '1');
    return out;
}

bits bits::from_bytes(std::span<const std::byte> octets, std::size_t size) {
    bits out;
    out.size_ = std::min(size, octets.size() * 8);
    octets = octets.first((out.size_ + 7) / 8);
    out.octets_.assign(octets.begin(), octets.end());
    out.clear_padding();
    return out;
}

std::string bits::to_string() const {
    std::string text(size_, '0');
    for (std::size_t i = 0; i < size_; ++i)
        if ((*this)[i]) text[i] = '1';
    return text;
}

std::size_t bits::count() const noexcept {
    std::size_t ones = 0;
    for (const std::byte octet : octets_)
        ones += static_cast<std::size_t>(std::popcount(std::to_integer<unsigned>(octet)));
    return ones;
}

std::strong_ordering operator<=>(const bits& a, const bits& b) noexcept {
    const auto order = std::lexicographical_compare_three_way(a.octets_.begin(), a.octets_.end(),
                                                              b.octets_.begin(), b.octets_.end());
    return order != 0 ? order : a.size_ <=> b.size_;
}

} // namespace tusk
