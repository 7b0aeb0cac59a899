#include <services/alerthist/demo.hpp>

#include <map>

namespace tusk::alerthist {

namespace {

constexpr const char* spaces[] = {"prod", "prod", "staging", "payments", "search", "dev-sandbox"};

std::string webhook_body(const std::string& name, const std::string& list) {
    json_object out;
    out.text("version", "4").text("receiver", "demo").text("groupKey", "{}:{alertname=\"" + name + "\"}");
    return out.raw("alerts", list).finish();
}

} // namespace

demo::demo(std::uint32_t seed) : random_{seed} {
    add("HighCPU", "warning", "The processors are busy", 12, 0.02, 0.05);
    add("HighMemory", "warning", "Little memory is left", 8, 0.01, 0.04);
    add("DiskFillingUp", "critical", "The disk is full in four hours", 6, 0.005, 0.02);
    add("NodeDown", "critical", "The machine does not answer", 4, 0.002, 0.05);
    add("PodCrashLooping", "warning", "The container ends again and again", 5, 0.25, 0.3); // flaps
    add("HighErrorRate", "critical", "More than 5 % of the requests fail", 6, 0.01, 0.08);
    add("HighLatency", "warning", "Requests take longer than a second", 8, 0.03, 0.1);
    add("ReplicationLag", "warning", "The replica is behind", 3, 0.02, 0.1);
    add("CertificateExpiring", "info", "The certificate ends in 14 days", 3, 0.002, 0.005);
    add("BackupFailed", "warning", "There is no backup of tonight", 2, 0.003, 0.01);
    add("PostgreSQLDown", "critical", "The database does not answer", 1, 0.001, 0.1);
    add("Watchdog", "none", "All is well with the alerts", 1, 1.0, 0.0);
    add("TestAlert", "info", "Somebody tries something", 1, 0.05, 0.3);
}

void demo::add(const char* name, const char* severity, const char* summary, int copies, double begins,
               double ends) {
    for (int i = 0; i < copies; ++i) {
        condition_of one{
            name,   severity, spaces[random_() % std::size(spaces)], "node-" + std::to_string(i + 1), summary,
            begins, ends};
        conditions_.push_back(std::move(one));
    }
}

std::vector<std::string> demo::next(std::chrono::system_clock::time_point now) {
    const auto at = std::chrono::floor<std::chrono::microseconds>(now);
    std::uniform_real_distribution<double> chance;
    std::map<std::string, std::string> groups;
    for (auto& one : conditions_) {
        if (chance(random_) >= (one.firing ? one.ends : one.begins)) continue;
        one.firing = !one.firing;
        if (one.firing) one.since = at;
        json_object labels;
        labels.text("alertname", one.name).text("instance", one.instance).text("namespace", one.space);
        labels.text("severity", one.severity);
        json_object alert;
        alert.text("status", one.firing ? "firing" : "resolved").raw("labels", labels.finish());
        alert.raw("annotations",
                  json_object{}.text("summary", one.summary + " (" + one.instance + ")").finish());
        alert.time("startsAt", one.since);
        if (!one.firing) alert.time("endsAt", at);
        alert.text("generatorURL", "http://prometheus.example.org/graph");
        auto& list = groups[one.name];
        (list += list.empty() ? "[" : ",") += alert.finish();
    }
    std::vector<std::string> out;
    for (const auto& [name, list] : groups) out.push_back(webhook_body(name, list + "]"));
    return out;
}

} // namespace tusk::alerthist
