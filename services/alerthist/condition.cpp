#include <services/alerthist/condition.hpp>

#include <algorithm>
#include <optional>

#include <boost/json.hpp>

#include <services/alerthist/json_view.hpp>
#include <services/alerthist/query.hpp>

namespace tusk::alerthist {

namespace json = boost::json;

namespace {

constexpr std::size_t deepest = 16;
constexpr std::size_t most_nodes = 1000;
constexpr std::size_t longest_condition_word = 1000;

std::string in_lower_case(std::string_view text) {
    std::string out{text};
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

std::string_view find_in(const label_set& set, const std::string& name) {
    const auto found = set.find(name);
    return found == set.end() ? std::string_view{} : std::string_view{found->second};
}

enum class field_kind : std::uint8_t { text, number };

constexpr std::pair<std::string_view, field_kind> plain_fields[] = {
    {"alert_name", field_kind::text},
    {"status", field_kind::text},
    {"severity", field_kind::text},
    {"namespace", field_kind::text},
    {"classification.severity", field_kind::text},
    {"classification.category", field_kind::text},
    {"classification.confidence", field_kind::number},
    {"age_seconds", field_kind::number},
    {"ends_at_known", field_kind::text},
};

constexpr std::string_view operators[] = {"equals", "not_equals", "in", "not_in", "prefix", "contains",
                                          "exists", "missing",    "lt", "le",     "gt",     "ge"};

} // namespace

struct alert_condition::node {
    enum class kind : std::uint8_t { all, any, negation, test };
    kind what = kind::all;
    std::vector<node> children;
    std::string field; ///< Without "label:" and "annotation:".
    enum class place : std::uint8_t { plain, label, annotation } where = place::plain;
    field_kind type = field_kind::text;
    std::string_view op;
    std::vector<std::string> words; ///< In lower case.
    double number = 0;

    bool holds(const alert_view& of) const;
    bool test(const alert_view& of) const;
    bool test_number(const alert_view& of) const;
    std::string_view text(const alert_view& of) const;
};

bool alert_condition::node::holds(const alert_view& of) const {
    const auto one = [&of](const node& n) { return n.holds(of); };
    switch (what) {
    case kind::all: return std::all_of(children.begin(), children.end(), one);
    case kind::any: return std::any_of(children.begin(), children.end(), one);
    case kind::negation: return !children.front().holds(of);
    default: return type == field_kind::number ? test_number(of) : test(of);
    }
}

std::string_view alert_condition::node::text(const alert_view& of) const {
    if (where == place::label) return find_in(of.what->labels, field);
    if (where == place::annotation) return find_in(of.what->annotations, field);
    if (field == "alert_name") return find_in(of.what->labels, "alertname");
    if (field == "status") return to_string(of.what->status);
    if (field == "ends_at_known") return of.what->ends_at ? "true" : "false";
    if (field == "severity" || field == "namespace") return find_in(of.what->labels, field);
    if (!of.judged) return {};
    return field == "classification.severity" ? of.judged->severity : of.judged->category;
}

bool alert_condition::node::test(const alert_view& of) const {
    const auto value = in_lower_case(text(of));
    const auto is_listed = [&] { return std::find(words.begin(), words.end(), value) != words.end(); };
    if (op == "exists") return !value.empty();
    if (op == "missing") return value.empty();
    if (op == "equals" || op == "in") return is_listed();
    if (op == "not_equals" || op == "not_in") return !is_listed();
    if (op == "prefix") return value.starts_with(words.front());
    return value.find(words.front()) != std::string::npos;
}

bool alert_condition::node::test_number(const alert_view& of) const {
    double value = 0;
    if (field == "age_seconds") {
        const auto since = of.what->ends_at.value_or(of.what->starts_at);
        value = std::chrono::duration<double>{of.now - since}.count();
    } else if (of.judged) {
        value = of.judged->confidence;
    } else {
        return op == "missing";
    }
    if (op == "lt") return value < number;
    if (op == "le") return value <= number;
    if (op == "gt") return value > number;
    if (op == "ge") return value >= number;
    return op == "exists" || (op == "equals" && value == number) || (op == "not_equals" && value != number);
}

/// Reads JSON; the first problem stops it.
class alert_condition::reader {
public:
    std::optional<std::string> problem;

    bool read(const json::value& from, const std::string& path, std::size_t depth, node& out) {
        if (depth > deepest) return fail(path, "nested deeper than " + std::to_string(deepest));
        if (++count_ > most_nodes)
            return fail(path, "more than " + std::to_string(most_nodes) + " conditions");
        const auto* object = from.if_object();
        if (!object) return fail(path, "expected an object");
        for (const auto& [word, what] : {std::pair{"all", node::kind::all}, {"any", node::kind::any}})
            if (const auto* list = object->if_contains(word)) {
                out.what = what;
                return read_list(*list, path + "." + word, depth, out);
            }
        if (const auto* inner = object->if_contains("not")) {
            out.what = node::kind::negation;
            out.children.resize(1);
            return read(*inner, path + ".not", depth + 1, out.children.front());
        }
        out.what = node::kind::test;
        return read_field(*object, path, out) && read_operator(*object, path, out);
    }

private:
    bool fail(const std::string& path, const std::string& why) {
        problem = path + ": " + why;
        return false;
    }

    bool read_list(const json::value& from, const std::string& path, std::size_t depth, node& out) {
        const auto* list = from.if_array();
        if (!list) return fail(path, "expected a list of conditions");
        out.children.resize(list->size());
        for (std::size_t i = 0; i < list->size(); ++i)
            if (!read((*list)[i], path + "[" + std::to_string(i) + "]", depth + 1, out.children[i]))
                return false;
        return true;
    }

    bool read_field(const json::object& from, const std::string& path, node& out) {
        const auto* given = from.if_contains("field");
        if (!given || !given->is_string())
            return fail(path, "expected one of all, any, not, or field with op and value");
        const auto name = view(given->get_string());
        if (name.size() > longest_condition_word || !is_storable_text(name))
            return fail(path + ".field", "is no text");
        for (const auto& [prefix, where] : {std::pair{std::string_view{"label:"}, node::place::label},
                                            {"annotation:", node::place::annotation}}) {
            if (!name.starts_with(prefix) || name.size() == prefix.size()) continue;
            out.where = where;
            out.field = name.substr(prefix.size());
            return true;
        }
        for (const auto& [known, type] : plain_fields)
            if (known == name) {
                out.field = known;
                out.type = type;
                return true;
            }
        return fail(path + ".field",
                    "is not known; label:NAME, annotation:NAME, alert_name, status, severity, "
                    "namespace, classification.severity, classification.category, "
                    "classification.confidence, age_seconds, ends_at_known are");
    }

    bool read_operator(const json::object& from, const std::string& path, node& out) {
        const auto* given = from.if_contains("op");
        if (!given || !given->is_string()) return fail(path + ".op", "is missing");
        const auto* known = std::find(std::begin(operators), std::end(operators), view(given->get_string()));
        if (known == std::end(operators)) return fail(path + ".op", "is not known");
        out.op = *known;
        if (out.op == "exists" || out.op == "missing") return true;
        const auto* value = from.if_contains("value");
        if (!value) return fail(path + ".value", "is missing");
        const bool order = out.op == "lt" || out.op == "le" || out.op == "gt" || out.op == "ge";
        if (out.type == field_kind::number) {
            if (!order && out.op != "equals" && out.op != "not_equals")
                return fail(path + ".op", "is not for numbers");
            if (!value->is_number()) return fail(path + ".value", "expected a number");
            out.number = value->to_number<double>();
            return true;
        }
        if (order) return fail(path + ".op", "is for classification.confidence and age_seconds");
        return read_words(*value, path + ".value", out);
    }

    bool read_words(const json::value& from, const std::string& path, node& out) {
        const bool many = out.op == "in" || out.op == "not_in";
        const auto add = [&](const json::value& one) {
            if (!one.is_string()) return fail(path, many ? "expected a list of words" : "expected a word");
            const auto word = view(one.get_string());
            if (word.size() > longest_condition_word || !is_storable_text(word))
                return fail(path, "is no text");
            out.words.push_back(in_lower_case(word));
            return true;
        };
        if (!many) return add(from);
        const auto* list = from.if_array();
        if (!list || list->size() > most_nodes) return fail(path, "expected a list of words");
        return std::all_of(list->begin(), list->end(), add);
    }

    std::size_t count_ = 0;
};

alert_condition::alert_condition() : root_{std::make_shared<node>()} {}

boost::system::result<alert_condition, std::string> alert_condition::parse(const json::value& from,
                                                                           const std::string& path) {
    auto root = std::make_shared<node>();
    reader in;
    if (!in.read(from, path, 0, *root)) return *in.problem;
    return alert_condition{std::move(root)};
}

bool alert_condition::holds(const alert_view& of) const { return root_->holds(of); }

} // namespace tusk::alerthist
