#include <tusk/types/array.hpp>

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include <tusk/types/detail/quoting.hpp>

namespace tusk::detail {

namespace {

constexpr bool is_array_space(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool is_null_word(std::string_view text) noexcept {
    constexpr std::string_view word = "null";
    return text.size() == word.size() &&
           std::equal(text.begin(), text.end(), word.begin(),
                      [](char a, char b) { return a == b || a == b - 'a' + 'A'; });
}

bool needs_quotes(std::string_view text, char delimiter) noexcept {
    return text.empty() || is_null_word(text) || std::any_of(text.begin(), text.end(), [delimiter](char c) {
               return is_escaped(c) || c == '{' || c == '}' || c == delimiter || is_array_space(c);
           });
}

} // namespace

std::size_t array_shape::count() const noexcept {
    if (dimensions == 0) return 0;
    std::size_t out = 1;
    for (std::size_t i = 0; i < dimensions; ++i) {
        if (sizes[i] <= 0) return 0;
        out *= static_cast<std::size_t>(sizes[i]);
        if (out > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) return 0;
    }
    return out;
}

namespace {

/// What stands in front of the dimensions.
codec_errc read_array_start(type_ref type, const std::byte* p, std::size_t n, std::size_t& dimensions,
                            array_item_type& item) noexcept {
    if (n < empty_array_header) return codec_errc::malformed;
    const auto count = wire::load_big_endian<std::uint32_t>(p);
    const auto flags = wire::load_big_endian<std::uint32_t>(p + 4);
    const auto declared = wire::load_big_endian<oid_t>(p + 8);
    item = item_type_of(type);
    if (count > array_shape::max_dimensions || flags > 1 || declared == 0) return codec_errc::malformed;
    if (declared != item.declared)
        return type.info != nullptr ? codec_errc::outdated_type : codec_errc::malformed;
    dimensions = count;
    if (n < array_header_size(count)) return codec_errc::malformed;
    return dimensions != 0 || n == empty_array_header ? codec_errc::ok : codec_errc::malformed;
}

} // namespace

codec_errc read_array_header(type_ref type, const std::byte* p, std::size_t n, std::size_t& count,
                             array_item_type& item) noexcept {
    std::size_t dimensions = 0;
    count = 0;
    const codec_errc result = read_array_start(type, p, n, dimensions, item);
    if (result != codec_errc::ok || dimensions == 0) return result;
    if (dimensions > 1) return codec_errc::wrong_dimensions;
    count = wire::load_big_endian<std::uint32_t>(p + 12);
    return count <= (n - array_header) / 4 ? codec_errc::ok : codec_errc::malformed;
}

codec_errc read_array_shape(type_ref type, const std::byte* p, std::size_t n, array_shape& shape,
                            array_item_type& item) noexcept {
    shape = {};
    const codec_errc result = read_array_start(type, p, n, shape.dimensions, item);
    if (result != codec_errc::ok || shape.dimensions == 0) return result;
    std::size_t left = (n - array_header_size(shape.dimensions)) / 4; // elements that the bytes can hold
    std::size_t product = 1;
    p += empty_array_header;
    for (std::size_t i = 0; i < shape.dimensions; ++i, p += 8) {
        shape.sizes[i] = wire::load_big_endian<std::int32_t>(p);
        shape.lower_bounds[i] = wire::load_big_endian<std::int32_t>(p + 4);
        if (shape.sizes[i] < 0) return codec_errc::malformed;
        if (std::int64_t{shape.lower_bounds[i]} + shape.sizes[i] - 1 >
            std::numeric_limits<std::int32_t>::max())
            return codec_errc::malformed; // the server makes no such subscripts
        product *= static_cast<std::size_t>(shape.sizes[i]);
        if (product > left) return codec_errc::malformed;
    }
    if (product == 0) { // no server writes it like this
        const bool nothing_follows = n == array_header_size(shape.dimensions);
        shape = {};
        return nothing_follows ? codec_errc::ok : codec_errc::malformed;
    }
    return codec_errc::ok;
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

void put_array_header(value_sink& out, oid_t element, const array_shape& shape, bool has_null) {
    out.put_int(static_cast<std::uint32_t>(shape.dimensions));
    out.put_int(std::int32_t{has_null ? 1 : 0});
    out.put_int(element);
    for (std::size_t i = 0; i < shape.dimensions; ++i) {
        out.put_int(shape.sizes[i]);
        out.put_int(shape.lower_bounds[i]);
    }
}

codec_errc finish_element(value_sink& out, std::size_t start) noexcept {
    const std::size_t length = out.size() - start - 4;
    if (length > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()))
        return codec_errc::out_of_range;
    wire::store_big_endian(out.data() + start, static_cast<std::int32_t>(length));
    return codec_errc::ok;
}

char array_delimiter(type_ref array, oid_t element) noexcept {
    if (array.info != nullptr) return array.info->delimiter;
    return element == oid::box ? ';' : ',';
}

void quote_element(value_sink& out, std::size_t start, char delimiter) {
    const std::size_t size = out.size() - start;
    const std::string_view text{reinterpret_cast<const char*>(out.data() + start), size};
    if (!needs_quotes(text, delimiter)) return;
    put_in_quotes(out, start, '\\');
}

array_text_tokens::step array_text_tokens::fail(codec_errc error) noexcept {
    error_ = error;
    return step::failed;
}

bool array_text_tokens::eat(char c) noexcept {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
}

namespace {

/// `-3` and what follows; false when there is no number that fits.
bool take_bound(std::string_view& text, std::int32_t& out) noexcept {
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (ec != std::errc{}) return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return true;
}

} // namespace

/// Lower bounds other than 1 are written in front: [0:2]={1,2,3}
bool array_text_tokens::bounds(array_shape& out) noexcept {
    out = {};
    while (eat('[')) {
        std::int32_t lower = 1, upper = 0;
        if (out.dimensions == array_shape::max_dimensions || !take_bound(text_, lower)) return false;
        if (!eat(':') || !take_bound(text_, upper) || !eat(']')) return false;
        const std::int64_t size = std::int64_t{upper} - lower + 1;
        if (size <= 0 || size > std::numeric_limits<std::int32_t>::max()) return false;
        out.lower_bounds[out.dimensions] = lower;
        out.sizes[out.dimensions++] = static_cast<std::int32_t>(size);
    }
    return out.dimensions == 0 || eat('=');
}

codec_errc array_text_reader::open() noexcept {
    array_shape shape;
    if (!bounds(shape)) return codec_errc::malformed;
    if (shape.dimensions > 1) return codec_errc::wrong_dimensions;
    return eat('{') ? codec_errc::ok : codec_errc::malformed;
}

array_text_reader::step array_text_reader::next() {
    const bool first = std::exchange(first_, false);
    if (eat('}')) return text_.empty() ? step::end : fail(codec_errc::malformed);
    if (!first && !eat(delimiter_)) return fail(codec_errc::malformed);
    if (text_.starts_with('{')) return fail(codec_errc::wrong_dimensions);
    return eat('"') ? quoted() : bare();
}

array_text_tokens::step array_text_tokens::bare() noexcept {
    const auto end = std::find_if(text_.begin(), text_.end(), [this](char c) {
        return c == delimiter_ || c == '}' || c == '{' || is_escaped(c) || is_array_space(c);
    });
    if (end == text_.begin() || end == text_.end() || (*end != delimiter_ && *end != '}'))
        return fail(codec_errc::malformed);
    value_ = text_.substr(0, static_cast<std::size_t>(end - text_.begin()));
    text_.remove_prefix(value_.size());
    return is_null_word(value_) ? step::null : step::element;
}

array_text_tokens::step array_text_tokens::quoted() {
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
