#pragma once

#include "conversion.hpp"

/// A catalog as a server would fill it.
namespace tusk::conversion {

inline catalog_row row_of(oid_t type, std::string name, std::string kind, oid_t element = 0) {
    catalog_row out;
    out.oid = type;
    out.schema = "public";
    out.name = std::move(name);
    out.kind = std::move(kind);
    out.delimiter = ",";
    out.element = element;
    return out;
}
inline catalog_row composite_row(oid_t type, std::string name,
                                 std::vector<std::pair<std::string, oid_t>> attributes) {
    auto out = row_of(type, std::move(name), "c");
    for (auto& [attribute, of] : attributes) {
        out.attribute_names.push_back(attribute);
        out.attribute_types.push_back(of);
    }
    return out;
}

inline constexpr oid_t mood_type = 20000, moods_type = 20001, address_type = 20002, addresses_type = 20003,
                       positive_type = 20004, positives_type = 20005, person_type = 20006,
                       mood_range_type = 20007, hstore_type = 20008;

/// `mood` (an enum), `address (street text, number positive)`, `person (name text, home address)`, arrays of
/// these, a domain and a range.
inline const type_catalog& catalog() {
    static const type_catalog& all = []() -> const type_catalog& {
        static type_catalog made;
        auto mood = row_of(mood_type, "mood", "e");
        mood.array = moods_type;
        mood.labels = {"sad", "happy"};
        made.add({row_of(moods_type, "_mood", "a", mood_type), mood,
                  composite_row(person_type, "person", {{"name", oid::text}, {"home", address_type}}),
                  composite_row(address_type, "address", {{"street", oid::text}, {"number", positive_type}}),
                  row_of(addresses_type, "_address", "a", address_type),
                  row_of(positive_type, "positive", "d", oid::int4),
                  row_of(positives_type, "_positive", "a", positive_type),
                  row_of(mood_range_type, "mood_range", "r", mood_type), row_of(hstore_type, "hstore", "b")});
        return made;
    }();
    return all;
}
inline type_ref ref(oid_t type) { return catalog().resolve(type); }

} // namespace tusk::conversion
