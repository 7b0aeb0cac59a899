#include <tusk/migrate/detail/tree.hpp>

namespace tusk::migrate::detail {

node node::operator[](std::string_view key) const {
    const auto* object = value_ == nullptr ? nullptr : value_->if_object();
    return node{object == nullptr ? nullptr : object->if_contains(key)};
}

std::string node::text() const {
    const auto* text = value_ == nullptr ? nullptr : value_->if_string();
    return text == nullptr ? std::string{} : std::string{*text};
}

std::int64_t node::number() const {
    const auto* number = value_ == nullptr ? nullptr : value_->if_int64();
    return number == nullptr ? 0 : *number;
}

bool node::flag() const {
    const auto* flag = value_ == nullptr ? nullptr : value_->if_bool();
    return flag != nullptr && *flag;
}

std::vector<node> node::list() const {
    std::vector<node> out;
    const auto* list = value_ == nullptr ? nullptr : value_->if_array();
    if (list != nullptr)
        for (const auto& each : *list) out.emplace_back(&each);
    return out;
}

std::string node::kind() const {
    const auto* object = value_ == nullptr ? nullptr : value_->if_object();
    return object == nullptr || object->empty() ? std::string{} : std::string{object->begin()->key()};
}

node node::inner() const {
    const auto* object = value_ == nullptr ? nullptr : value_->if_object();
    return node{object == nullptr || object->empty() ? nullptr : &object->begin()->value()};
}

std::vector<std::string> name_parts(node list) {
    std::vector<std::string> out;
    // A list stands in a node of its own where it is an item of another list.
    const auto items = list["List"] ? list["List"]["items"].list() : list.list();
    for (const auto& each : items) {
        const auto string = each["String"];
        // Called str up to PostgreSQL 14, sval since.
        out.push_back(string["sval"] ? string["sval"].text() : string["str"].text());
    }
    return out;
}

std::string relation_name(node range_var) {
    const auto schema = range_var["schemaname"].text();
    return (schema.empty() ? "" : schema + ".") + range_var["relname"].text();
}

} // namespace tusk::migrate::detail
