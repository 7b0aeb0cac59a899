#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include <tusk/core/error.hpp>
#include <tusk/net/conninfo_environment.hpp>
#include <tusk/pool/config.hpp>

namespace tusk::alerthist {

/// How log lines are written.
enum class log_format : std::uint8_t { logfmt, json };

/// Everything that can be set. The values here are the defaults; `docs/alerthist.md` has the table.
struct config {
    using duration = steady_clock::duration;

    // server
    std::string listen = "127.0.0.1:8080"; ///< "host:port"; port 0 takes a free one.
    unsigned threads = 1;                  ///< `load_config` makes it the number of cores.
    duration read_timeout = std::chrono::seconds{30};
    duration write_timeout = std::chrono::seconds{30};
    duration idle_timeout = std::chrono::seconds{75};
    duration shutdown_timeout = std::chrono::seconds{30}; ///< For requests under way after a signal.
    duration shutdown_delay{0}; ///< Between readiness going away and the end of accepting.
    // database
    std::optional<std::filesystem::path>
        embedded_dir; ///< Data directory of a server to start; none: connect to one.
    pool_config pool; ///< Its server is a placeholder with `embedded_dir`.
    // webhook
    std::uint64_t max_request_size = 10 * 1024 * 1024; ///< Bytes.
    std::size_t max_alerts_per_request = 1000;
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

/// Reads and checks all sources. The failure (`errc::invalid_configuration`) names every problem, one a line:
/// where the value was set, the value unless it is secret, and what is accepted.
result<config> load_config(const config_sources& from);

/// The effective configuration for people, one `key: value` a line, without secrets.
std::string describe(const config& what);

} // namespace tusk::alerthist
