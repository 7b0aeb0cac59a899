#include <tusk/types/hstore.hpp>

#include <algorithm>
#include <limits>
#include <utility>

#include <tusk/types/detail/quoting.hpp>
#include <tusk/wire/buffer.hpp>

namespace tusk {

namespace {

void skip_spaces(std::string_view& text) noexcept {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
}

bool eat(std::string_view& text, std::string_view word) noexcept {
    skip_spaces(text);
    if (!text.starts_with(word)) return false;
    text.remove_prefix(word.size());
    return true;
}

/// A string in double quotes; a backslash takes the next character as it is.
bool read_string(std::string_view& text, std::string& out) {
    if (!eat(text, "\"")) return false;
    for (;;) {
        const std::size_t stop = text.find_first_of("\"\\");
        if (stop == text.npos) return false;
        const bool closed = text[stop] == '"';
        out += text.substr(0, stop);
        text.remove_prefix(stop + 1);
        if (closed) return true;
        if (text.empty()) return false;
        out += text.front();
        text.remove_prefix(1);
    }
}

void write_string(value_sink& out, std::string_view text) {
    const std::size_t start = out.size();
    out.put(text);
    detail::put_in_quotes(out, start, '\\');
}

codec_errc put_with_length(value_sink& out, std::string_view text) {
    if (text.size() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()))
        return codec_errc::out_of_range;
    out.put_int(static_cast<std::int32_t>(text.size()));
    out.put(text);
    return codec_errc::ok;
}

/// A length and so many bytes, or NULL (-1); false when they are not there.
bool take_string(wire::body_reader& in, std::optional<std::string>& out) {
    const auto length = in.get_int<std::int32_t>();
    if (in.failed() || length < -1) return false;
    if (length == -1) return true;
    const auto octets = in.get_bytes(static_cast<std::size_t>(length));
    if (in.failed()) return false;
    out.emplace(reinterpret_cast<const char*>(octets.data()), octets.size());
    return true;
}

} // namespace

codec_errc codec<hstore>::decode_binary(oid_t, const std::byte* p, std::size_t n, hstore& out) {
    constexpr std::size_t smallest_pair = 8; // two lengths
    wire::body_reader in{{p, n}};
    out.clear();
    const auto count = in.get_int<std::uint32_t>();
    if (in.failed() || count > in.left() / smallest_pair) return codec_errc::malformed;
    for (std::uint32_t i = 0; i < count; ++i) {
        std::optional<std::string> key, value;
        if (!take_string(in, key) || !key || !take_string(in, value)) return codec_errc::malformed;
        out.emplace(std::move(*key), std::move(value));
    }
    return in.finished() ? codec_errc::ok : codec_errc::malformed;
}

codec_errc codec<hstore>::decode_text(oid_t, std::string_view text, hstore& out) {
    out.clear();
    skip_spaces(text);
    while (!text.empty()) {
        if (!out.empty() && !eat(text, ",")) return codec_errc::malformed;
        std::string key;
        if (!read_string(text, key) || !eat(text, "=>")) return codec_errc::malformed;
        std::optional<std::string> value;
        if (!eat(text, "NULL") && !read_string(text, value.emplace())) return codec_errc::malformed;
        out.emplace(std::move(key), std::move(value));
        skip_spaces(text);
    }
    return codec_errc::ok;
}

codec_errc codec<hstore>::encode_binary(value_sink& out, oid_t, const hstore& value) {
    if (value.size() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()))
        return codec_errc::out_of_range;
    out.put_int(static_cast<std::int32_t>(value.size()));
    for (const auto& [key, item] : value) {
        codec_errc result = put_with_length(out, key);
        if (result == codec_errc::ok && item) result = put_with_length(out, *item);
        if (result != codec_errc::ok) return result;
        if (!item) out.put_int(std::int32_t{-1});
    }
    return codec_errc::ok;
}

codec_errc codec<hstore>::encode_text(value_sink& out, oid_t, const hstore& value) {
    bool first = true;
    for (const auto& [key, item] : value) {
        if (!std::exchange(first, false)) out.put(", ");
        write_string(out, key);
        out.put("=>");
        if (item)
            write_string(out, *item);
        else
            out.put("NULL");
    }
    return codec_errc::ok;
}

} // namespace tusk
