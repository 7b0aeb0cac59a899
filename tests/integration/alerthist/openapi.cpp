#include <cmath>
#include <fstream>
#include <sstream>

#include "support.hpp"

/// A validator for the part of JSON Schema that openapi.json uses.
namespace alerthist_test {

namespace {

const json::value& resolved(const json::value& schema) {
    const auto* ref = schema.is_object() ? schema.get_object().if_contains("$ref") : nullptr;
    if (!ref) return schema;
    std::string_view path{ref->get_string().data(), ref->get_string().size()};
    path.remove_prefix(2);
    const json::value* at = nullptr;
    const json::object* in = &openapi();
    while (!path.empty()) {
        const auto name = path.substr(0, path.find('/'));
        path.remove_prefix(std::min(path.size(), name.size() + 1));
        at = &in->at({name.data(), name.size()});
        in = at->if_object();
    }
    return resolved(*at);
}

bool has_type(const json::value& v, std::string_view type) {
    if (type == "object") return v.is_object();
    if (type == "array") return v.is_array();
    if (type == "string") return v.is_string();
    if (type == "boolean") return v.is_bool();
    if (type == "null") return v.is_null();
    if (type == "integer") return v.is_int64() || v.is_uint64();
    return v.is_number();
}

std::string check(const json::value& schema, const json::value& v, const std::string& path);

std::string check_object(const json::object& s, const json::object& v, const std::string& path) {
    if (const auto* required = s.if_contains("required"))
        for (const auto& name : required->get_array())
            if (!v.contains(name.get_string()))
                return path + ": lacks " + std::string{name.get_string().c_str()} + "; ";
    const auto* known = s.if_contains("properties");
    const auto* others = s.if_contains("additionalProperties");
    std::string out;
    for (const auto& [name, value] : v) {
        const auto own = path + "." + std::string{name.data(), name.size()};
        const auto* schema = known ? known->get_object().if_contains(name) : nullptr;
        if (schema)
            out += check(*schema, value, own);
        else if (others && others->is_object())
            out += check(*others, value, own);
        else if (others && others->is_bool() && !others->get_bool())
            out += own + ": is not known; ";
    }
    return out;
}

std::string check_string(const json::object& s, const json::string& v, const std::string& path) {
    if (const auto* format = s.if_contains("format"); format && *format == "date-time") {
        tusk::alerthist::instant at;
        const auto parsed = tusk::alerthist::parse_instant({v.data(), v.size()});
        if (!parsed) return path + ": no time: " + std::string{v.c_str()} + "; ";
    }
    return {};
}

std::string check(const json::value& given, const json::value& v, const std::string& path) {
    const auto& schema = resolved(given);
    const auto& s = schema.get_object();
    for (const auto* word : {"anyOf", "oneOf"})
        if (const auto* list = s.if_contains(word)) {
            std::string all;
            for (const auto& one : list->get_array()) {
                const auto problem = check(one, v, path);
                if (problem.empty()) return {};
                all += problem;
            }
            return all;
        }
    if (const auto* type = s.if_contains("type")) {
        bool fits = false;
        if (type->is_string())
            fits = has_type(v, type->get_string().c_str());
        else
            for (const auto& one : type->get_array()) fits = fits || has_type(v, one.get_string().c_str());
        if (!fits)
            return path + ": is " + json::serialize(v).substr(0, 40) + ", not " + json::serialize(*type) +
                   "; ";
    }
    if (const auto* list = s.if_contains("enum")) {
        bool found = false;
        for (const auto& one : list->get_array()) found = found || one == v;
        if (!found) return path + ": " + json::serialize(v) + " is none of " + json::serialize(*list) + "; ";
    }
    if (v.is_object()) return check_object(s, v.get_object(), path);
    if (v.is_string()) return check_string(s, v.get_string(), path);
    std::string out;
    if (const auto* items = s.if_contains("items"); items && v.is_array())
        for (std::size_t i = 0; i < v.get_array().size(); ++i)
            out += check(*items, v.get_array()[i], path + "[" + std::to_string(i) + "]");
    return out;
}

std::vector<std::string> segments(std::string_view path) {
    std::vector<std::string> out{""};
    for (const char c : path.substr(0, path.find('?')))
        if (c == '/')
            out.emplace_back();
        else
            out.back() += c;
    return out;
}

/// The path of the document that a target has; literal segments are preferred.
std::string path_of(std::string_view target) {
    const auto wanted = segments(target);
    std::string best;
    std::size_t fewest = 100;
    for (const auto& [path, item] : openapi().at("paths").get_object()) {
        const auto own = segments({path.data(), path.size()});
        if (own.size() != wanted.size()) continue;
        std::size_t parameters = 0;
        bool fits = true;
        for (std::size_t i = 0; i < own.size(); ++i) {
            const bool parameter = own[i].starts_with('{');
            parameters += parameter;
            fits = fits && (parameter ? !wanted[i].empty() : own[i] == wanted[i]);
        }
        if (!fits || parameters >= fewest) continue;
        best = {path.data(), path.size()};
        fewest = parameters;
    }
    return best;
}

} // namespace

const json::object& openapi() {
    static const json::value document = [] {
        std::ifstream file{std::string{TUSK_TEST_SOURCE_DIR} + "/services/alerthist/openapi.json"};
        std::stringstream text;
        text << file.rdbuf();
        return json::parse(text.str());
    }();
    return document.get_object();
}

std::string objections(const std::string& method, const std::string& target, const answer& what) {
    const auto path = path_of(target);
    if (method == "OPTIONS") return {}; // every route answers it
    std::string verb;
    for (const char c : method) verb += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const json::object* operation = nullptr;
    if (!path.empty())
        if (const auto* found = openapi().at("paths").at(path).get_object().if_contains(verb))
            operation = found->if_object();
    json::value error_schema{{"$ref", "#/components/schemas/Error"}};
    if (!operation) // whatever is not there has the envelope, too
        return what.status == 404 || what.status == 405 ? check(error_schema, json::parse(what.body), "error")
                                                        : "not described; ";
    const auto& responses = operation->at("responses").get_object();
    const auto* found = responses.if_contains(std::to_string(what.status));
    if (!found) return "status " + std::to_string(what.status) + " is not described; ";
    const auto* content = resolved(*found).get_object().if_contains("content");
    if (!content) return what.body.empty() ? "" : "no body is described; ";
    const auto* schema = content->get_object().if_contains("application/json");
    if (!schema) return {};
    return check(schema->at("schema"), json::parse(what.body), "body");
}

} // namespace alerthist_test
