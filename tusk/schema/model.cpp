#include <tusk/schema/model.hpp>

#include <algorithm>

#include <boost/json/array.hpp>
#include <boost/json/value_to.hpp>

#include <tusk/core/error.hpp>
#include <tusk/schema/identifier.hpp>

namespace tusk::schema {

namespace json = boost::json;

namespace {

constexpr std::string_view snapshot_schema = "tusk.schema.snapshot/1";

json::array to_array(const std::vector<std::string>& items) {
    return json::array(items.begin(), items.end());
}

json::object to_json(const object& from) {
    json::object out{{"kind", name_of(from.kind)}, {"name", from.name}};
    if (!from.schema.empty()) out["schema"] = from.schema;
    if (!from.table.empty()) out["table"] = from.table;
    json::object fields;
    for (const auto& [name, value] : from.fields)
        if (value.find(list_separator) == std::string::npos)
            fields[name] = value;
        else
            fields[name] = to_array(split_list(value));
    out["fields"] = std::move(fields);
    if (!from.depends.empty()) out["depends"] = to_array(from.depends);
    if (!from.mentions.empty()) out["mentions"] = to_array(from.mentions);
    return out;
}

[[noreturn]] void refuse_snapshot(const std::string& why) {
    throw error{errc::invalid_argument, "this is no snapshot of a schema: " + why};
}

std::string snapshot_text(const json::object& from, std::string_view key) {
    const auto* value = from.if_contains(key);
    if (value == nullptr) return {};
    if (!value->is_string()) refuse_snapshot("`" + std::string{key} + "` is no text");
    return std::string{value->get_string()};
}

std::vector<std::string> texts_of(const json::value& from) {
    if (!from.is_array()) refuse_snapshot("a list is missing");
    std::vector<std::string> out;
    for (const auto& item : from.get_array()) {
        if (!item.is_string()) refuse_snapshot("a list holds something that is no text");
        out.emplace_back(item.get_string());
    }
    return out;
}

object object_from(const json::value& from) {
    if (!from.is_object()) refuse_snapshot("an object of the database is no JSON object");
    const auto& all = from.get_object();
    object out;
    const auto kind = kind_of(snapshot_text(all, "kind"));
    if (!kind) refuse_snapshot("there is no kind `" + snapshot_text(all, "kind") + "`");
    out.kind = *kind;
    out.schema = snapshot_text(all, "schema");
    out.table = snapshot_text(all, "table");
    out.name = snapshot_text(all, "name");
    if (const auto* fields = all.if_contains("fields")) {
        if (!fields->is_object()) refuse_snapshot("`fields` is no object");
        for (const auto& [name, value] : fields->get_object())
            out.fields[std::string{name}] = value.is_string()
                                                ? std::string{value.get_string()}
                                                : join(texts_of(value), std::string_view{&list_separator, 1});
    }
    if (const auto* depends = all.if_contains("depends")) out.depends = texts_of(*depends);
    if (const auto* mentions = all.if_contains("mentions")) out.mentions = texts_of(*mentions);
    return out;
}

void mix(std::uint64_t& sum, std::string_view text) {
    for (const char c : text) {
        sum ^= static_cast<unsigned char>(c);
        sum *= 0x100000001b3ULL;
    }
    sum ^= 0xff;
    sum *= 0x100000001b3ULL;
}

} // namespace

model::model(std::vector<object> objects, int server_version)
    : objects_{std::move(objects)}, version_{server_version} {
    for (const auto& o : objects_) static_cast<void>(o.id());
    std::sort(objects_.begin(), objects_.end(),
              [](const object& a, const object& b) { return a.id() < b.id(); });
    by_id_.reserve(objects_.size());
    for (std::size_t i = 0; i < objects_.size(); ++i) {
        by_id_.emplace(objects_[i].id(), i);
        if (!objects_[i].table.empty()) parts_.emplace(objects_[i].sql_table(), i);
    }
}

const object* model::find(std::string_view id) const {
    const auto found = by_id_.find(id);
    return found == by_id_.end() ? nullptr : &objects_[found->second];
}

std::vector<const object*> model::parts_of(std::string_view schema, std::string_view table) const {
    const auto [begin, end] = parts_.equal_range(qualified_name(schema, table));
    std::vector<std::size_t> at;
    for (auto i = begin; i != end; ++i) at.push_back(i->second);
    std::sort(at.begin(), at.end());
    std::vector<const object*> out;
    out.reserve(at.size());
    for (const auto i : at) out.push_back(&objects_[i]);
    return out;
}

std::string model::fingerprint() const {
    std::uint64_t sum = 0xcbf29ce484222325ULL;
    for (const auto& o : objects_) {
        mix(sum, o.id());
        for (const auto& [name, value] : o.fields) {
            if (name == "position") continue;
            mix(sum, name);
            if (name != "privileges" && name != "column_privileges") {
                mix(sum, value);
                continue;
            }
            auto granted = split_list(value);
            std::sort(granted.begin(), granted.end());
            for (const auto& each : granted) mix(sum, each);
        }
    }
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out(16, '0');
    for (std::size_t i = 16; i-- > 0; sum >>= 4) out[i] = digits[sum & 15];
    return out;
}

json::object to_json(const model& from) {
    json::array objects;
    objects.reserve(from.objects().size());
    for (const auto& o : from.objects()) objects.push_back(to_json(o));
    return {{"schema", snapshot_schema},
            {"server_version", from.server_version()},
            {"fingerprint", from.fingerprint()},
            {"objects", std::move(objects)}};
}

model from_json(const json::object& snapshot) {
    if (snapshot_text(snapshot, "schema") != snapshot_schema)
        refuse_snapshot("its `schema` is not " + std::string{snapshot_schema});
    const auto* version = snapshot.if_contains("server_version");
    const auto* list = snapshot.if_contains("objects");
    if (version == nullptr || !version->is_int64() || list == nullptr || !list->is_array())
        refuse_snapshot("`server_version` or `objects` is missing");
    std::vector<object> objects;
    for (const auto& each : list->get_array()) objects.push_back(object_from(each));
    return {std::move(objects), static_cast<int>(version->get_int64())};
}

} // namespace tusk::schema
