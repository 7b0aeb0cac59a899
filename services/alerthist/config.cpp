#include <services/alerthist/config.hpp>

namespace tusk::alerthist {

namespace {

constexpr common::known_key own_keys[] = {
    {"webhook.max_request_size"},
    {"webhook.max_alerts_per_request"},
};

class own_reader : public common::config_reader {
public:
    explicit own_reader(config& out) : config_reader{"alerthist"}, out_{out} {}

private:
    void own() override {
        if (const auto bytes = size("webhook.max_request_size", 1024, 1ULL << 30))
            out_.max_request_size = *bytes;
        if (const auto count = whole("webhook.max_alerts_per_request", 1, 100'000))
            out_.max_alerts_per_request = static_cast<std::size_t>(*count);
    }

    config& out_;
};

} // namespace

result<config> load_config(const config_sources& from) {
    config out;
    const auto done = own_reader{out}.read(from, own_keys, out);
    if (!done) return done.error();
    return out;
}

std::string describe(const config& what) {
    return describe_server(what) + "webhook.max_request_size: " + std::to_string(what.max_request_size) +
           "\nwebhook.max_alerts_per_request: " + std::to_string(what.max_alerts_per_request) + "\n" +
           describe_log(what);
}

} // namespace tusk::alerthist
