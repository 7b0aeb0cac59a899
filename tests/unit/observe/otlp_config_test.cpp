#include <tusk/observe/otlp_config.hpp>

#include <map>

#include <gtest/gtest.h>

#include <tusk/core/error.hpp>

namespace otlp_config_test {

using namespace std::chrono_literals;
using tusk::observe::otlp_config;
using tusk::observe::sampling;

otlp_config read(const std::map<std::string, std::string>& variables) {
    return otlp_config::from_environment([&](std::string_view name) -> std::optional<std::string> {
        const auto found = variables.find(std::string{name});
        return found == variables.end() ? std::nullopt : std::optional{found->second};
    });
}

std::string refusal(const std::map<std::string, std::string>& variables) {
    try {
        static_cast<void>(read(variables));
        return "";
    } catch (const tusk::error& e) {
        EXPECT_EQ(e.code(), tusk::errc::invalid_configuration);
        return e.what();
    }
}

std::string resource(const otlp_config& of, const std::string& name) {
    for (const auto& [key, value] : of.resource())
        if (key == name) return value;
    return "absent";
}

TEST(otlp_config, has_the_defaults_of_the_specification) {
    const auto c = read({});
    EXPECT_TRUE(c.is_enabled());
    EXPECT_EQ(c.traces().url, "http://localhost:4318/v1/traces");
    EXPECT_EQ(c.metrics().url, "http://localhost:4318/v1/metrics");
    EXPECT_EQ(c.traces().timeout, 10s);
    EXPECT_EQ(c.metric_interval(), 60s);
    EXPECT_EQ(c.span_delay(), 5s);
    EXPECT_EQ(c.span_timeout(), 30s);
    EXPECT_EQ(c.span_queue(), 2048U);
    EXPECT_EQ(c.span_batch(), 512U);
    EXPECT_EQ(resource(c, "service.name"), "unknown_service");
    EXPECT_EQ(c.sampler().roots(), sampling::rule::always);
    EXPECT_TRUE(c.sampler().follows_parent());
    EXPECT_TRUE(c.warnings().empty());
}

TEST(otlp_config, the_common_endpoint_gets_a_path_and_a_signals_own_does_not) {
    const auto c = read({{"OTEL_EXPORTER_OTLP_ENDPOINT", "https://collector:4318/base/"},
                         {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://traces.example/in?key=1"}});
    EXPECT_EQ(c.traces().url, "http://traces.example/in?key=1");
    EXPECT_EQ(c.metrics().url, "https://collector:4318/base/v1/metrics");
}

TEST(otlp_config, reads_headers_percent_encoded_and_the_signals_own_count) {
    const auto c = read({{"OTEL_EXPORTER_OTLP_HEADERS", "api-key=a%3Db, tenant = one"},
                         {"OTEL_EXPORTER_OTLP_TRACES_HEADERS", "tenant=two"}});
    using pairs = std::vector<std::pair<std::string, std::string>>;
    EXPECT_EQ(c.traces().headers, (pairs{{"api-key", "a=b"}, {"tenant", "two"}}));
    EXPECT_EQ(c.metrics().headers, (pairs{{"api-key", "a=b"}, {"tenant", "one"}}));
}

TEST(otlp_config, refuses_what_it_does_not_speak_and_says_what_to_do) {
    EXPECT_EQ(refusal({{"OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"}}), "");
    for (const char* protocol : {"grpc", "http/protobuf"}) {
        const auto why = refusal({{"OTEL_EXPORTER_OTLP_PROTOCOL", protocol}});
        EXPECT_NE(why.find("OTEL_EXPORTER_OTLP_PROTOCOL"), why.npos) << why;
        EXPECT_NE(why.find("http/json"), why.npos) << why;
    }
    EXPECT_NE(refusal({{"OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "grpc"}}).find("METRICS_PROTOCOL"),
              std::string::npos);
    EXPECT_NE(refusal({{"OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"}}).find("none"), std::string::npos);
    EXPECT_NE(refusal({{"OTEL_TRACES_EXPORTER", "zipkin"}}).find("otlp or none"), std::string::npos);
}

TEST(otlp_config, refuses_endpoints_that_are_none) {
    for (const char* url : {"collector:4318", "ftp://collector", "http://", "4318"})
        EXPECT_NE(refusal({{"OTEL_EXPORTER_OTLP_ENDPOINT", url}}), "") << url;
    const auto why = refusal({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://me:secret@collector"}});
    EXPECT_NE(why, "");
    EXPECT_EQ(why.find("secret"), why.npos) << why;
}

TEST(otlp_config, refuses_headers_that_cannot_be_sent_and_shows_no_values) {
    for (const char* headers : {"key", "=value", "key=%zz", "key=top%0D%0Asecret: 1", "a b=secret"}) {
        const auto why = refusal({{"OTEL_EXPORTER_OTLP_HEADERS", headers}});
        EXPECT_NE(why, "") << headers;
        EXPECT_EQ(why.find("secret"), why.npos) << why;
    }
}

TEST(otlp_config, the_service_name_counts_before_the_attribute) {
    const std::pair<const std::string, std::string> attributes{
        "OTEL_RESOURCE_ATTRIBUTES", "service.name=one,deployment.environment.name=a%20b"};
    EXPECT_EQ(resource(read({attributes}), "service.name"), "one");
    const auto c = read({attributes, {"OTEL_SERVICE_NAME", "two"}});
    EXPECT_EQ(resource(c, "service.name"), "two");
    EXPECT_EQ(resource(c, "deployment.environment.name"), "a b");
}

TEST(otlp_config, knows_the_samplers) {
    auto sampler = [](const std::string& name, const std::string& argument = "") {
        return read({{"OTEL_TRACES_SAMPLER", name}, {"OTEL_TRACES_SAMPLER_ARG", argument}}).sampler();
    };
    EXPECT_EQ(sampler("always_off").roots(), sampling::rule::never);
    EXPECT_FALSE(sampler("always_on").follows_parent());
    EXPECT_TRUE(sampler("parentbased_always_off").follows_parent());
    EXPECT_EQ(sampler("traceidratio", "0.25").share(), 0.25);
    EXPECT_EQ(sampler("parentbased_traceidratio", "0.5").roots(), sampling::rule::ratio);
    EXPECT_EQ(sampler("traceidratio").share(), 1.0);
}

TEST(otlp_config, ignores_what_the_specification_wants_ignored_and_says_so) {
    const auto c = read({{"OTEL_TRACES_SAMPLER", "sometimes"},
                         {"OTEL_METRIC_EXPORT_INTERVAL", "soon"},
                         {"OTEL_BSP_SCHEDULE_DELAY", "-1"},
                         {"OTEL_BSP_MAX_QUEUE_SIZE", "0"},
                         {"OTEL_RESOURCE_ATTRIBUTES", "nothing"},
                         {"OTEL_EXPORTER_OTLP_TIMEOUT", "1.5"}});
    EXPECT_EQ(c.metric_interval(), 60s);
    EXPECT_EQ(c.span_delay(), 5s);
    EXPECT_EQ(c.span_queue(), 2048U);
    EXPECT_EQ(c.traces().timeout, 10s);
    EXPECT_EQ(c.warnings().size(), 7U) << "the timeout counts for both signals";
}

TEST(otlp_config, reads_times_and_sizes) {
    const auto c = read({{"OTEL_METRIC_EXPORT_INTERVAL", "1500"},
                         {"OTEL_BSP_SCHEDULE_DELAY", "200"},
                         {"OTEL_BSP_EXPORT_TIMEOUT", "9000"},
                         {"OTEL_BSP_MAX_QUEUE_SIZE", "100"},
                         {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "300"},
                         {"OTEL_EXPORTER_OTLP_TIMEOUT", "5000"},
                         {"OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "700"}});
    EXPECT_EQ(c.metric_interval(), 1500ms);
    EXPECT_EQ(c.span_delay(), 200ms);
    EXPECT_EQ(c.span_timeout(), 9s);
    EXPECT_EQ(c.span_batch(), 100U) << "no larger than the queue";
    EXPECT_EQ(c.traces().timeout, 5s);
    EXPECT_EQ(c.metrics().timeout, 700ms);
}

TEST(otlp_config, can_be_switched_off) {
    EXPECT_FALSE(read({{"OTEL_SDK_DISABLED", "TRUE"}, {"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"}}).is_enabled());
    EXPECT_TRUE(read({{"OTEL_SDK_DISABLED", "1"}}).is_enabled()) << "only \"true\" counts";
    const auto c = read({{"OTEL_TRACES_EXPORTER", "none"}});
    EXPECT_EQ(c.traces().url, "");
    EXPECT_NE(c.metrics().url, "");
}

} // namespace otlp_config_test
