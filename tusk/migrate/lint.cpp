#include <tusk/migrate/lint.hpp>

#include <algorithm>
#include <array>
#include <regex>
#include <sstream>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <tusk/migrate/detail/lint_rules.hpp>
#include <tusk/migrate/detail/name_rules.hpp>
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
    linter(const lint_options& o, lint_report& report, const measurement* measured)
        : options_{&o}, report_{&report}, measured_{measured} {}

    failure look_at(const migration_file& file, const migration_file* above) {
        report_->files.push_back(file.name());
        exceptions of_file;
        of_file.add(file.directives());
        if (of_file.hold_all()) return {};
        if (above != nullptr)
            keep_all(file, {},
                     {{"NL101", "non_linear", "is below " + above->name() + ", which is there already",
                       "`tusk migrate rebase " + file.version() + "` puts it on top"}},
                     of_file);
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
        if (const auto* found = measured_ == nullptr ? nullptr : measured_->find(file.name(), s.offset)) {
            report_->measured.push_back(*found);
            keep_all(file, s, detail::remarks_on_measured(*found), excepted);
        }
        const auto parsed = detail::parse(s.text);
        if (!parsed.error.empty()) {
            const auto at = s.offset + offset_of_character(s.text, parsed.position);
            report_->not_analysed.push_back(file.place_of(at) + ": " + parsed.error);
            return;
        }
        keep_all(file, s, detail::remarks_on(detail::node{&parsed.tree}, state), excepted);
        if (!options_->names().empty())
            keep_all(file, s, detail::remarks_on_names(detail::node{&parsed.tree}, options_->names()),
                     excepted);
    }

    void keep_all(const migration_file& file, const statement& s, const std::vector<detail::remark>& remarks,
                  const exceptions& excepted) {
        for (const auto& remark : remarks)
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
    const measurement* measured_;
};

const char* name_of(lint_severity s) { return s == lint_severity::error ? "error" : "warning"; }

json::object measured_as_json(const measured_statement& m) {
    json::array locks;
    for (const auto& each : m.locks)
        locks.push_back(
            json::object{{"table", each.table}, {"mode", each.mode}, {"keeps_out", kept_out_by(each.mode)}});
    return {{"file", m.file},
            {"line", m.where.line},
            {"column", m.where.column},
            {"sql", m.sql},
            {"locks", std::move(locks)},
            {"rewritten", json::array(m.rewritten.begin(), m.rewritten.end())},
            {"scanned", json::array(m.scanned.begin(), m.scanned.end())}};
}

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

std::vector<const migration_file*> chosen_files(const directory& dir, const lint_options& o) {
    const auto& files = dir.files();
    const auto first = o.latest() == 0 || o.latest() > files.size() ? 0 : files.size() - o.latest();
    std::vector<const migration_file*> out;
    for (std::size_t i = o.only() ? 0 : first; i < files.size(); ++i)
        if (!o.only() || o.only()->contains(files[i].name())) out.push_back(&files[i]);
    return out;
}

result<lint_report> lint(const directory& dir, const lint_options& o, const measurement* measured) {
    lint_report out;
    linter work{o, out, measured};
    const auto chosen = chosen_files(dir, o);
    const migration_file* last_other = nullptr;
    for (const auto& each : dir.files())
        if (std::find(chosen.begin(), chosen.end(), &each) == chosen.end()) last_other = &each;
    for (const auto* file : chosen) {
        const bool below =
            o.is_in_order() && last_other != nullptr && file->version() < last_other->version();
        if (auto f = work.look_at(*file, below ? last_other : nullptr))
            return failed<lint_report>(std::move(f));
    }
    return out;
}

std::optional<named_thing> parse_named_thing(std::string_view word) noexcept {
    constexpr std::array<std::string_view, 6> words{"schema", "table",       "column",
                                                    "index",  "foreign_key", "check"};
    for (std::size_t i = 0; i < words.size(); ++i)
        if (words[i] == word) return static_cast<named_thing>(i);
    return std::nullopt;
}

lint_options& lint_options::naming(named_thing of, const std::string& expression) {
    try {
        static_cast<void>(std::regex{expression});
    } catch (const std::regex_error& e) {
        throw tusk::error{errc::invalid_argument,
                          "`" + expression + "` is no regular expression: " + e.what()};
    }
    naming_[of] = expression;
    return *this;
}

std::string to_json(const lint_report& r) {
    json::array findings;
    json::array measured;
    for (const auto& m : r.measured) measured.push_back(measured_as_json(m));
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
                     {"measured", std::move(measured)},
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
