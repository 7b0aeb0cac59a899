#include <tusk/types/array.hpp>

#include <algorithm>
#include <limits>
#include <utility>

#include <tusk/types/detail/quoting.hpp>

namespace tusk::detail {

namespace {

constexpr std::size_t max_dimensions = 6; // the server's MAXDIM

constexpr bool is_array_space(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool is_null_word(std::string_view text) noexcept {
    constexpr std::string_view word = "null";
    return text.size() == word.size() &&
           std::equal(text.begin(), text.end(), word.begin(),
                      [](char a, char b) { return a == b || a == b - 'a' + 'A'; });
}

constexpr bool is_escaped(char c) noexcept { return c == '"' || c == '\\'; }

bool needs_quotes(std::string_view text, char delimiter) noexcept {
    return text.empty() || is_null_word(text) || std::any_of(text.begin(), text.end(), [delimiter](char c) {
               return is_escaped(c) || c == '{' || c == '}' || c == delimiter || is_array_space(c);
           });
}

} // namespace

codec_errc read_array_header(oid_t type, const std::byte* p, std::size_t n, std::size_t& count,
                             oid_t& element) noexcept {
    if (n < empty_array_header) return codec_errc::malformed;
    const auto dimensions = wire::load_big_endian<std::uint32_t>(p);
    const auto flags = wire::load_big_endian<std::uint32_t>(p + 4);
    element = wire::load_big_endian<oid_t>(p + 8);
    if (dimensions > max_dimensions || flags > 1 || element == 0 || element != array_item_type(type))
        return codec_errc::malformed;
    if (dimensions > 1) return codec_errc::wrong_type;
    count = 0;
    if (dimensions == 0) return n == empty_array_header ? codec_errc::ok : codec_errc::malformed;
    if (n < array_header) return codec_errc::malformed;
    count = wire::load_big_endian<std::uint32_t>(p + 12);
    return count <= (n - array_header) / 4 ? codec_errc::ok : codec_errc::malformed;
}

std::size_t begin_array(value_sink& out, oid_t element) {
    const std::size_t start = out.size();
    out.put_int(std::int32_t{1}); // dimensions
    out.put_int(std::int32_t{0}); // whether there are NULLs
    out.put_int(element);
    out.put_int(std::int32_t{0}); // count
    out.put_int(std::int32_t{1}); // lower bound
    return start;
}

codec_errc finish_array(value_sink& out, std::size_t start, std::size_t count, bool has_null) noexcept {
    if (count > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()))
        return codec_errc::out_of_range;
    std::byte* const header = out.data() + start;
    wire::store_big_endian(header + 4, std::int32_t{has_null ? 1 : 0});
    wire::store_big_endian(header + 12, static_cast<std::int32_t>(count));
    return codec_errc::ok;
}

codec_errc finish_element(value_sink& out, std::size_t start) noexcept {
    const std::size_t length = out.size() - start - 4;
    if (length > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()))
        return codec_errc::out_of_range;
    wire::store_big_endian(out.data() + start, static_cast<std::int32_t>(length));
    return codec_errc::ok;
}

char array_delimiter(oid_t element) noexcept { return element == oid::box ? ';' : ','; }

void quote_element(value_sink& out, std::size_t start, char delimiter) {
    const std::size_t size = out.size() - start;
    const std::string_view text{reinterpret_cast<const char*>(out.data() + start), size};
    if (!needs_quotes(text, delimiter)) return;
    put_in_quotes(out, start, '\\');
}

array_text_reader::step array_text_reader::fail(codec_errc error) noexcept {
    error_ = error;
    return step::failed;
}

bool array_text_reader::eat(char c) noexcept {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
}

codec_errc array_text_reader::open() noexcept {
    // Lower bounds other than 1 are written in front: [0:2]={1,2,3}
    std::size_t dimensions = 0;
    while (eat('[')) {
        const std::size_t close = text_.find(']');
        if (close == text_.npos || text_.substr(0, close).find_first_not_of("0123456789:-") != text_.npos)
            return codec_errc::malformed;
        text_.remove_prefix(close + 1);
        ++dimensions;
    }
    if (dimensions > max_dimensions || (dimensions != 0 && !eat('='))) return codec_errc::malformed;
    if (dimensions > 1) return codec_errc::wrong_type;
    return eat('{') ? codec_errc::ok : codec_errc::malformed;
}

array_text_reader::step array_text_reader::next() {
    const bool first = std::exchange(first_, false);
    if (eat('}')) return text_.empty() ? step::end : fail(codec_errc::malformed);
    if (!first && !eat(delimiter_)) return fail(codec_errc::malformed);
    if (text_.starts_with('{')) return fail(codec_errc::wrong_type);
    return eat('"') ? quoted() : bare();
}

array_text_reader::step array_text_reader::bare() noexcept {
    const auto end = std::find_if(text_.begin(), text_.end(), [this](char c) {
        return c == delimiter_ || c == '}' || c == '{' || is_escaped(c) || is_array_space(c);
    });
    if (end == text_.begin() || end == text_.end() || (*end != delimiter_ && *end != '}'))
        return fail(codec_errc::malformed);
    value_ = text_.substr(0, static_cast<std::size_t>(end - text_.begin()));
    text_.remove_prefix(value_.size());
    return is_null_word(value_) ? step::null : step::element;
}

array_text_reader::step array_text_reader::quoted() {
    unescaped_.clear();
    for (;;) {
        const std::size_t stop = text_.find_first_of("\"\\");
        if (stop == text_.npos) return fail(codec_errc::malformed);
        const std::string_view run = text_.substr(0, stop);
        const bool closed = text_[stop] == '"';
        text_.remove_prefix(stop + 1);
        if (closed && unescaped_.empty()) {
            value_ = run;
            return step::element;
        }
        unescaped_ += run;
        if (closed) {
            value_ = unescaped_;
            return step::element;
        }
        if (text_.empty()) return fail(codec_errc::malformed);
        unescaped_ += text_.front();
        text_.remove_prefix(1);
    }
}

} // namespace tusk::detail
