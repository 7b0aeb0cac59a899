#include <services/talk/config.hpp>

namespace tusk::talk {

namespace {

constexpr common::known_key talk_keys[] = {
    {"api.max_request_size"},
    {"api.cors_origin", "TALK_CORS_ORIGIN"},
    {"api.requests_per_minute"},
};

class talk_reader : public common::config_reader {
public:
    explicit talk_reader(config& out) : config_reader{"talk"}, out_{out} {}

private:
    void own() override {
        if (const auto bytes = size("api.max_request_size", 1024, 1ULL << 30)) out_.max_request_size = *bytes;
        if (const auto* origin = find("api.cors_origin")) out_.cors_origin = origin->text;
        if (const auto count = whole("api.requests_per_minute", 0, 1'000'000))
            out_.requests_per_minute = *count;
    }

    config& out_;
};

} // namespace

result<config> load_config(const common::config_sources& from) {
    config out;
    const auto done = talk_reader{out}.read(from, talk_keys, out);
    if (!done) return done.error();
    return out;
}

std::string describe(const config& what) {
    return describe_server(what) + "api.max_request_size: " + std::to_string(what.max_request_size) +
           "\napi.cors_origin: " + what.cors_origin +
           "\napi.requests_per_minute: " + std::to_string(what.requests_per_minute) + "\n" +
           describe_log(what);
}

} // namespace tusk::talk
