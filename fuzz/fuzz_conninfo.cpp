// Connection strings from anywhere: the first byte says how the input is used (string, password file or
// service file), the rest is the text. Whatever is accepted must be valid, and its printed form must parse to
// the same hosts.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include <tusk/net/conninfo.hpp>

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

void check(const tusk::result<tusk::connect_config>& config, const tusk::environment& env) {
    if (!config) {
        require(config.error().code() == tusk::errc::invalid_connection_string);
        require(!config.error().message().empty());
        return;
    }
    require(!tusk::validate(*config));
    require(!config->hosts().empty() && !config->user().empty());
    for (const auto& host : config->hosts()) {
        require(host.port != 0 && !host.display().empty());
        require(host.socket_path().empty() == !host.is_unix_socket());
        require(config->password_for(host).find('\0') == std::string::npos);
    }
    const auto again = tusk::parse_connect_config(tusk::redacted(*config), env);
    require(again.has_value());
    require(again->hosts().size() == config->hosts().size());
    for (std::size_t i = 0; i < again->hosts().size(); ++i)
        require(again->hosts()[i].display() == config->hosts()[i].display());
    require(again->user() == config->user() && again->database() == config->database());
    require(again->ssl_mode() == config->ssl_mode());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string text{reinterpret_cast<const char*>(data) + 1, size - 1};
    tusk::environment env;
    env.set_os_user("fuzzer").set_home_directory("/home/fuzzer").add_directory("/tmp");
    env.add_file("/home/fuzzer/.pgpass", data[0] % 4 == 1 ? text : "*:*:*:*:secret\n");
    env.add_file("/home/fuzzer/.pg_service.conf", data[0] % 4 == 2 ? text : "[s]\nhost=h\nuser=u\n");
    switch (data[0] % 4) {
    case 1:
        check(tusk::parse_connect_config("host=a,/tmp,::1 port=1,2,3 user=u:v dbname=d", env), env);
        break;
    case 2: check(tusk::parse_connect_config("service=s", env), env); break;
    case 3: check(tusk::parse_connect_config("postgresql://" + text, env), env); break;
    default: check(tusk::parse_connect_config(text, env), env);
    }
    return 0;
}
