#include <services/alerthist/config.hpp>

#include <services/http/auth.hpp>

namespace tusk::alerthist {

namespace {

constexpr common::known_key own_keys[] = {
    {"webhook.max_request_size"},
    {"webhook.max_alerts_per_request"},
    {"auth.keys", "ALERTHIST_KEYS", true},
    {"auth.webhook_secret", "ALERTHIST_WEBHOOK_SECRET", true},
    {"limits.per_client"},
    {"limits.global"},
    {"cors.origins"},
    {"classification.url"},
    {"classification.timeout"},
    {"classification.cache_size"},
    {"classification.cache_time"},
    {"publishing.first_retry"},
    {"publishing.longest_retry"},
    {"publishing.lanes"},
    {"observe.slow_query"},
};

/// Parts between commas, without spaces around them; empty ones are left out.
std::vector<std::string_view> listed(std::string_view text) {
    std::vector<std::string_view> out;
    while (!text.empty()) {
        auto one = text.substr(0, text.find(','));
        text.remove_prefix(std::min(text.size(), one.size() + 1));
        while (one.starts_with(' ')) one.remove_prefix(1);
        while (one.ends_with(' ')) one.remove_suffix(1);
        if (!one.empty()) out.push_back(one);
    }
    return out;
}

class own_reader : public common::config_reader {
public:
    explicit own_reader(config& out) : config_reader{"alerthist"}, out_{out} {}

private:
    void own() override {
        if (const auto bytes = size("webhook.max_request_size", 1024, 1ULL << 30))
            out_.max_request_size = *bytes;
        if (const auto count = whole("webhook.max_alerts_per_request", 1, 100'000))
            out_.max_alerts_per_request = static_cast<std::size_t>(*count);
        if (const auto* given = find("auth.keys")) keys(*given);
        if (const auto* given = find("auth.webhook_secret")) secret(*given);
        if (const auto count = whole("limits.per_client", 0, 10'000'000)) out_.per_client = *count;
        if (const auto count = whole("limits.global", 0, 10'000'000)) out_.global = *count;
        if (const auto* given = find("cors.origins")) origins(*given);
        classification();
        publishing();
        if (const auto time_ = time("observe.slow_query", false)) out_.slow_query = *time_;
    }

    void keys(const common::raw_value& given) {
        for (const auto one : listed(given.text)) {
            const auto first = one.find(':');
            const auto second = one.find(':', first == std::string_view::npos ? first : first + 1);
            if (second == std::string_view::npos)
                return complain_secretly(given,
                                         "a list of NAME:ROLE:SHA256, separated by commas, is accepted");
            configured_key made;
            made.name = one.substr(0, first);
            made.sha256 = one.substr(second + 1);
            const auto level = http::parse_role(one.substr(first + 1, second - first - 1));
            try {
                http::api_keys checked;
                checked.add(made.name, level.value_or(http::role::viewer), made.sha256);
            } catch (const error& e) {
                return complain_secretly(given, e.what());
            }
            if (!level) return complain_secretly(given, "a key's role is viewer, operator or admin");
            made.level = *level;
            out_.keys.push_back(std::move(made));
        }
    }

    void secret(const common::raw_value& given) {
        if (given.text.size() < 16) return complain_secretly(given, "at least 16 characters are accepted");
        out_.webhook_secret = given.text;
    }

    void origins(const common::raw_value& given) {
        for (const auto one : listed(given.text)) {
            if (one != "*" && !one.starts_with("http://") && !one.starts_with("https://"))
                return complain(given, "a list of origins such as https://example.org, or * is accepted");
            out_.origins.emplace_back(one);
        }
    }

    void classification() {
        if (const auto* given = find("classification.url")) {
            if (given->text.starts_with("http://") || given->text.starts_with("https://"))
                out_.classifier_url = given->text;
            else
                complain(*given, "a URL that begins with http:// or https:// is accepted");
        }
        if (const auto given = time("classification.timeout", false)) out_.classifier_timeout = *given;
        if (const auto given = whole("classification.cache_size", 0, 1'000'000)) out_.cache_size = *given;
        if (const auto given = time("classification.cache_time", false)) out_.cache_time = *given;
    }

    void publishing() {
        if (const auto given = time("publishing.first_retry", false)) out_.first_retry = *given;
        if (const auto given = time("publishing.longest_retry", false)) out_.longest_retry = *given;
        if (const auto given = whole("publishing.lanes", 1, 64)) out_.lanes = static_cast<unsigned>(*given);
    }

    config& out_;
};

std::string milliseconds_text(config::duration time) {
    return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time).count()) + "ms";
}

} // namespace

result<config> load_config(const config_sources& from) {
    config out;
    const auto done = own_reader{out}.read(from, own_keys, out);
    if (!done) return done.error();
    return out;
}

std::string describe(const config& what) {
    std::string out = describe_server(what);
    const auto line = [&out](std::string_view key, std::string_view value) {
        out.append(key).append(": ").append(value) += '\n';
    };
    line("webhook.max_request_size", std::to_string(what.max_request_size));
    line("webhook.max_alerts_per_request", std::to_string(what.max_alerts_per_request));
    std::string keys;
    for (const auto& one : what.keys)
        keys +=
            (keys.empty() ? "" : ", ") + one.name + ":" + std::string{http::to_string(one.level)} + ":***";
    line("auth.keys", keys);
    line("auth.webhook_secret", what.webhook_secret.empty() ? "" : "***");
    line("limits.per_client", std::to_string(what.per_client));
    line("limits.global", std::to_string(what.global));
    std::string origins;
    for (const auto& one : what.origins) origins += (origins.empty() ? "" : ", ") + one;
    line("cors.origins", origins);
    line("classification.url", what.classifier_url.substr(0, what.classifier_url.find('?')));
    line("classification.timeout", milliseconds_text(what.classifier_timeout));
    line("classification.cache_size", std::to_string(what.cache_size));
    line("classification.cache_time", milliseconds_text(what.cache_time));
    line("publishing.first_retry", milliseconds_text(what.first_retry));
    line("publishing.longest_retry", milliseconds_text(what.longest_retry));
    line("publishing.lanes", std::to_string(what.lanes));
    line("observe.slow_query", milliseconds_text(what.slow_query));
    return out + describe_log(what);
}

std::string describe_json(const config& what) {
    const auto text = describe(what);
    json_object out;
    for (std::string_view rest = text; !rest.empty();) {
        const auto line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        const auto colon = line.find(": ");
        if (colon != std::string_view::npos) out.text(line.substr(0, colon), line.substr(colon + 2));
    }
    return out.finish();
}

} // namespace tusk::alerthist
