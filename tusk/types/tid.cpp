#include <tusk/types/tid.hpp>

#include <charconv>

namespace tusk {

std::string tid::to_string() const {
    return '(' + std::to_string(block) + ',' + std::to_string(offset) + ')';
}

namespace detail {

codec_errc read_tid_text(std::string_view text, tid& out) noexcept {
    if (!text.starts_with('(') || !text.ends_with(')')) return codec_errc::malformed;
    const char* const end = text.data() + text.size() - 1;
    tid value;
    const auto block = std::from_chars(text.data() + 1, end, value.block);
    if (block.ec == std::errc::result_out_of_range) return codec_errc::out_of_range;
    if (block.ec != std::errc{} || block.ptr == end || *block.ptr != ',') return codec_errc::malformed;
    const auto offset = std::from_chars(block.ptr + 1, end, value.offset);
    if (offset.ec == std::errc::result_out_of_range) return codec_errc::out_of_range;
    if (offset.ec != std::errc{} || offset.ptr != end) return codec_errc::malformed;
    out = value;
    return codec_errc::ok;
}

} // namespace detail

} // namespace tusk
