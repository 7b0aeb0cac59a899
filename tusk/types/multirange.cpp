#include <tusk/types/multirange.hpp>

namespace tusk::detail {

codec_errc read_multirange_count(const std::byte* p, std::size_t n, std::size_t& count) noexcept {
    constexpr std::size_t smallest_range = 5; // its length and its flags
    if (n < 4) return codec_errc::malformed;
    count = wire::load_big_endian<std::uint32_t>(p);
    return count <= (n - 4) / smallest_range ? codec_errc::ok : codec_errc::malformed;
}

bool multirange_text_reader::finish(bool well_formed) noexcept {
    if (!well_formed) error_ = codec_errc::malformed;
    return false;
}

bool multirange_text_reader::next(std::string_view& out) noexcept {
    const bool first = std::exchange(first_, false);
    if (!text_.starts_with(first ? '{' : ',')) return finish(!first && text_ == "}");
    text_.remove_prefix(1);
    if (first && text_ == "}") return finish(true);
    constexpr std::string_view nothing = "empty";
    std::size_t end = 0;
    if (text_.starts_with(nothing))
        end = nothing.size();
    else {
        bool quoted = false;
        for (;; ++end) {
            end = text_.find_first_of(quoted ? "\"\\" : "\"\\)]", end);
            if (end == text_.npos) return finish(false);
            if (text_[end] == '"')
                quoted = !quoted;
            else if (text_[end] == '\\')
                ++end;
            else
                break;
        }
        ++end;
    }
    out = text_.substr(0, end);
    text_.remove_prefix(end);
    return true;
}

} // namespace tusk::detail
