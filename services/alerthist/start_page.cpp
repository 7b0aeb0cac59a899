#include <services/alerthist/api.hpp>

namespace tusk::alerthist {

namespace {

/// An alert as Alertmanager sends it; the fingerprint is left to be computed.
constexpr std::string_view sample_body =
    R"({"version":"4","receiver":"sample","alerts":[{"status":"firing",)"
    R"("labels":{"alertname":"DiskFull","instance":"node-1","namespace":"prod","severity":"critical"},)"
    R"("annotations":{"summary":"/var on node-1 is full"},"startsAt":"2026-01-31T12:00:00Z"}]})";

} // namespace

std::string sample_commands(const std::string& host) {
    return "curl -H 'Content-Type: application/json' http://" + host + "/webhook -d '" +
           std::string{sample_body} + "'\ncurl 'http://" + host + "/api/v1/alerts?severity=critical'\n";
}

std::string start_page(const std::string& host) {
    return "alerthist " + std::string{version()} +
           ": the history of Prometheus alerts\n"
           "\n"
           "Let Alertmanager send to it:\n"
           "\n"
           "  receivers:\n"
           "    - name: alerthist\n"
           "      webhook_configs:\n"
           "        - url: http://" +
           host +
           "/webhook\n"
           "          send_resolved: true\n"
           "\n"
           "Try it:\n"
           "\n" +
           sample_commands(host) +
           "\n"
           "Open:\n"
           "\n"
           "  /api/v1/alerts                       current alerts: status, severity, namespace, "
           "label=name:value, from, to, limit, cursor\n"
           "  /api/v1/alerts/{fingerprint}         one of them\n"
           "  /api/v1/alerts/{fingerprint}/events  its history, the newest first\n"
           "  /health                              what works and what does not\n"
           "  /readyz?verbose  /livez              for probes\n"
           "  /metrics                             for Prometheus\n";
}

} // namespace tusk::alerthist
