#include <services/common/settings.hpp>

#include <algorithm>

#include <yaml-cpp/yaml.h>

#include <services/common/suggest.hpp>

namespace tusk::common {

namespace {

constexpr known_key shared_keys[] = {
    {"server.listen"},
    {"server.threads"},
    {"server.read_timeout"},
    {"server.write_timeout"},
    {"server.idle_timeout"},
    {"server.shutdown_timeout"},
    {"server.shutdown_delay"},
    {"database.url", "DATABASE_URL", true},
    {"database.host", "DB_HOST", false, true},
    {"database.port", "DB_PORT", false, true},
    {"database.database", "DB_NAME", false, true},
    {"database.user", "DB_USER", false, true},
    {"database.password", "DB_PASSWORD", true, true},
    {"database.ssl_mode", "DB_SSL_MODE", false, true},
    {"database.max_conns", "DB_MAX_CONNS"},
    {"database.min_conns", "DB_MIN_CONNS"},
    {"database.max_conn_lifetime", "DB_MAX_CONN_LIFETIME"},
    {"database.max_conn_idle_time", "DB_MAX_CONN_IDLE_TIME"},
    {"database.health_check_period", "DB_HEALTH_CHECK_PERIOD"},
    {"database.connect_timeout", "DB_CONNECT_TIMEOUT"},
    {"database.acquire_timeout"},
    {"database.statement_timeout"},
    {"log.level"},
    {"log.format"},
};

/// The names on one level: sections for an empty prefix, else the names in that section.
std::vector<std::string_view> names_below(std::span<const known_key> keys, std::string_view section) {
    std::vector<std::string_view> names;
    for (const auto& key : keys) {
        const auto dot = key.path.find('.');
        const auto own = key.path.substr(0, dot);
        if (section.empty() && (names.empty() || names.back() != own))
            names.push_back(own);
        else if (own == section)
            names.push_back(key.path.substr(dot + 1));
    }
    return names;
}

std::string join(const std::vector<std::string_view>& names) {
    std::string joined;
    for (const auto name : names) (joined += joined.empty() ? "" : ", ") += name;
    return joined;
}

/// Walks the two levels of the file.
class yaml_reader {
public:
    yaml_reader(const std::string& name, std::span<const known_key> keys, std::vector<std::string>& problems)
        : name_{name}, keys_{keys}, problems_{problems} {}

    raw_layer read(const YAML::Node& root) {
        if (root.IsNull()) return std::move(found_);
        if (!root.IsMap()) {
            complain(root, "", "the file must consist of sections: " + join(names_below(keys_, "")));
            return std::move(found_);
        }
        const auto sections = names_below(keys_, "");
        for (const auto& entry : root) {
            const auto section = key_of(entry.first, "");
            if (!section || !is_known(entry.first, "", *section, sections)) continue;
            if (entry.second.IsNull()) continue;
            if (entry.second.IsMap())
                read_section(*section, entry.second);
            else
                complain(entry.first, *section, "must hold settings: " + join(names_below(keys_, *section)));
        }
        return std::move(found_);
    }

private:
    void read_section(const std::string& section, const YAML::Node& node) {
        const auto names = names_below(keys_, section);
        for (const auto& entry : node) {
            const auto name = key_of(entry.first, section);
            if (!name || !is_known(entry.first, section, *name, names)) continue;
            const auto path = section + "." + *name;
            if (entry.second.IsNull()) continue;
            if (!entry.second.IsScalar()) {
                complain(entry.first, path, "must be a single value");
                continue;
            }
            raw_value value{entry.second.Scalar(), place(entry.first) + path};
            if (value.text.empty()) continue;
            if (!found_.emplace(path, std::move(value)).second) complain(entry.first, path, "is set twice");
        }
    }

    std::optional<std::string> key_of(const YAML::Node& key, const std::string& section) {
        if (key.IsScalar()) return key.Scalar();
        complain(key, section, "a key must be a word");
        return std::nullopt;
    }

    bool is_known(const YAML::Node& at, const std::string& section, const std::string& name,
                  const std::vector<std::string_view>& names) {
        if (std::find(names.begin(), names.end(), name) != names.end()) return true;
        const auto path = section.empty() ? name : section + "." + name;
        auto hint = did_you_mean(name, names);
        if (hint.empty()) hint = "; known are " + join(names);
        complain(at, path, "unknown key" + hint);
        return false;
    }

    std::string place(const YAML::Node& at) const {
        return name_ + ":" + std::to_string(at.Mark().line + 1) + ": ";
    }

    void complain(const YAML::Node& at, const std::string& path, const std::string& what) {
        problems_.push_back(place(at) + (path.empty() ? "" : path + ": ") + what);
    }

    const std::string& name_;
    std::span<const known_key> keys_;
    std::vector<std::string>& problems_;
    raw_layer found_;
};

} // namespace

std::span<const known_key> common_keys() { return shared_keys; }

raw_layer read_yaml(const std::string& name, const std::string& text, std::span<const known_key> keys,
                    std::vector<std::string>& problems) {
    try {
        return yaml_reader{name, keys, problems}.read(YAML::Load(text));
    } catch (const YAML::Exception& e) {
        const auto line = e.mark.is_null() ? std::string{} : ":" + std::to_string(e.mark.line + 1);
        problems.push_back(name + line + ": not valid YAML: " + e.msg);
        return {};
    }
}

raw_layer read_environment(const environment& env, std::span<const known_key> keys) {
    raw_layer found;
    for (const auto& key : keys) {
        if (!key.variable) continue;
        if (auto value = env.variable(key.variable))
            found.emplace(key.path, raw_value{std::move(*value), key.variable});
    }
    return found;
}

void overlay(raw_layer& onto, raw_layer stronger, std::span<const known_key> keys) {
    if (stronger.contains("database.url"))
        for (const auto& key : keys)
            if (key.connection)
                if (const auto weaker = onto.find(key.path); weaker != onto.end()) onto.erase(weaker);
    for (auto& [path, value] : stronger) onto.insert_or_assign(path, std::move(value));
}

} // namespace tusk::common
