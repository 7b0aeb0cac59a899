#include <tusk/observe/detail/label_guard.hpp>

#include <cstdint>

namespace tusk::observe::detail {

namespace {

/// Length of the UTF-8 sequence at the start of `text`, 0 when it is malformed. `text` is not empty.
std::size_t sequence_length(std::string_view text) noexcept {
    const auto lead = static_cast<unsigned char>(text.front());
    if (lead < 0x80) return 1;
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
    std::uint32_t point = lead & (0x7FU >> length);
    for (std::size_t i = 1; i < length; ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if ((c & 0xC0U) != 0x80U) return 0;
        point = (point << 6U) | (c & 0x3FU);
    }
    const bool overlong = (length == 3 && point < 0x800) || (length == 4 && point < 0x10000);
    const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
    return overlong || surrogate || point > 0x10FFFF ? 0 : length;
}

} // namespace

bool is_exposable(std::string_view text) noexcept {
    while (!text.empty()) {
        const auto length = sequence_length(text);
        if (length == 0 || text.front() == '\0') return false;
        text.remove_prefix(length);
    }
    return true;
}

bool label_guard::knows(std::string_view value, std::size_t hash) const noexcept {
    return values_.find(hash, [&](const node& n) { return n.value == value; }) != nullptr;
}

std::string_view label_guard::admit(std::string_view value) {
    if (value == other_value) return other_value;
    const auto hash = std::hash<std::string_view>{}(value);
    if (knows(value, hash)) return value;
    const auto full = [&] {
        return size_.load(std::memory_order_relaxed) >= limit_.load(std::memory_order_relaxed);
    };
    if (full() || !is_exposable(value)) return other_value;
    const std::scoped_lock lock{mutex_};
    if (knows(value, hash)) return value;
    if (full()) return other_value;
    values_.insert(std::make_unique<node>(node{hash, std::string{value}}));
    size_.fetch_add(1, std::memory_order_relaxed);
    return value;
}

} // namespace tusk::observe::detail
