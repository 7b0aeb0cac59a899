#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <boost/json/fwd.hpp>
#include <boost/system/result.hpp>

namespace tusk::alerthist {

/// One key of a resource's JSON object.
struct resource_field {
    enum class kind : std::uint8_t {
        text,
        integer,
        number,
        boolean,
        word,
        words,
        condition,
        matchers,
        map,
        time,
        url
    };
    std::string_view name;
    kind type = kind::text;
    bool required = false;
    std::string_view
        otherwise;    ///< JSON, for one that is missing; empty: the column's default, or what is there.
    double least = 0; ///< Of numbers; of texts in characters.
    double most = 0;
    std::string_view choices; ///< Of a word: "allow deny delay".
};

/// A table whose rows the API shows as JSON objects: filter rules, silences, …
struct resource {
    std::string_view table;
    std::string_view noun;    ///< For messages: "filter rule".
    std::string_view shown;   ///< An expression over the table's columns, of type json.
    std::string_view record;  ///< Columns that clients write, with types, for `jsonb_to_record`.
    std::string_view columns; ///< Their names.
    std::string_view order;
    bool uuid_key = false;
    bool has_built_in = false;
    std::span<const resource_field> fields;
};

extern const resource filter_rules;
extern const resource classification_rules;
extern const resource inhibition_rules;
extern const resource silences;
extern const resource targets;

/// Checks a client's object and returns what goes to the database: known keys only, defaults filled in. The
/// error names the place: `delay_seconds: expected a whole number from 0 to 86400`.
boost::system::result<boost::json::object, std::string> checked(const resource& as,
                                                                const boost::json::value& given);

} // namespace tusk::alerthist
