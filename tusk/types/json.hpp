#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <boost/json/fwd.hpp>

#include <tusk/types/codec.hpp>

/// Codecs of json and jsonb. The header only declares `boost::json::value`: who uses it includes
/// <boost/json.hpp>.
namespace tusk {

/// A JSON text that is passed through as it is, for a program that forwards documents or has a parser of its
/// own. As an argument a plain string does as well; as a field, `json_text` accepts nothing but json and
/// jsonb.
class json_text {
public:
    json_text() = default;
    explicit json_text(std::string text) noexcept : text_{std::move(text)} {}

    const std::string& text() const& noexcept { return text_; }
    std::string text() && noexcept { return std::move(text_); }
    friend bool operator==(const json_text&, const json_text&) noexcept = default;

private:
    friend struct codec<json_text>;
    std::string text_;
};

/// How deep arrays and objects may be nested in a document that is parsed; deeper ones are `out_of_range`.
inline constexpr std::size_t json_max_depth = 256;

namespace detail {
struct json_codec {
    static constexpr oid_t natural = oid::jsonb;
    static bool accepts(oid_t type, bool) noexcept { return type == oid::jsonb || type == oid::json; }
    static bool binary_target(oid_t type) noexcept { return type == oid::jsonb || type == oid::json; }

    /// jsonb is a version byte, 1, and the text; json is the text.
    static bool unwrap(oid_t type, const std::byte* p, std::size_t n, std::string_view& text) noexcept {
        if (type == oid::jsonb) {
            if (n == 0 || *p != std::byte{1}) return false;
            ++p;
            --n;
        }
        text = {reinterpret_cast<const char*>(p), n};
        return true;
    }
    static void wrap(value_sink& out, oid_t type) {
        if (type == oid::jsonb) out.put_byte('\1');
    }
};
} // namespace detail

template <>
struct codec<json_text> : detail::json_codec {
    static codec_errc decode_binary(oid_t type, const std::byte* p, std::size_t n, json_text& out) {
        std::string_view text;
        if (!unwrap(type, p, n, text)) return codec_errc::malformed;
        out.text_.assign(text);
        return codec_errc::ok;
    }
    static codec_errc decode_text(oid_t, std::string_view text, json_text& out) {
        out.text_.assign(text);
        return codec_errc::ok;
    }
    static codec_errc encode_binary(value_sink& out, oid_t type, const json_text& value) {
        wrap(out, type);
        out.put(std::string_view{value.text_});
        return codec_errc::ok;
    }
    static codec_errc encode_text(value_sink& out, oid_t, const json_text& value) {
        out.put(std::string_view{value.text_});
        return codec_errc::ok;
    }
};

/// Numbers become int64, uint64 or double, so a longer one loses digits and one past the largest double is
/// `out_of_range`, as are infinities and NaN in an argument: use `json_text` where that matters.
template <>
struct codec<boost::json::value> : detail::json_codec {
    static codec_errc decode_binary(oid_t type, const std::byte* p, std::size_t n, boost::json::value& out);
    static codec_errc decode_text(oid_t type, std::string_view text, boost::json::value& out);
    static codec_errc encode_binary(value_sink& out, oid_t type, const boost::json::value& value);
    static codec_errc encode_text(value_sink& out, oid_t type, const boost::json::value& value);
};

} // namespace tusk
