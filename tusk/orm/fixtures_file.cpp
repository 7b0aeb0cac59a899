#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include <yaml-cpp/yaml.h>

#include <tusk/orm/fixtures.hpp>

namespace tusk::orm::detail {

namespace {

/// Reads one file of fixtures into a plan.
class fixture_reader {
public:
    fixture_reader(fixture_plan& into, const std::string& file) : plan_{into}, file_{file} {}

    void read(const YAML::Node& root) {
        if (!root.IsDefined() || root.IsNull()) return;
        if (!root.IsSequence()) fail(root, "fixtures are a list of models with rows");
        for (const auto& group : root) read_group(group);
    }

private:
    [[noreturn]] void fail(const YAML::Node& at, const std::string& why) const {
        throw error{errc::invalid_argument, place(at) + ": " + why};
    }
    std::string place(const YAML::Node& at) const { return file_ + ':' + std::to_string(at.Mark().line + 1); }
    static std::string text_of(const YAML::Node& n) { return n.IsScalar() ? n.Scalar() : std::string{}; }

    const table_info& model_of(const YAML::Node& group) const {
        const auto name = text_of(group["model"]);
        for (const auto* m : plan_.models)
            if (m->type_name == name) return *m;
        fail(group, "there is no model " + name + "; give it to fixtures::models<…>()");
    }
    void read_group(const YAML::Node& group) {
        if (!group.IsMap() || !group["model"]) fail(group, "expected `model:` and `rows:`");
        for (const auto& part : group)
            if (const auto key = text_of(part.first); key != "model" && key != "rows")
                fail(part.first, "unknown key " + key + "; expected model or rows");
        const auto& table = model_of(group);
        const auto rows = group["rows"];
        if (!rows || rows.IsNull()) return;
        if (!rows.IsSequence()) fail(rows, "rows are a list");
        for (const auto& row : rows) read_row(table, row);
    }
    void read_row(const table_info& table, const YAML::Node& row) {
        if (!row.IsMap()) fail(row, "a row is a map of columns and values");
        fixture_row out;
        out.table = &table;
        out.where = place(row);
        std::set<std::string> seen;
        for (const auto& part : row) {
            const auto name = text_of(part.first);
            if (!seen.insert(name).second) fail(part.first, "the column " + name + " twice");
            if (name == "_id") {
                out.label = text_of(part.second);
                check_label(part.second, table, out.label);
                continue;
            }
            fixture_value v;
            v.column = table.find(name);
            v.line = static_cast<std::size_t>(part.first.Mark().line + 1);
            if (v.column == nullptr)
                fail(part.first, "the model " + std::string{table.type_name} + " has no column " + name);
            write_json(v.json, part.second);
            out.values.push_back(std::move(v));
        }
        plan_.rows.push_back(std::move(out));
    }
    void check_label(const YAML::Node& at, const table_info& table, const std::string& label) const {
        if (label.empty()) fail(at, "_id is a name");
        for (const auto& r : plan_.rows)
            if (r.table == &table && r.label == label)
                fail(at, "the _id " + label + " is that of another row, at " + r.where);
    }

    // --- YAML to JSON ---
    static void put(std::vector<fixture_segment>& out, std::string_view text) {
        if (out.empty() || out.back().is_place) out.emplace_back();
        out.back().text += text;
    }
    static void put_escaped(std::vector<fixture_segment>& out, std::string_view text) {
        constexpr std::string_view digits = "0123456789abcdef";
        std::string json;
        for (const char c : text) {
            if (c == '"' || c == '\\') json += '\\';
            if (static_cast<unsigned char>(c) >= 0x20) {
                json += c;
            } else {
                json += "\\u00";
                json += digits[static_cast<unsigned char>(c) >> 4U];
                json += digits[static_cast<unsigned char>(c) & 15U];
            }
        }
        put(out, json);
    }
    void write_json(std::vector<fixture_segment>& out, const YAML::Node& n) const {
        if (n.IsNull()) return put(out, "null");
        if (n.IsSequence()) {
            put(out, "[");
            bool first = true;
            for (const auto& item : n) {
                if (!first) put(out, ",");
                first = false;
                write_json(out, item);
            }
            return put(out, "]");
        }
        if (n.IsMap()) {
            put(out, "{");
            bool first = true;
            for (const auto& part : n) {
                put(out, first ? "\"" : ",\"");
                first = false;
                put_escaped(out, text_of(part.first));
                put(out, "\":");
                write_json(out, part.second);
            }
            return put(out, "}");
        }
        if (n.Tag() == "?" && is_json_scalar(n.Scalar())) return put(out, n.Scalar());
        put(out, "\"");
        write_template(out, n);
        put(out, "\"");
    }
    /// Text with `{{ name }}`.
    void write_template(std::vector<fixture_segment>& out, const YAML::Node& n) const {
        std::string_view rest = n.Scalar();
        for (;;) {
            const auto open = rest.find("{{");
            put_escaped(out, rest.substr(0, open));
            if (open == std::string_view::npos) return;
            const auto close = rest.find("}}", open);
            if (close == std::string_view::npos) fail(n, "{{ without }}");
            auto inside = rest.substr(open + 2, close - open - 2);
            while (!inside.empty() && inside.front() == ' ') inside.remove_prefix(1);
            while (!inside.empty() && inside.back() == ' ') inside.remove_suffix(1);
            if (inside.empty()) fail(n, "{{ }} says nothing");
            out.push_back({std::string{inside}, true});
            rest.remove_prefix(close + 2);
        }
    }
    /// A number or a truth value as JSON writes it; others are texts.
    static bool is_json_scalar(std::string_view s) {
        if (s == "true" || s == "false") return true;
        std::size_t i = s.starts_with('-') ? 1 : 0;
        const auto digits = [&] {
            const auto begin = i;
            while (i < s.size() && s[i] >= '0' && s[i] <= '9') ++i;
            return i - begin;
        };
        const bool zero = i < s.size() && s[i] == '0';
        const auto whole = digits();
        if (whole == 0 || (zero && whole > 1)) return false;
        if (i < s.size() && s[i] == '.') {
            ++i;
            if (digits() == 0) return false;
        }
        return i == s.size();
    }

    fixture_plan& plan_;
    const std::string& file_;
};

} // namespace

void read_fixtures(fixture_plan& into, std::string_view yaml, const std::string& file) {
    const auto rows_before = into.rows.size();
    try {
        fixture_reader{into, file}.read(YAML::Load(std::string{yaml}));
    } catch (const YAML::Exception& e) {
        into.rows.resize(rows_before);
        throw error{errc::invalid_argument, file + ':' + std::to_string(e.mark.line + 1) + ": " + e.msg};
    } catch (...) {
        into.rows.resize(rows_before);
        throw;
    }
}

std::string fixture_file_text(const std::filesystem::path& file) {
    std::ifstream in{file, std::ios::binary};
    std::ostringstream text;
    text << in.rdbuf();
    if (!in) throw error{errc::invalid_argument, file.string() + ": the file cannot be read"};
    return text.str();
}

} // namespace tusk::orm::detail
