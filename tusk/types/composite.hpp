#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <tusk/types/array.hpp>
#include <tusk/types/catalog.hpp>
#include <tusk/types/codec.hpp>
#include <tusk/types/reflect.hpp>

/// Composites: a plain struct that is a field, an element or an argument, by the attributes' names; a tuple
/// by their order. The result of `row(…)`, whose attributes have no names, is read by order. Source:
/// PostgreSQL `utils/adt/rowtypes.c`.
namespace tusk {

namespace detail {

template <class T>
inline constexpr bool is_tuple = false;
template <class... T>
inline constexpr bool is_tuple<std::tuple<T...>> = true;
template <class A, class B>
inline constexpr bool is_tuple<std::pair<A, B>> = true;

template <class T>
inline constexpr bool is_std_array = false;
template <class T, std::size_t N>
inline constexpr bool is_std_array<std::array<T, N>> = true;

} // namespace detail

/// Whether a struct is a composite where it stands for one value: every plain one is, unless this says
/// otherwise.
template <class T>
inline constexpr bool is_composite =
    std::is_aggregate_v<T> && std::is_class_v<T> && !std::is_empty_v<T> && !detail::is_std_array<T>;

namespace detail {

template <class T>
concept composite_value = is_composite<T> || (is_tuple<T> && std::tuple_size_v<T> != 0);

/// The codec of T is the one below.
template <class T>
concept has_composite_codec = requires { requires codec<T>::is_composite; };

/// How the attributes of a composite type become the members of one C++ type.
class composite_plan final : public type_plan_base {
public:
    std::vector<std::uint16_t> attributes; ///< Of each member.
    std::vector<std::uint16_t> members;    ///< Of each attribute.
    std::string problem;                   ///< Why they do not fit, if they do not.
};
/// The plan kept with the type. No names: by order.
const composite_plan& composite_plan_for(const type_info& type, const void* key,
                                         std::span<const std::string_view> names, std::size_t members,
                                         std::string_view cpp_type);

/// The values of a binary composite by attribute. `outdated_type` when they are not those of the type.
codec_errc split_composite_bytes(const type_info& type, const std::byte* p, std::size_t n,
                                 std::span<field_view> out) noexcept;

/// Takes `(1,,"a ""b""")` apart.
class composite_text_reader {
public:
    enum class step : std::uint8_t { value, null, end, failed };
    explicit composite_text_reader(std::string_view text) noexcept : text_{text} {}
    step next(std::string& out);

private:
    std::string_view text_;
    bool first_ = true;
};
/// The values of a composite's text by position; nothing for NULL. `count` of them are expected; another
/// number is `wrong_count`.
codec_errc split_composite_text(std::string_view text, std::span<std::optional<std::string>> out,
                                codec_errc wrong_count);

/// Puts the text of a value that begins at `start` in quotes if it needs them.
void quote_attribute(value_sink& out, std::size_t start);
/// Notes in which attribute of a value it went wrong.
codec_errc in_attribute(codec_errc code, const type_info* type, std::size_t attribute);
/// Notes that an attribute does not convert.
void note_attribute(const type_info::attribute& attribute, std::string_view cpp_type);

template <class T>
inline constexpr char composite_key = 0;

/// References to the members of a composite.
template <class T>
auto members_of(T& value) noexcept {
    if constexpr (is_tuple<std::remove_const_t<T>>)
        return std::apply([](auto&... m) { return std::tie(m...); }, value);
    else
        return tie_members(value);
}

template <class T>
struct composite_traits {
    using members = decltype(members_of(std::declval<T&>()));
    static constexpr std::size_t size = std::tuple_size_v<members>;
    template <std::size_t I>
    using member = std::remove_cvref_t<std::tuple_element_t<I, members>>;

    /// A view would point into the text as it was before it was unescaped.
    static constexpr bool has_views = []<std::size_t... I>(std::index_sequence<I...>) {
        return (is_view<array_value_t<member<I>>> || ...);
    }(std::make_index_sequence<size>{});
    /// What values without a known type are taken to be.
    static constexpr std::array<oid_t, size> naturals = []<std::size_t... I>(std::index_sequence<I...>) {
        return std::array<oid_t, size>{codec<array_value_t<member<I>>>::natural...};
    }(std::make_index_sequence<size>{});
};

} // namespace detail

template <detail::composite_value T>
struct codec<T> {
    static constexpr oid_t natural = oid::unspecified;
    static constexpr bool is_composite = true;

    static bool accepts(type_ref type, bool binary) {
        if (type.info == nullptr)
            return !binary && !traits::has_views && (detail::is_run_time_type(type) || type == oid::record);
        if (!fits(type) || (!binary && traits::has_views)) return false;
        return each_index([&]<std::size_t I>(std::integral_constant<std::size_t, I>) {
            const auto& attribute = type.info->attributes[plan_of(type).attributes[I]];
            if ((!binary || has_binary_codec(attribute.type)) &&
                accepts_column<member<I>>(attribute.type, binary))
                return true;
            detail::note_attribute(attribute, detail::cpp_type_name<member<I>>());
            return false;
        });
    }

    static codec_errc decode_binary(type_ref type, const std::byte* p, std::size_t n, T& out) {
        if (type.info == nullptr || !fits(type)) return codec_errc::wrong_type;
        std::array<field_view, traits::size> values;
        const codec_errc result = detail::split_composite_bytes(*type.info, p, n, values);
        if (result != codec_errc::ok) return result;
        const auto& plan = plan_of(type);
        return decode_members(out, type.info, [&](std::size_t i) {
            return std::pair{plan.attributes[i], values[plan.attributes[i]]};
        });
    }

    static codec_errc decode_text(type_ref type, std::string_view text, T& out) {
        if (traits::has_views || (type.info != nullptr && !fits(type))) return codec_errc::wrong_type;
        std::array<std::optional<std::string>, traits::size> values;
        const codec_errc result = detail::split_composite_text(
            text, values, type.info != nullptr ? codec_errc::outdated_type : codec_errc::wrong_type);
        if (result != codec_errc::ok) return result;
        return decode_members(out, type.info, [&](std::size_t i) {
            const std::size_t at = type.info != nullptr ? plan_of(type).attributes[i] : i;
            field_view f;
            f.type = type.info != nullptr ? type.info->attributes[at].type : type_ref{traits::naturals[i]};
            if (values[at]) {
                f.data = reinterpret_cast<const std::byte*>(values[at]->data());
                f.size = static_cast<std::int32_t>(values[at]->size());
            }
            return std::pair{at, f};
        });
    }

    static bool binary_target(type_ref type) {
        if (type.info == nullptr || !fits(type)) return false;
        return each_index([&]<std::size_t I>(std::integral_constant<std::size_t, I>) {
            return detail::binary_part_target<detail::array_value_t<member<I>>>(
                type.info->attributes[plan_of(type).attributes[I]].type);
        });
    }

    static codec_errc encode_binary(value_sink& out, type_ref type, const T& value) {
        if (type.info == nullptr || !fits(type)) return codec_errc::wrong_type;
        out.put_int(static_cast<std::uint32_t>(traits::size));
        return encode_members(type, value, [&](std::size_t at, const auto& m) {
            using M = std::remove_cvref_t<decltype(m)>;
            const auto& attribute = type.info->attributes[at];
            bool is_null = false;
            out.put_int(attribute.declared);
            return detail::encode_item<M>(out, attribute.type, m, is_null);
        });
    }

    static codec_errc encode_text(value_sink& out, type_ref type, const T& value) {
        if (type.info != nullptr && !fits(type)) return codec_errc::wrong_type;
        char separator = '(';
        const codec_errc result = encode_members(type, value, [&](std::size_t at, const auto& m) {
            using M = std::remove_cvref_t<decltype(m)>;
            out.put_byte(std::exchange(separator, ','));
            if constexpr (!detail::is_null_literal<M>) {
                if (detail::is_null_item(m)) return codec_errc::ok;
                const type_ref part = type.info != nullptr ? type.info->attributes[at].type : type_ref{};
                const std::size_t start = out.size();
                const codec_errc code =
                    codec<detail::array_value_t<M>>::encode_text(out, part, detail::item_value(m));
                if (code != codec_errc::ok) return code;
                detail::quote_attribute(out, start);
            }
            return codec_errc::ok;
        });
        out.put_byte(')');
        return result;
    }

private:
    using traits =
        detail::composite_traits<T>; // looked into by functions only: asking for a codec costs nothing
    template <std::size_t I>
    using member = typename traits::template member<I>;

    /// `f(index)` for every member, until one is false.
    template <class F>
    static bool each_index(F f) {
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            return (f(std::integral_constant<std::size_t, I>{}) && ...);
        }(std::make_index_sequence<traits::size>{});
    }

    static const detail::composite_plan& plan_of(type_ref type) {
        const void* key = &detail::composite_key<T>;
        if (const auto* found = type.info->plans.find(key))
            return static_cast<const detail::composite_plan&>(*found);
        std::span<const std::string_view> names;
        if constexpr (!detail::is_tuple<T>) names = detail::member_names_v<T>;
        return detail::composite_plan_for(*type.info, key, names, traits::size, detail::cpp_type_name<T>());
    }
    /// It is a composite with these attributes; if not, notes why.
    static bool fits(type_ref type) {
        if (type.info->kind != type_kind::composite) return false;
        const auto& plan = plan_of(type);
        if (plan.problem.empty()) return true;
        detail::note_detail(plan.problem);
        return false;
    }

    /// `value_of(i)` says which attribute member i is, and where its value is.
    template <class ValueOf>
    static codec_errc decode_members(T& out, const type_info* type, ValueOf value_of) {
        auto all = detail::members_of(out);
        codec_errc result = codec_errc::ok;
        each_index([&]<std::size_t I>(std::integral_constant<std::size_t, I>) {
            const auto [at, field] = value_of(I);
            result = decode_field(field, std::get<I>(all));
            if (result == codec_errc::ok) [[likely]]
                return true;
            result = detail::in_attribute(result, type, at);
            return false;
        });
        return result;
    }
    /// `encode(attribute, member)` in the order of the attributes.
    template <class Encode>
    static codec_errc encode_members(type_ref type, const T& value, Encode encode) {
        const auto all = detail::members_of(value);
        codec_errc result = codec_errc::ok;
        for (std::size_t at = 0; at < traits::size && result == codec_errc::ok; ++at) {
            const std::size_t wanted = type.info != nullptr ? plan_of(type).members[at] : at;
            each_index([&]<std::size_t I>(std::integral_constant<std::size_t, I>) {
                if (I == wanted) result = encode(at, std::get<I>(all));
                return I != wanted;
            });
            if (result != codec_errc::ok) result = detail::in_attribute(result, type.info, at);
        }
        return result;
    }
};

} // namespace tusk
