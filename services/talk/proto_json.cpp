#include <services/talk/proto_json.hpp>

#include <string>
#include <string_view>

#include <boost/json/array.hpp>

namespace tusk::talk {

namespace json = boost::json;

namespace {

std::string to_camel(std::string_view name) {
    std::string out;
    bool upper = false;
    for (const char c : name) {
        if (c == '_') {
            upper = true;
            continue;
        }
        out += upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        upper = false;
    }
    return out;
}

std::string to_snake(std::string_view name) {
    std::string out;
    for (const char c : name) {
        if (c >= 'A' && c <= 'Z')
            (out += '_') += static_cast<char>(c - 'A' + 'a');
        else
            out += c;
    }
    return out;
}

json::value from_proto_value(const json::value& theirs) {
    if (theirs.is_object()) return from_proto_json(theirs.get_object());
    if (!theirs.is_array()) return theirs;
    json::array out;
    for (const auto& one : theirs.get_array()) out.emplace_back(from_proto_value(one));
    return out;
}

} // namespace

json::value to_proto_json(const json::value& ours) {
    if (ours.is_array()) {
        json::array out;
        for (const auto& one : ours.get_array()) out.emplace_back(to_proto_json(one));
        return out;
    }
    if (!ours.is_object()) return ours;
    json::object out;
    for (const auto& entry : ours.get_object()) {
        const std::string_view name{entry.key().data(), entry.key().size()};
        if (entry.value().is_null()) continue;
        const bool key = name == "id" || name.ends_with("_id");
        if (key && entry.value().is_int64())
            out[to_camel(name)] = std::to_string(entry.value().get_int64());
        else
            out[to_camel(name)] = to_proto_json(entry.value());
    }
    return out;
}

json::object from_proto_json(const json::object& theirs) {
    json::object out;
    for (const auto& entry : theirs)
        out[to_snake({entry.key().data(), entry.key().size()})] = from_proto_value(entry.value());
    return out;
}

} // namespace tusk::talk
