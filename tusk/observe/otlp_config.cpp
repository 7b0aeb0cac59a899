#include <tusk/observe/otlp_config.hpp>

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include <tusk/core/error.hpp>
#include <tusk/observe/detail/url.hpp>

namespace tusk::observe {

namespace {

using pairs = std::vector<std::pair<std::string, std::string>>;

std::string_view trimmed(std::string_view text) noexcept {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

std::string lower(std::string text) {
    for (auto& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return text;
}

/// `a=b,c=d` with values in percent-encoding; nothing when it is something else.
std::optional<pairs> read_pairs(std::string_view text) {
    pairs out;
    while (!text.empty()) {
        const auto comma = text.find(',');
        const auto member = trimmed(text.substr(0, comma));
        text = comma == text.npos ? std::string_view{} : text.substr(comma + 1);
        if (member.empty()) continue;
        const auto equals = member.find('=');
        if (equals == member.npos || equals == 0) return std::nullopt;
        auto name = detail::percent_decoded(trimmed(member.substr(0, equals)));
        auto value = detail::percent_decoded(trimmed(member.substr(equals + 1)));
        if (!name || !value) return std::nullopt;
        out.emplace_back(std::move(*name), std::move(*value));
    }
    return out;
}

void put(pairs& into, std::string_view name, std::string_view value) {
    const auto found = std::ranges::find(into, name, [](const auto& p) { return std::string_view{p.first}; });
    if (found != into.end())
        found->second = value;
    else
        into.emplace_back(name, value);
}

std::string below(std::string base, std::string_view path) {
    if (!base.ends_with('/')) base += '/';
    return base.append(path);
}

} // namespace

otlp_config::otlp_config() {
    endpoint("http://localhost:4318");
    resource("service.name", "unknown_service");
}

otlp_config& otlp_config::endpoint(std::string_view base) {
    detail::check_url("the endpoint", base);
    traces_.url = below(std::string{base}, "v1/traces");
    metrics_.url = below(std::string{base}, "v1/metrics");
    return *this;
}

otlp_config& otlp_config::header(const std::string& name, const std::string& value) {
    detail::check_header("a header", name, value);
    for (auto* to : {&traces_, &metrics_}) put(to->headers, name, value);
    return *this;
}

otlp_config& otlp_config::resource(std::string_view name, std::string_view value) {
    put(resource_, name, value);
    return *this;
}

/// Reads one variable after the other into a configuration.
class otel_reader {
public:
    explicit otel_reader(const otlp_config::variables& from) : from_{from} {}

    otlp_config read() {
        out_.enabled_ = !is_true("OTEL_SDK_DISABLED");
        if (!out_.enabled_) return out_; // nothing else matters, mistakes included
        read_signal("TRACES", "v1/traces", out_.traces_);
        read_signal("METRICS", "v1/metrics", out_.metrics_);
        read_resource();
        read_sampler();
        number("OTEL_METRIC_EXPORT_INTERVAL", out_.metric_interval_);
        number("OTEL_BSP_SCHEDULE_DELAY", out_.span_delay_);
        number("OTEL_BSP_EXPORT_TIMEOUT", out_.span_timeout_);
        number("OTEL_BSP_MAX_QUEUE_SIZE", out_.span_queue_);
        number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", out_.span_batch_);
        if (out_.span_batch_ > out_.span_queue_) out_.span_batch_ = out_.span_queue_;
        return std::move(out_);
    }

private:
    /// An empty variable counts as absent, says the specification.
    std::optional<std::string> get(const std::string& name) const {
        auto value = from_(name);
        if (value && trimmed(*value).empty()) return std::nullopt;
        return value;
    }

    bool is_true(const std::string& name) const { return lower(get(name).value_or("")) == "true"; }

    void ignored(const std::string& name, const std::string& why) {
        out_.warnings_.push_back(name + " is ignored: " + why);
    }

    [[noreturn]] static void refuse(const std::string& name, const std::string& why) {
        throw error{errc::invalid_configuration, name + ": " + why};
    }

    /// The variable of a signal, else the common one: name and value.
    std::pair<std::string, std::optional<std::string>> of_signal(std::string_view signal,
                                                                 std::string_view what) const {
        const std::string own = "OTEL_EXPORTER_OTLP_" + std::string{signal} + "_" + std::string{what};
        if (auto value = get(own)) return {own, std::move(value)};
        const std::string common = "OTEL_EXPORTER_OTLP_" + std::string{what};
        return {common, get(common)};
    }

    template <class Number>
    void number(const std::string& name, Number& to) {
        const auto text = get(name);
        if (!text) return;
        std::uint32_t value = 0;
        const auto* end = text->data() + text->size();
        const auto [at, why] = std::from_chars(text->data(), end, value);
        if (why != std::errc{} || at != end || value == 0)
            return ignored(name, "\"" + *text + "\" is no whole number above zero");
        to = Number{value};
    }

    void read_signal(const std::string& signal, std::string_view path, otlp_endpoint& to) {
        const auto exporter_name = "OTEL_" + signal + "_EXPORTER";
        const auto exporter = get(exporter_name).value_or("otlp");
        if (exporter == "none") {
            to.url.clear();
            return;
        }
        if (exporter != "otlp") refuse(exporter_name, "\"" + exporter + "\" is not known; use otlp or none");
        read_place(signal, path, to);
        const auto [protocol_name, protocol] = of_signal(signal, "PROTOCOL");
        if (protocol && *protocol != "http/json")
            refuse(protocol_name, "\"" + *protocol +
                                      "\" is not spoken; set it to http/json, which collectors "
                                      "take on the same port as http/protobuf");
        const auto [compression_name, compression] = of_signal(signal, "COMPRESSION");
        if (compression && *compression != "none")
            refuse(compression_name, "\"" + *compression + "\" is not spoken; set it to none");
        read_headers(signal, to);
        const auto [timeout_name, timeout] = of_signal(signal, "TIMEOUT");
        if (timeout) number(timeout_name, to.timeout);
        to.certificate = of_signal(signal, "CERTIFICATE").second.value_or("");
        to.client_certificate = of_signal(signal, "CLIENT_CERTIFICATE").second.value_or("");
        to.client_key = of_signal(signal, "CLIENT_KEY").second.value_or("");
    }

    /// The common endpoint gets the signal's path; a signal's own is taken as it is.
    void read_place(const std::string& signal, std::string_view path, otlp_endpoint& to) {
        const auto own = "OTEL_EXPORTER_OTLP_" + signal + "_ENDPOINT";
        if (const auto url = get(own)) {
            detail::check_url(own, *url);
            to.url = *url;
        } else if (const auto base = get("OTEL_EXPORTER_OTLP_ENDPOINT")) {
            detail::check_url("OTEL_EXPORTER_OTLP_ENDPOINT", *base);
            to.url = below(*base, path);
        }
    }

    void read_headers(const std::string& signal, otlp_endpoint& to) {
        for (const auto& name :
             {std::string{"OTEL_EXPORTER_OTLP_HEADERS"}, "OTEL_EXPORTER_OTLP_" + signal + "_HEADERS"}) {
            const auto text = get(name);
            if (!text) continue;
            const auto read = read_pairs(*text);
            // Not shown: headers carry keys.
            if (!read) refuse(name, "is not of the form name=value,name=value with percent-encoded values");
            for (const auto& [key, value] : *read) {
                detail::check_header(name, key, value);
                put(to.headers, key, value);
            }
        }
    }

    void read_resource() {
        if (const auto text = get("OTEL_RESOURCE_ATTRIBUTES")) {
            if (const auto read = read_pairs(*text))
                for (const auto& [key, value] : *read) out_.resource(key, value);
            else
                ignored("OTEL_RESOURCE_ATTRIBUTES", "it is not of the form name=value,name=value");
        }
        if (const auto name = get("OTEL_SERVICE_NAME")) out_.service_name(*name);
    }

    void read_sampler() {
        const auto name = get("OTEL_TRACES_SAMPLER");
        if (!name) return;
        constexpr std::string_view prefix = "parentbased_";
        const bool follows = name->starts_with(prefix);
        const auto rest = follows ? name->substr(prefix.size()) : *name;
        if (rest == "always_on")
            out_.sampling_.roots(sampling::rule::always);
        else if (rest == "always_off")
            out_.sampling_.roots(sampling::rule::never);
        else if (rest == "traceidratio")
            out_.sampling_.roots(sampling::rule::ratio).share(read_share());
        else
            return ignored("OTEL_TRACES_SAMPLER", "\"" + *name + "\" is not known");
        out_.sampling_.follow_parent(follows);
    }

    double read_share() {
        const auto text = get("OTEL_TRACES_SAMPLER_ARG");
        if (!text) return 1;
        double share = 0;
        const auto* end = text->data() + text->size();
        const auto [at, why] = std::from_chars(text->data(), end, share);
        if (why == std::errc{} && at == end && share >= 0 && share <= 1) return share;
        ignored("OTEL_TRACES_SAMPLER_ARG", "\"" + *text + "\" is no number from 0 to 1");
        return 1;
    }

    const otlp_config::variables& from_;
    otlp_config out_;
};

otlp_config otlp_config::from_environment(const variables& from) { return otel_reader{from}.read(); }

otlp_config otlp_config::from_environment() {
    return from_environment([](std::string_view name) -> std::optional<std::string> {
        const char* value = std::getenv(std::string{name}.c_str());
        return value == nullptr ? std::nullopt : std::optional<std::string>{value};
    });
}

} // namespace tusk::observe
