#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tusk/core/error.hpp>

namespace tusk::embedded {

/// How a server stops. Source: `pg_ctl stop`.
enum class stop_mode {
    smart,     ///< When the last client has gone.
    fast,      ///< Clients are thrown out, their transactions rolled back.
    immediate, ///< At once, without a checkpoint; the next start recovers.
};

/// SQL for a new server: a file, or a text.
struct init_script {
    std::string name; ///< For errors; the file's path.
    std::optional<std::string> sql;

    /// Errors: `errc::environment` when the file cannot be read.
    result<std::string> text() const;
};

/// How a server is to be run. The default is an ephemeral server of the first PostgreSQL found, reachable
/// over a unix socket only. Each setter has a getter of the same name.
class server_options {
public:
    /// The major version; 0 (the default) is that of the data directory, else the first found.
    server_options& version(int major) {
        version_ = major;
        return *this;
    }
    /// Take the server programs from this directory; otherwise `find_binaries` looks for them.
    server_options& bin_dir(std::filesystem::path dir) {
        bin_dir_ = std::move(dir);
        return *this;
    }
    /// Persistent: the data stays in `dir`, which is initialised when it is absent or empty.
    server_options& data_dir(std::filesystem::path dir) {
        data_dir_ = std::move(dir);
        return *this;
    }
    /// Ephemeral (the default): data in memory where possible, and gone with the server.
    server_options& ephemeral() {
        data_dir_.clear();
        return *this;
    }
    /// A hot standby: its (ephemeral) data begin as a copy of `data_dir`, of a primary that is stopped
    /// meanwhile, and follow the server at `url` by streaming replication as soon as that runs (again). The
    /// primary needs the settings `wal_level=replica` and `max_wal_senders`. PostgreSQL 12 or later.
    server_options& standby_of(std::filesystem::path data_dir, std::string url) {
        primary_data_dir_ = std::move(data_dir);
        primary_url_ = std::move(url);
        return *this;
    }
    /// Where ephemeral servers put their directories; the default is /dev/shm, $TMPDIR or /tmp.
    server_options& scratch_dir(std::filesystem::path dir) {
        scratch_dir_ = std::move(dir);
        return *this;
    }
    /// The directory of the unix socket; the default is a new one with a short path.
    server_options& socket_dir(std::filesystem::path dir) {
        socket_dir_ = std::move(dir);
        return *this;
    }
    /// The port; without TCP it only names the socket. Default 5432.
    server_options& port(std::uint16_t port) {
        port_ = port;
        return *this;
    }
    /// Listens on TCP too; `port` 0 takes a free one. Without it there is the unix socket only.
    /// Authentication is "trust" from this machine, and none is allowed from elsewhere.
    server_options& listen_tcp(std::string host = "127.0.0.1", std::uint16_t port = 0) {
        tcp_host_ = std::move(host);
        port_ = port;
        return *this;
    }
    /// The database of `url()`, created when it is missing. Default "postgres".
    server_options& database(std::string name) {
        database_ = std::move(name);
        return *this;
    }
    /// The role of `url()`, created as a superuser when it is missing. Default "postgres".
    server_options& user(std::string name) {
        user_ = std::move(name);
        return *this;
    }
    /// A setting of postgresql.conf; it overrides what Tusk sets. The last one of a name counts.
    server_options& setting(std::string name, std::string value) {
        settings_.emplace_back(std::move(name), std::move(value));
        return *this;
    }
    /// Settings from a file in the format of postgresql.conf (without `include`): as if each were given to
    /// `setting` here. Throws `tusk::error` (`errc::environment`, `errc::invalid_configuration`) naming file
    /// and line.
    server_options& config_file(const std::filesystem::path& file);
    /// SQL that is run once, when the data directory is new: statements without commands of psql, each file
    /// in one transaction, in the database and as the role of these options; scripts run in the order given.
    /// A directory stands for its `*.sql` in the order of their names.
    server_options& init_file(const std::filesystem::path& file_or_directory);
    server_options& init_sql(std::string sql);
    /// TLS over TCP: a certificate authority of the server's own signs one for "localhost", 127.0.0.1 and
    /// ::1, new for each data directory. `tcp_url()` then verifies it. Listens on 127.0.0.1 unless
    /// `listen_tcp` says otherwise.
    server_options& tls(bool on = true);
    /// Whether committed data has to survive a crash of the machine. Default: false when ephemeral, else
    /// true.
    server_options& durable(bool on) {
        durable_ = on;
        return *this;
    }
    /// The locale of a new data directory. Default "C".
    server_options& locale(std::string name) {
        locale_ = std::move(name);
        return *this;
    }
    /// Another argument of initdb for a new data directory, such as "--data-checksums".
    server_options& initdb_argument(std::string argument) {
        initdb_arguments_.push_back(std::move(argument));
        return *this;
    }
    /// The server's log; the default is `tusk.log` in the data directory, or a file beside an ephemeral one.
    server_options& log_file(std::filesystem::path file) {
        log_file_ = std::move(file);
        return *this;
    }
    /// How long the server may take until it answers. Default 10 s.
    server_options& startup_timeout(std::chrono::milliseconds timeout) {
        startup_timeout_ = timeout;
        return *this;
    }
    /// The server goes on when this process ends; `list_detached` and `stop_detached` know it by its name.
    server_options& detach(bool on = true) {
        detach_ = on;
        return *this;
    }
    /// The name of a detached server. Default "default".
    server_options& name(std::string name) {
        name_ = std::move(name);
        return *this;
    }

    int version() const noexcept { return version_; }
    const std::filesystem::path& bin_dir() const noexcept { return bin_dir_; }
    const std::filesystem::path& data_dir() const noexcept { return data_dir_; }
    bool is_ephemeral() const noexcept { return data_dir_.empty(); }
    /// Empty when it is no standby.
    const std::filesystem::path& primary_data_dir() const noexcept { return primary_data_dir_; }
    const std::string& primary_url() const noexcept { return primary_url_; }
    bool is_standby() const noexcept { return !primary_url_.empty(); }
    const std::filesystem::path& scratch_dir() const noexcept { return scratch_dir_; }
    const std::filesystem::path& socket_dir() const noexcept { return socket_dir_; }
    std::uint16_t port() const noexcept { return port_; }
    /// The address to listen on; empty without TCP.
    const std::string& tcp_host() const noexcept { return tcp_host_; }
    const std::string& database() const noexcept { return database_; }
    const std::string& user() const noexcept { return user_; }
    const std::vector<std::pair<std::string, std::string>>& settings() const noexcept { return settings_; }
    const std::vector<init_script>& init_scripts() const noexcept { return init_scripts_; }
    bool has_tls() const noexcept { return tls_; }
    bool durable() const noexcept { return durable_.value_or(!is_ephemeral()); }
    const std::string& locale() const noexcept { return locale_; }
    const std::vector<std::string>& initdb_arguments() const noexcept { return initdb_arguments_; }
    const std::filesystem::path& log_file() const noexcept { return log_file_; }
    std::chrono::milliseconds startup_timeout() const noexcept { return startup_timeout_; }
    bool is_detached() const noexcept { return detach_; }
    const std::string& name() const noexcept { return name_; }

    /// `errc::invalid_configuration` naming the first option that cannot be; empty when all are sound.
    failure check() const;

private:
    int version_ = 0;
    std::filesystem::path bin_dir_;
    std::filesystem::path data_dir_;
    std::filesystem::path primary_data_dir_;
    std::string primary_url_;
    std::filesystem::path scratch_dir_;
    std::filesystem::path socket_dir_;
    std::uint16_t port_ = 5432;
    std::string tcp_host_;
    std::string database_ = "postgres";
    std::string user_ = "postgres";
    std::vector<std::pair<std::string, std::string>> settings_;
    std::vector<init_script> init_scripts_;
    bool tls_ = false;
    std::optional<bool> durable_;
    std::string locale_ = "C";
    std::vector<std::string> initdb_arguments_;
    std::filesystem::path log_file_;
    std::chrono::milliseconds startup_timeout_{10'000};
    bool detach_ = false;
    std::string name_ = "default";
};

} // namespace tusk::embedded
