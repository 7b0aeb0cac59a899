#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

#include <tusk/types/catalog.hpp>
#include <tusk/types/codec.hpp>

/// Codecs of types that have a name and no fixed OID.
namespace tusk {

/// A name as an argument of a template.
template <std::size_t N>
struct type_name_text {
    consteval type_name_text(const char (&text)[N]) { std::copy_n(text, N, chars); }
    constexpr std::string_view view() const noexcept { return {chars, N - 1}; }
    char chars[N]{};
};

/// The base of a codec for the type of an extension, or of any type that users made, by its name in the
/// catalog, "name" or "schema.name". The codec then has to have the four conversions only, and the type
/// travels in binary as soon as the catalog has said that it is the one:
///
///     template <>
///     struct tusk::codec<cube> : tusk::named_type_codec<"cube"> { … };
template <type_name_text Name>
struct named_type_codec {
    static constexpr oid_t natural = oid::unspecified;
    static constexpr std::string_view type_name = Name.view();

    static bool accepts(type_ref type, bool binary) noexcept {
        return type.info != nullptr ? is_it(type) : !binary && detail::is_run_time_type(type);
    }
    static bool binary_target(type_ref type) noexcept { return type.info != nullptr && is_it(type); }

private:
    static bool is_it(type_ref type) noexcept {
        return type.info->kind == type_kind::base && type.info->is_named(type_name);
    }
};

} // namespace tusk
