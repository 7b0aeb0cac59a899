#include "bodies.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace bench_services {

namespace {

constexpr const char* names[] = {"NodeDown",    "DiskWillFill", "HighLatency",  "PodCrashLooping",
                                 "QueueGrows",  "CertExpires",  "ReplicaLags",  "TargetMissing",
                                 "MemoryLeaks", "ErrorBudget",  "BackupFailed", "ClockSkew",
                                 "SlowQueries", "JobFailed",    "QuotaReached", "LinkFlaps",
                                 "NoLeader",    "CacheMisses",  "TooManyOpen",  "ProbeFailed"};
constexpr const char* severities[] = {"critical", "warning", "info"};
/// 2026-01-01; each round of the alerts starts a second later.
constexpr std::int64_t begin = 1'767'225'600;

void add_alert(std::string& to, std::uint64_t number) {
    const auto which = number % distinct_alerts;
    const auto round = number / distinct_alerts;
    const auto start = fmt::gmtime(static_cast<std::time_t>(begin + static_cast<std::int64_t>(round)));
    const auto* name = names[which % std::size(names)];
    fmt::format_to(
        std::back_inserter(to),
        R"({{"status":"firing","labels":{{"alertname":"{0}","instance":"node-{1}.example.org:9100",)"
        R"("job":"node","namespace":"team-{2}","severity":"{3}"}},"annotations":{{"description":)"
        R"("{0} on node-{1}.example.org:9100: the value has been above its limit for 5 minutes",)"
        R"("number":"{4}","runbook_url":"https://runbooks.example.org/{0}"}},)"
        R"("startsAt":"{5:%Y-%m-%dT%H:%M:%S}.125Z","endsAt":"0001-01-01T00:00:00Z",)"
        R"("generatorURL":"http://prometheus.example.org:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1"}})",
        name, which, which % 40, severities[which % 3], number, start);
}

} // namespace

std::string webhook_body(std::uint64_t first, std::uint64_t count) {
    std::string out = R"({"receiver":"history","status":"firing","alerts":[)";
    out.reserve(700 * count + 500);
    for (std::uint64_t i = 0; i < count; ++i) {
        if (i > 0) out += ',';
        add_alert(out, first + i);
    }
    out +=
        R"(],"groupLabels":{"job":"node"},"commonLabels":{"job":"node"},"commonAnnotations":{},)"
        R"("externalURL":"http://alertmanager.example.org:9093","version":"4","groupKey":"{}:{job=\"node\"}",)"
        R"("truncatedAlerts":0})";
    return out;
}

} // namespace bench_services
