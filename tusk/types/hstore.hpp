#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <tusk/types/codec.hpp>

/// Codec of hstore, the extension's type. Its OID is known at run time only: it is an argument as text, and a
/// field of a type that the server's users or extensions made. Source: PostgreSQL
/// `contrib/hstore/hstore_io.c`.
namespace tusk {

/// Keys with values, which may be NULL.
using hstore = std::map<std::string, std::optional<std::string>, std::less<>>;

template <>
struct codec<hstore> {
    static constexpr oid_t natural = oid::unspecified;
    static bool accepts(oid_t type, bool) noexcept { return detail::is_run_time_type(type); }
    static codec_errc decode_binary(oid_t type, const std::byte* p, std::size_t n, hstore& out);
    /// `"key"=>"value", "other"=>NULL`; of a key that is there twice the first one counts.
    static codec_errc decode_text(oid_t type, std::string_view text, hstore& out);
    static bool binary_target(oid_t) noexcept { return false; }
    static codec_errc encode_binary(value_sink& out, oid_t type, const hstore& value);
    static codec_errc encode_text(value_sink& out, oid_t type, const hstore& value);
};

} // namespace tusk
