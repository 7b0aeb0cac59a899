#include <tusk/types/composite.hpp>

#include <algorithm>

#include <tusk/types/detail/quoting.hpp>

namespace tusk::detail {

namespace {

constexpr bool is_space(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }

constexpr bool needs_attribute_quotes(char c) noexcept {
    constexpr std::string_view special = "\"\\(),";
    return special.find(c) != special.npos || is_space(c);
}

std::string quoted(std::string_view name) { return "\"" + std::string{name} + "\""; }

/// Finds the attribute of each member by name; every attribute needs a member, and the other way round.
std::string match(const type_info& type, std::span<const std::string_view> names, std::string_view cpp_type,
                  std::vector<std::uint16_t>& out) {
    const auto& all = type.attributes;
    for (const auto name : names) {
        const auto found =
            std::find_if(all.begin(), all.end(), [&](const auto& a) { return a.name == name; });
        if (found == all.end())
            return type.full_name() + " has no attribute " + quoted(name) + ", which is a member of " +
                   std::string{cpp_type};
        out.push_back(static_cast<std::uint16_t>(found - all.begin()));
    }
    for (std::size_t i = 0; i < all.size(); ++i)
        if (std::find(out.begin(), out.end(), i) == out.end())
            return std::string{cpp_type} + " has no member for attribute " + quoted(all[i].name) + " of " +
                   type.full_name();
    return {};
}

} // namespace

const composite_plan& composite_plan_for(const type_info& type, const void* key,
                                         std::span<const std::string_view> names, std::size_t members,
                                         std::string_view cpp_type) {
    auto plan = std::make_unique<composite_plan>();
    plan->key = key;
    if (!names.empty())
        plan->problem = match(type, names, cpp_type, plan->attributes);
    else if (type.attributes.size() != members)
        plan->problem = type.full_name() + " has " + std::to_string(type.attributes.size()) +
                        " attributes, " + std::string{cpp_type} + " has " + std::to_string(members);
    else
        for (std::size_t i = 0; i < members; ++i) plan->attributes.push_back(static_cast<std::uint16_t>(i));
    if (plan->problem.empty()) {
        plan->members.resize(members);
        for (std::size_t i = 0; i < members; ++i)
            plan->members[plan->attributes[i]] = static_cast<std::uint16_t>(i);
    }
    return static_cast<const composite_plan&>(type.plans.add(std::move(plan)));
}

codec_errc split_composite_bytes(const type_info& type, const std::byte* p, std::size_t n,
                                 std::span<field_view> out) noexcept {
    const std::byte* const end = p + n;
    if (n < 4) return codec_errc::malformed;
    const auto count = wire::load_big_endian<std::uint32_t>(p);
    p += 4;
    if (count > (n - 4) / 8) return codec_errc::malformed;
    if (count != out.size()) return codec_errc::outdated_type;
    for (std::size_t i = 0; i < out.size(); ++i) {
        if (end - p < 8) return codec_errc::malformed;
        if (wire::load_big_endian<oid_t>(p) != type.attributes[i].declared) return codec_errc::outdated_type;
        const auto length = wire::load_big_endian<std::int32_t>(p + 4);
        p += 8;
        if (length < -1 || length > end - p) return codec_errc::malformed;
        out[i] = {p, length, type.attributes[i].type, true};
        if (length > 0) p += length;
    }
    return p == end ? codec_errc::ok : codec_errc::malformed;
}

composite_text_reader::step composite_text_reader::next(std::string& out) {
    if (!first_ && text_ == ")") return step::end;
    if (!text_.starts_with(first_ ? '(' : ',')) return step::failed;
    first_ = false;
    text_.remove_prefix(1);
    if (text_.starts_with(',') || text_.starts_with(')')) return step::null;
    out.clear();
    bool in_quotes = false;
    while (!text_.empty()) {
        const char c = text_.front();
        if (!in_quotes && (c == ',' || c == ')')) return step::value;
        text_.remove_prefix(1);
        const bool doubled = in_quotes && c == '"' && text_.starts_with('"');
        if (c == '"' && !doubled) {
            in_quotes = !in_quotes;
            continue;
        }
        if (c != '\\' && !doubled) {
            out += c;
            continue;
        }
        if (text_.empty()) break;
        out += text_.front();
        text_.remove_prefix(1);
    }
    return step::failed;
}

codec_errc split_composite_text(std::string_view text, std::span<std::optional<std::string>> out,
                                codec_errc wrong_count) {
    using step = composite_text_reader::step;
    composite_text_reader reader{text};
    std::string value;
    for (std::size_t i = 0;; ++i) {
        const step next = reader.next(value);
        if (next == step::failed) return codec_errc::malformed;
        if (next == step::end && i == out.size()) return codec_errc::ok;
        if (next == step::end || i == out.size()) {
            note_detail("it has " + std::string{next == step::end ? "fewer" : "more"} + " values than the " +
                        std::to_string(out.size()) + " members");
            return wrong_count;
        }
        if (next == step::value) out[i].emplace(std::move(value));
    }
}

void quote_attribute(value_sink& out, std::size_t start) {
    const std::string_view text{reinterpret_cast<const char*>(out.data() + start), out.size() - start};
    if (text.empty() || std::any_of(text.begin(), text.end(), needs_attribute_quotes))
        put_in_quotes(out, start, '"');
}

codec_errc in_attribute(codec_errc code, const type_info* type, std::size_t attribute) {
    note_step(type != nullptr ? ", attribute " + quoted(type->attributes[attribute].name)
                              : ", value " + std::to_string(attribute + 1));
    return code;
}

void note_attribute(const type_info::attribute& attribute, std::string_view cpp_type) {
    note_detail("attribute " + quoted(attribute.name) + " has type " + type_label(attribute.type) +
                ", which does not convert to or from " + std::string{cpp_type});
}

} // namespace tusk::detail
