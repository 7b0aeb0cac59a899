#include <tusk/types/json.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serializer.hpp>

namespace tusk {

codec_errc codec<boost::json::value>::decode_text(oid_t, std::string_view text, boost::json::value& out) {
    boost::json::parse_options options;
    options.max_depth = json_max_depth;
    boost::json::error_code error;
    boost::json::value parsed = boost::json::parse({text.data(), text.size()}, error, {}, options);
    if (error == boost::json::error::too_deep) return codec_errc::out_of_range;
    if (error) return codec_errc::malformed;
    out = std::move(parsed);
    return codec_errc::ok;
}

codec_errc codec<boost::json::value>::decode_binary(oid_t type, const std::byte* p, std::size_t n,
                                                    boost::json::value& out) {
    std::string_view text;
    return unwrap(type, p, n, text) ? decode_text(type, text, out) : codec_errc::malformed;
}

codec_errc codec<boost::json::value>::encode_text(value_sink& out, oid_t, const boost::json::value& value) {
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
