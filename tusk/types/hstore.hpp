#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <tusk/types/codec.hpp>
#include <tusk/types/named_type.hpp>

/// Codec of hstore, the extension's type, which is known by its name. Source: PostgreSQL
/// `contrib/hstore/hstore_io.c`.
namespace tusk {

/// Keys with values, which may be NULL.
using hstore = std::map<std::string, std::optional<std::string>, std::less<>>;

template <>
struct codec<hstore> : named_type_codec<"hstore"> {
    static codec_errc decode_binary(oid_t type, const std::byte* p, std::size_t n, hstore& out);
    /// `"key"=>"value", "other"=>NULL`; of a key that is there twice the first one counts.
    static codec_errc decode_text(oid_t type, std::string_view text, hstore& out);
    static codec_errc encode_binary(value_sink& out, oid_t type, const hstore& value);
    static codec_errc encode_text(value_sink& out, oid_t type, const hstore& value);
};

} // namespace tusk
