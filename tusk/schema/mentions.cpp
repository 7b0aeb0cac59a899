#include <tusk/schema/mentions.hpp>

#include <algorithm>
#include <unordered_map>

#include <tusk/schema/identifier.hpp>

namespace tusk::schema::detail {

namespace {

bool can_be_mentioned(object_kind kind) {
    switch (kind) {
    case object_kind::table:
    case object_kind::view:
    case object_kind::materialized_view:
    case object_kind::foreign_table:
    case object_kind::sequence:
    case object_kind::function:
    case object_kind::procedure:
    case object_kind::aggregate:
    case object_kind::enum_type:
    case object_kind::domain:
    case object_kind::composite_type:
    case object_kind::range_type: return true;
    default: return false;
    }
}

bool has_body(const object& o) { return o.kind == object_kind::function || o.kind == object_kind::procedure; }

std::string plain_name(const object& o) { return o.name.substr(0, o.name.find('(')); }

/// All words of a text that may be names, unquoted.
std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> out;
    while (!text.empty()) {
        auto word = take_identifier(text);
        if (!word.empty())
            out.push_back(std::move(word));
        else if (!text.empty())
            text.remove_prefix(1);
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

} // namespace

void find_mentions(std::vector<object>& objects) {
    if (std::none_of(objects.begin(), objects.end(), has_body)) return;
    std::unordered_multimap<std::string, const object*> by_name;
    for (const auto& o : objects)
        if (can_be_mentioned(o.kind)) by_name.emplace(plain_name(o), &o);
    for (auto& o : objects) {
        if (!has_body(o)) continue;
        for (const auto& word : words_of(o.get("definition"))) {
            const auto [begin, end] = by_name.equal_range(word);
            for (auto i = begin; i != end; ++i)
                // Its own name is no mention of its overloads.
                if (i->second != &o && !(i->second->schema == o.schema && word == plain_name(o)) &&
                    !std::binary_search(o.depends.begin(), o.depends.end(), i->second->id()))
                    o.mentions.push_back(i->second->id());
        }
        std::sort(o.mentions.begin(), o.mentions.end());
    }
}

} // namespace tusk::schema::detail
