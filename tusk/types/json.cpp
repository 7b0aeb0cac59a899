#include <tusk/types/json.hpp>

#include <algorithm>
#include <cmath>

#include <boost/json/parse.hpp>
#include <boost/json/serializer.hpp>

namespace tusk {

namespace {

/// JSON has no infinity and no NaN. The parser makes infinity of a number that is too large (1e400), and the
/// serializer would write it as another number.
bool is_finite(const boost::json::value& value) {
    if (const double* number = value.if_double()) return std::isfinite(*number);
    if (const auto* array = value.if_array()) return std::all_of(array->begin(), array->end(), is_finite);
    if (const auto* object = value.if_object())
        return std::all_of(object->begin(), object->end(),
                           [](const auto& member) { return is_finite(member.value()); });
    return true;
}

} // namespace

codec_errc codec<boost::json::value>::decode_text(oid_t, std::string_view text, boost::json::value& out) {
    boost::json::parse_options options;
    options.max_depth = json_max_depth;
    boost::json::error_code error;
    boost::json::value parsed = boost::json::parse({text.data(), text.size()}, error, {}, options);
    if (error == boost::json::error::too_deep || error == boost::json::error::exponent_overflow)
        return codec_errc::out_of_range;
    if (error) return codec_errc::malformed;
    if (!is_finite(parsed)) return codec_errc::out_of_range;
    out = std::move(parsed);
    return codec_errc::ok;
}

codec_errc codec<boost::json::value>::decode_binary(oid_t type, const std::byte* p, std::size_t n,
                                                    boost::json::value& out) {
    std::string_view text;
    return unwrap(type, p, n, text) ? decode_text(type, text, out) : codec_errc::malformed;
}

codec_errc codec<boost::json::value>::encode_text(value_sink& out, oid_t, const boost::json::value& value) {
    if (!is_finite(value)) return codec_errc::out_of_range;
    boost::json::serializer serializer;
    char chunk[1024];
    for (serializer.reset(&value); !serializer.done();) {
        const auto part = serializer.read(chunk, sizeof chunk);
        out.put(std::string_view{part.data(), part.size()});
    }
    return codec_errc::ok;
}

codec_errc codec<boost::json::value>::encode_binary(value_sink& out, oid_t type,
                                                    const boost::json::value& value) {
    wrap(out, type);
    return encode_text(out, type, value);
}

} // namespace tusk
