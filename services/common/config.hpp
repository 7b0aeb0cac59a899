#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <services/common/log.hpp>
#include <services/common/settings.hpp>
#include <tusk/core/error.hpp>
#include <tusk/net/conninfo_environment.hpp>
#include <tusk/pool/config.hpp>

namespace tusk::common {

/// What can be set of every service. The values here are the defaults.
struct service_config {
    using duration = steady_clock::duration;

    // server
    std::string listen = "127.0.0.1:8080"; ///< "host:port"; port 0 takes a free one.
    unsigned threads = 1;                  ///< `read_config` makes it the number of cores.
    duration read_timeout = std::chrono::seconds{30};
    duration write_timeout = std::chrono::seconds{30};
    duration idle_timeout = std::chrono::seconds{75};
    duration shutdown_timeout = std::chrono::seconds{30}; ///< For requests under way after a signal.
    duration shutdown_delay{0}; ///< Between readiness going away and the end of accepting.
    // database
    std::optional<std::filesystem::path>
        embedded_dir; ///< Data directory of a server to start; none: connect to one.
    pool_config pool; ///< Its server is a placeholder with `embedded_dir`.
    // log
    std::string log_level = "info";
    log_format format = log_format::logfmt;
};

/// Where settings come from. A later one in this list wins: file, environment, flags.
class config_sources {
public:
    /// A YAML file, read by `load_config`.
    config_sources& file(std::filesystem::path path) {
        path_ = std::move(path);
        text_.reset();
        return *this;
    }
    /// The text of a YAML file; `name` is for messages.
    config_sources& file_text(std::string name, std::string text) {
        path_ = std::move(name);
        text_ = std::move(text);
        return *this;
    }
    /// The default is an empty environment.
    config_sources& environment(tusk::environment env) {
        environment_ = std::move(env);
        return *this;
    }
    config_sources& listen(std::string flag) {
        listen_ = std::move(flag);
        return *this;
    }
    config_sources& database_url(std::string flag) {
        database_url_ = std::move(flag);
        return *this;
    }

    const std::filesystem::path& path() const noexcept { return path_; }
    const std::optional<std::string>& text() const noexcept { return text_; }
    const tusk::environment& env() const noexcept { return environment_; }
    const std::optional<std::string>& listen_flag() const noexcept { return listen_; }
    const std::optional<std::string>& database_url_flag() const noexcept { return database_url_; }

private:
    std::filesystem::path path_;
    std::optional<std::string> text_;
    tusk::environment environment_;
    std::optional<std::string> listen_;
    std::optional<std::string> database_url_;
};

/// Reads the settings of one service: derive from it, read the service's own keys in `own()`.
class config_reader {
public:
    virtual ~config_reader() = default;
    config_reader(const config_reader&) = delete;
    config_reader& operator=(const config_reader&) = delete;

    /// Reads all sources into `out`. The failure (`errc::invalid_configuration`) names every problem, one a
    /// line: where the value was set, the value unless it is secret, and what is accepted. `keys` are the
    /// service's own; the common ones are known anyway. Call once.
    result<void> read(const config_sources& from, std::span<const known_key> keys, service_config& out);

protected:
    /// `program` names the default database, the application and the folder of embedded data.
    explicit config_reader(std::string program) : program_{std::move(program)} {}

    virtual void own() = 0;

    const raw_value* find(std::string_view path) const;
    void complain(const raw_value& what, const std::string& accepted);
    void complain_secretly(const raw_value& what, const std::string& why);
    /// These complain and return nothing when the value is not accepted; nothing too when there is none.
    std::optional<std::uint64_t> whole(std::string_view path, std::uint64_t least, std::uint64_t most);
    std::optional<service_config::duration> time(std::string_view path, bool zero_allowed);
    std::optional<std::string> word(std::string_view path, std::span<const std::string_view> words);
    /// "1048576", "512KiB", "10MiB": bytes.
    std::optional<std::uint64_t> size(std::string_view path, std::uint64_t least, std::uint64_t most);

private:
    void server();
    void log_section();
    void pool_limits();
    void database();
    void embedded(const raw_value& url);
    std::filesystem::path default_dir(const raw_value& url);
    void external(const raw_value* url);
    std::optional<std::string> connection_string(const raw_value* url);
    void pool_of(connect_config server);
    void apply_limits(pool_config& to);

    std::string program_;
    raw_layer settings_;
    environment env_;
    std::vector<std::string> problems_;
    service_config* out_ = nullptr;
    std::optional<std::uint64_t> max_, min_;
    std::optional<service_config::duration> lifetime_, idle_, health_, connect_, acquire_, statement_;
};

/// The effective settings for people, one `key: value` a line, without secrets: the sections `server` and
/// `database`, and `log`.
std::string describe_server(const service_config& what);
std::string describe_log(const service_config& what);

} // namespace tusk::common
