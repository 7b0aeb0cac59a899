#include <cli/project.hpp>

#include <set>

#include <yaml-cpp/yaml.h>

#include <cli/problem.hpp>

namespace tusk::cli {

namespace {

/// A project file that is being read.
class reader {
public:
    reader(std::string file, const variable_values& given, const environment& variables)
        : file_{std::move(file)}, given_{&given}, variables_{&variables} {}

    project_environment read(const std::string& name) {
        const auto root = load();
        check_keys(root, {"environments"}, "the file");
        const auto all = root["environments"];
        const auto one = all ? all[name] : YAML::Node{};
        if (!one || !one.IsMap())
            throw problem_at(all ? all : root, "there is no environment \"" + name + "\"");
        return environment_of(one);
    }

private:
    YAML::Node load() const {
        try {
            auto root = YAML::LoadFile(file_);
            if (root.IsMap()) return root;
        } catch (const YAML::BadFile&) {
            throw usage_problem("cannot read " + file_,
                                "--config says which file; docs/migrate.md what is in it");
        } catch (const YAML::Exception& e) {
            throw usage_problem(file_ + ":" + std::to_string(e.mark.line + 1) + ": " + e.msg,
                                "correct the file");
        }
        throw usage_problem(file_ + ": not a map", "docs/migrate.md shows what is in it");
    }

    problem problem_at(const YAML::Node& where, const std::string& what) const {
        return usage_problem(file_ + ":" + std::to_string(where.Mark().line + 1) + ": " + what,
                             "correct the file; docs/migrate.md shows what is in it");
    }

    void check_keys(const YAML::Node& map, const std::set<std::string>& known, const std::string& of) const {
        for (const auto& each : map)
            if (!known.contains(each.first.Scalar()))
                throw problem_at(each.first, of + " has no key \"" + each.first.Scalar() + "\"");
    }

    std::string value_of(const YAML::Node& where, const std::string& expression) const {
        const auto border = expression.find(":-");
        const auto name = expression.substr(0, border);
        if (const auto it = given_->find(name); it != given_->end()) return it->second;
        if (auto value = variables_->variable(name)) return *value;
        if (border != std::string::npos) return expression.substr(border + 2);
        throw problem_at(where,
                         "the variable " + name + " is not set: --var " + name + "=VALUE, or export it");
    }

    std::string expanded(const YAML::Node& node) const {
        if (!node.IsScalar()) throw problem_at(node, "a text is wanted here");
        const auto& text = node.Scalar();
        std::string out;
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (text.compare(i, 3, "$${") == 0) {
                out += "${";
                i += 2;
            } else if (const auto end = text.find('}', i);
                       text.compare(i, 2, "${") == 0 && end != std::string::npos) {
                out += value_of(node, text.substr(i + 2, end - i - 2));
                i = end;
            } else {
                out += text[i];
            }
        }
        return out;
    }

    std::string text(const YAML::Node& map, const char* key) const {
        const auto node = map[key];
        return node ? expanded(node) : std::string{};
    }

    std::vector<std::string> texts(const YAML::Node& map, const char* key) const {
        std::vector<std::string> out;
        for (const auto& each : map[key]) out.push_back(expanded(each));
        return out;
    }

    /// Statements: one text, or a list of them.
    std::string script(const YAML::Node& map, const char* key) const {
        const auto node = map[key];
        if (!node || !node.IsSequence()) return text(map, key);
        std::string out;
        for (const auto& each : node) out += expanded(each) + ";\n";
        return out;
    }

    std::size_t number(const YAML::Node& map, const char* key, std::size_t otherwise) const {
        const auto node = map[key];
        if (!node) return otherwise;
        try {
            return node.as<std::size_t>();
        } catch (const YAML::Exception&) {
            throw problem_at(node, std::string{"\""} + key + "\" is a number");
        }
    }

    bool flag(const YAML::Node& map, const char* key) const {
        const auto node = map[key];
        if (!node) return false;
        try {
            return node.as<bool>();
        } catch (const YAML::Exception&) {
            throw problem_at(node, std::string{"\""} + key + "\" is true or false");
        }
    }

    project_environment environment_of(const YAML::Node& map) const {
        check_keys(map,
                   {"url", "dir", "tx_mode", "exec_order", "revisions_schema", "baseline", "lock_timeout",
                    "format", "targets", "tenants", "parallel", "lint", "dev", "to", "schemas", "exclude",
                    "diff", "drift", "hooks"},
                   "an environment");
        project_environment out;
        out.url = text(map, "url");
        out.dir = text(map, "dir");
        out.tx_mode = text(map, "tx_mode");
        out.exec_order = text(map, "exec_order");
        out.revisions_schema = text(map, "revisions_schema");
        out.baseline = text(map, "baseline");
        out.lock_timeout = text(map, "lock_timeout");
        out.format = text(map, "format");
        out.parallel = number(map, "parallel", 1);
        read_targets(map, out);
        if (const auto lint = map["lint"]) {
            check_keys(lint, {"latest", "errors", "ignore", "git_base", "measured", "naming"}, "lint");
            out.lint_git_base = text(lint, "git_base");
            out.lint_measured = flag(lint, "measured");
            for (const auto& each : lint["naming"])
                out.lint_naming[each.first.Scalar()] = expanded(each.second);
            out.lint_latest = number(lint, "latest", 0);
            out.lint_errors = texts(lint, "errors");
            out.lint_ignore = texts(lint, "ignore");
        }
        read_policies(map, out);
        return out;
    }

    void read_policies(const YAML::Node& map, project_environment& out) const {
        out.dev = text(map, "dev");
        out.to = text(map, "to");
        out.schemas = texts(map, "schemas");
        out.exclude = texts(map, "exclude");
        if (const auto diff = map["diff"]) {
            check_keys(diff, {"offline", "skip", "refuse"}, "diff");
            out.diff_offline = flag(diff, "offline");
            out.diff_skip = texts(diff, "skip");
            out.diff_refuse = texts(diff, "refuse");
        }
        if (const auto hooks = map["hooks"]) {
            check_keys(hooks, {"session", "after_begin", "before_commit"}, "hooks");
            out.session_hook = script(hooks, "session");
            out.after_begin_hook = script(hooks, "after_begin");
            out.before_commit_hook = script(hooks, "before_commit");
        }
        if (const auto drift = map["drift"]) {
            check_keys(drift, {"check"}, "drift");
            out.drift_check = flag(drift, "check");
        }
    }

    void read_targets(const YAML::Node& map, project_environment& out) const {
        for (const auto& each : map["targets"]) {
            check_keys(each, {"name", "url"}, "a target");
            out.targets.push_back({text(each, "name"), text(each, "url")});
            if (out.targets.back().url.empty()) throw problem_at(each, "a target needs a url");
            if (out.targets.back().name.empty()) throw problem_at(each, "a target needs a name");
        }
        const auto tenants = map["tenants"];
        if (!tenants) return;
        check_keys(tenants, {"query", "by"}, "tenants");
        tenant_source source;
        source.query = text(tenants, "query");
        if (const auto by = text(tenants, "by"); !by.empty()) source.by = by;
        if (source.query.empty()) throw problem_at(tenants, "tenants need a query");
        if (source.by != "schema" && source.by != "database" && source.by != "url")
            throw problem_at(tenants, "tenants are told apart by schema, database or url");
        out.tenants = source;
    }

    std::string file_;
    const variable_values* given_;
    const environment* variables_;
};

} // namespace

project_environment load_environment(const std::string& file, const std::string& name,
                                     const variable_values& given, const environment& variables) {
    return reader{file, given, variables}.read(name);
}

} // namespace tusk::cli
