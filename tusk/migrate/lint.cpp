#include <tusk/migrate/lint.hpp>

#include <algorithm>
#include <sstream>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <tusk/migrate/detail/lint_rules.hpp>
#include <tusk/migrate/detail/parser.hpp>
#include <tusk/migrate/directive.hpp>

namespace tusk::migrate {

namespace json = boost::json;

namespace {

/// What `nolint` leaves out.
class exceptions {
public:
    void add(const std::vector<directive>& from) {
        for (const auto& d : from) {
            if (d.name != "nolint") continue;
            all_ = all_ || d.arguments.empty();
            std::istringstream words{d.arguments};
            for (std::string word; words >> word;) names_.insert(word);
        }
    }
    bool hold(const detail::remark& r) const {
        return all_ || names_.contains(r.code) || names_.contains(r.analyzer);
    }
    bool hold_all() const noexcept { return all_; }

private:
    bool all_ = false;
    std::set<std::string> names_;
};

class linter {
public:
    linter(const lint_options& o, lint_report& report) : options_{&o}, report_{&report} {}

    failure look_at(const migration_file& file) {
        report_->files.push_back(file.name());
        exceptions of_file;
        of_file.add(file.directives());
        if (of_file.hold_all()) return {};
        const auto statements = file.statements();
        if (!statements) return statements.error();
        detail::file_state state;
        state.mode = file.mode().value_or(tx_mode::file);
        for (const auto& s : *statements) look_at(file, s, of_file, state);
        return {};
    }

private:
    void look_at(const migration_file& file, const statement& s, exceptions excepted,
                 detail::file_state& state) {
        for (const auto& comment : s.comments) excepted.add(directives_in(comment));
        const auto parsed = detail::parse(s.text);
        if (!parsed.error.empty()) {
            const auto at = s.offset + offset_of_character(s.text, parsed.position);
            report_->not_analysed.push_back(file.place_of(at) + ": " + parsed.error);
            return;
        }
        for (const auto& remark : detail::remarks_on(detail::node{&parsed.tree}, state))
            if (!excepted.hold(remark) && !is_in(options_->ignored(), remark)) keep(file, s, remark);
    }

    void keep(const migration_file& file, const statement& s, const detail::remark& r) {
        lint_finding out;
        out.code = r.code;
        out.analyzer = r.analyzer;
        out.severity = is_in(options_->errors(), r) ? lint_severity::error : lint_severity::warning;
        out.file = file.name();
        out.where = position_of(file.content(), s.offset);
        out.message = r.message;
        out.remedy = r.remedy;
        out.excerpt = with_caret(file.content(), s.offset);
        report_->findings.push_back(std::move(out));
    }

    static bool is_in(const std::set<std::string>& names, const detail::remark& r) {
        return names.contains(r.code) || names.contains(r.analyzer);
    }

    const lint_options* options_;
    lint_report* report_;
};

const char* name_of(lint_severity s) { return s == lint_severity::error ? "error" : "warning"; }

json::object rule_of(const lint_finding& f) {
    return {{"id", f.code}, {"name", f.analyzer}, {"help", json::object{{"text", f.remedy}}}};
}

json::object result_of(const lint_finding& f) {
    const json::object region{{"startLine", f.where.line}, {"startColumn", f.where.column}};
    const json::object place{{"artifactLocation", json::object{{"uri", f.file}}}, {"region", region}};
    return {{"ruleId", f.code},
            {"level", name_of(f.severity)},
            {"message", json::object{{"text", f.message + ". " + f.remedy}}},
            {"locations", json::array{json::object{{"physicalLocation", place}}}}};
}

} // namespace

bool lint_report::has_errors() const noexcept {
    return std::any_of(findings.begin(), findings.end(),
                       [](const lint_finding& f) { return f.severity == lint_severity::error; });
}

result<lint_report> lint(const directory& dir, const lint_options& o) {
    lint_report out;
    linter work{o, out};
    const auto& files = dir.files();
    const auto first = o.latest() == 0 || o.latest() > files.size() ? 0 : files.size() - o.latest();
    for (std::size_t i = o.only().empty() ? first : 0; i < files.size(); ++i) {
        if (!o.only().empty() && !o.only().contains(files[i].name())) continue;
        if (auto f = work.look_at(files[i])) return failed<lint_report>(std::move(f));
    }
    return out;
}

std::string to_json(const lint_report& r) {
    json::array findings;
    for (const auto& f : r.findings)
        findings.push_back(json::object{{"code", f.code},
                                        {"analyzer", f.analyzer},
                                        {"severity", name_of(f.severity)},
                                        {"file", f.file},
                                        {"line", f.where.line},
                                        {"column", f.where.column},
                                        {"message", f.message},
                                        {"remedy", f.remedy}});
    return json::serialize(
        json::object{{"schema", "tusk.migrate.lint/1"},
                     {"files", json::array(r.files.begin(), r.files.end())},
                     {"findings", std::move(findings)},
                     {"not_analysed", json::array(r.not_analysed.begin(), r.not_analysed.end())}});
}

std::string to_sarif(const lint_report& r) {
    json::array rules;
    json::array results;
    std::set<std::string> known;
    for (const auto& f : r.findings) {
        if (known.insert(f.code).second) rules.push_back(rule_of(f));
        results.push_back(result_of(f));
    }
    const json::object driver{
        {"name", "tusk migrate lint"}, {"version", TUSK_VERSION}, {"rules", std::move(rules)}};
    const json::object run{{"tool", json::object{{"driver", driver}}}, {"results", std::move(results)}};
    return json::serialize(json::object{{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
                                        {"version", "2.1.0"},
                                        {"runs", json::array{run}}});
}

} // namespace tusk::migrate
