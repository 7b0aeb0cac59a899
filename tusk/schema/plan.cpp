#include <tusk/schema/plan.hpp>

#include <algorithm>
#include <array>

#include <boost/json/array.hpp>

#include <tusk/core/error.hpp>

namespace tusk::schema {

namespace json = boost::json;

namespace {

constexpr std::string_view plan_schema = "tusk.schema.plan/1";

constexpr std::array<std::string_view, 13> hazard_names{
    "deletes_data",
    "access_exclusive_lock",
    "share_lock",
    "rewrites_table",
    "scans_table",
    "index_build",
    "index_dropped",
    "fills_rows",
    "depends_on_data",
    "authorization",
    "untracked_dependencies",
    "correctness",
    "extension_upgrade",
};

[[noreturn]] void refuse_plan(const std::string& why) {
    throw error{errc::invalid_argument, "this is no plan: " + why};
}

std::string plan_text(const json::object& from, std::string_view key) {
    const auto* value = from.if_contains(key);
    if (value == nullptr || !value->is_string()) refuse_plan("`" + std::string{key} + "` is missing");
    return std::string{value->get_string()};
}

bool flag_of(const json::object& from, std::string_view key, bool otherwise) {
    const auto* value = from.if_contains(key);
    return value != nullptr && value->is_bool() ? value->get_bool() : otherwise;
}

} // namespace

std::string_view name_of(hazard h) noexcept { return hazard_names[static_cast<std::size_t>(h)]; }

std::optional<hazard> hazard_of(std::string_view name) noexcept {
    for (std::size_t i = 0; i < hazard_names.size(); ++i)
        if (hazard_names[i] == name) return static_cast<hazard>(i);
    return std::nullopt;
}

std::vector<std::vector<statement>> plan::segments() const {
    std::vector<std::vector<statement>> out;
    bool open = false;
    for (const auto& s : statements_) {
        const bool by_itself = !s.transactional || s.alone || s.change == "session";
        if (by_itself || !open) out.emplace_back();
        out.back().push_back(s);
        open = !by_itself;
    }
    return out;
}

std::vector<hazard> plan::hazards() const {
    std::set<hazard> all;
    for (const auto& s : statements_) all.insert(s.hazards.begin(), s.hazards.end());
    return {all.begin(), all.end()};
}

std::string plan::sql(bool with_comments) const {
    std::string out;
    for (const auto& s : statements_) {
        if (with_comments && !s.hazards.empty()) {
            out += "-- hazard:";
            for (const auto h : s.hazards) out += " " + std::string{name_of(h)};
            out += "\n";
        }
        out += s.sql + ";\n";
    }
    return out;
}

json::object to_json(const plan& p) {
    json::array statements;
    for (const auto& s : p.statements()) {
        json::array hazards;
        for (const auto h : s.hazards) hazards.emplace_back(name_of(h));
        statements.push_back(json::object{{"sql", s.sql},
                                          {"about", s.about},
                                          {"change", s.change},
                                          {"transactional", s.transactional},
                                          {"alone", s.alone},
                                          {"hazards", std::move(hazards)}});
    }
    return {
        {"schema", plan_schema}, {"from", p.from()}, {"to", p.to()}, {"statements", std::move(statements)}};
}

plan plan_from_json(const json::object& file) {
    if (plan_text(file, "schema") != plan_schema)
        refuse_plan("its `schema` is not " + std::string{plan_schema});
    const auto* list = file.if_contains("statements");
    if (list == nullptr || !list->is_array()) refuse_plan("`statements` is missing");
    std::vector<statement> statements;
    for (const auto& each : list->get_array()) {
        if (!each.is_object()) refuse_plan("a statement is no object");
        const auto& from = each.get_object();
        statement s;
        s.sql = plan_text(from, "sql");
        s.about = plan_text(from, "about");
        s.change = plan_text(from, "change");
        s.transactional = flag_of(from, "transactional", true);
        s.alone = flag_of(from, "alone", false);
        if (const auto* hazards = from.if_contains("hazards"); hazards != nullptr && hazards->is_array())
            for (const auto& name : hazards->get_array())
                if (name.is_string())
                    if (const auto h = hazard_of(std::string_view{name.get_string()}))
                        s.hazards.push_back(*h);
        statements.push_back(std::move(s));
    }
    return {std::move(statements), plan_text(file, "from"), plan_text(file, "to")};
}

} // namespace tusk::schema
