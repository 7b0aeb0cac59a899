#include <tusk/embedded/detail/command_line.hpp>

#include <algorithm>
#include <string_view>

#include <tusk/embedded/detail/text.hpp>

namespace tusk::embedded::detail {

namespace {

class command {
public:
    explicit command(std::vector<std::string> line) : line_{std::move(line)} {}

    command& set(std::string_view name, std::string_view value) {
        line_.emplace_back("-c");
        line_.push_back(std::string{name} + "=" + std::string{value});
        return *this;
    }
    std::vector<std::string> take() { return std::move(line_); }

private:
    std::vector<std::string> line_;
};

bool is_set(const server_options& options, std::string_view name) {
    const auto& all = options.settings();
    return std::any_of(all.begin(), all.end(), [name](const auto& setting) { return setting.first == name; });
}

/// For throwaway data that nobody replicates: no background work, no checkpoints in the middle of a test.
void tune_for_tests(command& line, const server_options& options, bool data_in_memory) {
    line.set("autovacuum", "off").set("checkpoint_timeout", "1h").set("max_wal_size", "8GB");
    line.set("max_connections", "200").set("shared_buffers", "128MB");
    // A server asked for a higher WAL level needs its walsenders; the server refuses minimal with any.
    if (!options.is_standby() && !is_set(options, "wal_level") && !is_set(options, "max_wal_senders"))
        line.set("wal_level", "minimal").set("max_wal_senders", "0");
    // Segments as files of the data directory: they cannot outlive it, whatever kills the server.
    if (data_in_memory) line.set("dynamic_shared_memory_type", "mmap");
}

} // namespace

std::vector<std::string> postmaster_command(const binaries& programs, const server_options& options,
                                            const decided& where) {
    command line{{programs.postgres().string(), "-D", where.data_dir.string()}};
    line.set("port", std::to_string(where.port));
    // The setting is a list; in quotes a comma or a blank of the path is just that.
    line.set("unix_socket_directories", quote_identifier(where.socket_dir.string()));
    line.set("listen_addresses", options.tcp_host());
    line.set("logging_collector", "off").set("log_destination", "stderr");
    if (!options.durable())
        line.set("fsync", "off").set("synchronous_commit", "off").set("full_page_writes", "off");
    if (options.is_standby()) // and back at once when the primary was away
        line.set("primary_conninfo", options.primary_url()).set("wal_retrieve_retry_interval", "100ms");
    if (options.is_ephemeral()) tune_for_tests(line, options, where.data_in_memory);
    if (options.has_tls())
        line.set("ssl", "on").set("ssl_cert_file", "tusk-server.crt").set("ssl_key_file", "tusk-server.key");
    for (const auto& [name, value] : options.settings()) line.set(name, value);
    return line.take();
}

std::vector<std::string> initdb_arguments(const server_options& options) {
    std::vector<std::string> arguments{"--locale=" + options.locale()};
    const auto& more = options.initdb_arguments();
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
}

std::string socket_url(const server_options& options, const decided& where) {
    std::string url = "postgres://" + percent_encode(options.user()) + "@/" +
                      percent_encode(options.database()) +
                      "?host=" + percent_encode(where.socket_dir.string());
    url += "&port=" + std::to_string(where.port); // always: PGPORT of the environment would count otherwise
    return url;
}

std::string tcp_url(const server_options& options, const decided& where) {
    auto host = options.tcp_host();
    if (host.empty()) return {};
    host = host.substr(0, host.find(',')); // listen_addresses is a list
    if (host == "*" || host == "0.0.0.0") host = "127.0.0.1";
    if (host == "::") host = "::1";
    if (host.find(':') != std::string::npos) host = "[" + host + "]";
    return "postgres://" + percent_encode(options.user()) + "@" + host + ":" + std::to_string(where.port) +
           "/" + percent_encode(options.database());
}

} // namespace tusk::embedded::detail
