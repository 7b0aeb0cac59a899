#pragma once

#include <string>
#include <string_view>

#include <tusk/types.hpp>

// The type of one's own that docs/types.md shows.
struct email {
    std::string address;
};

template <>
struct tusk::codec<email> {
    using base = tusk::codec<std::string>;
    static constexpr tusk::oid_t natural = tusk::oid::text;
    static bool accepts(tusk::oid_t type, bool binary) { return base::accepts(type, binary); }
    static bool binary_target(tusk::oid_t type) { return base::binary_target(type); }
    static tusk::codec_errc decode_binary(tusk::oid_t type, const std::byte* p, std::size_t n, email& out) {
        return base::decode_binary(type, p, n, out.address);
    }
    static tusk::codec_errc decode_text(tusk::oid_t type, std::string_view text, email& out) {
        return base::decode_text(type, text, out.address);
    }
    static tusk::codec_errc encode_binary(tusk::value_sink& out, tusk::oid_t type, const email& in) {
        return base::encode_binary(out, type, in.address);
    }
    static tusk::codec_errc encode_text(tusk::value_sink& out, tusk::oid_t type, const email& in) {
        return base::encode_text(out, type, in.address);
    }
};
