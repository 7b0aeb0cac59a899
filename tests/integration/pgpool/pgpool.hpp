#pragma once

#include <pwd.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <e2e/child.hpp>

namespace pgpool_test {

namespace fs = std::filesystem;

/// Where scripts/setup unpacks it.
inline std::string pgpool_program() { return std::string{TUSK_DEPS} + "/pgpool/usr/sbin/pgpool"; }

/// One server behind it: a directory with a socket, or an address.
struct backend {
    std::string host;
    std::uint16_t port = 0;
};

/// Pgpool-II in front of servers, the first of which is the primary; on a port of 127.0.0.1.
class pgpool {
public:
    /// `mode`: "raw", "streaming_replication".
    pgpool(const std::string& mode, const std::vector<backend>& servers)
        : directory_{fs::temp_directory_path() / ("tusk-pgpool-" + std::to_string(::getpid()))},
          port_{e2e::free_port()} {
        fs::create_directories(directory_);
        fs::permissions(directory_, fs::perms::all);
        write_configuration(mode, servers);
        start();
    }
    pgpool(const pgpool&) = delete;
    pgpool& operator=(const pgpool&) = delete;
    ~pgpool() {
        stop();
        std::error_code ignored;
        fs::remove_all(directory_, ignored);
    }
    /// Also again, at the same port.
    void start() {
        program_ = std::make_unique<e2e::child>(command({"-n"}), directory_ / "log");
        if (!program_->wait_for_output("successfully started")) throw std::runtime_error{program_->output()};
    }
    /// Its processes end with their clients' sessions, and not when only their parent is ended.
    void stop() {
        if (!program_) return;
        e2e::child stopping{command({"-m", "fast", "stop"}), directory_ / "log of the end"};
        // Asking is what lets it be gone: until then it is there for whoever stops it.
        while (program_->is_running() && stopping.is_running())
            std::this_thread::sleep_for(std::chrono::milliseconds{10});
        program_.reset();
    }

    std::string url(const std::string& database, const std::string& more = "") const {
        return "postgres://postgres@127.0.0.1:" + std::to_string(port_) + "/" + database +
               "?sslmode=disable" + (more.empty() ? "" : "&") + more;
    }
    std::string log() const { return program_->output(); }

private:
    void write_configuration(const std::string& mode, const std::vector<backend>& servers) {
        const auto here = directory_.string();
        std::ofstream out{directory_ / "pgpool.conf"};
        out << "backend_clustering_mode = '" << mode << "'\nlisten_addresses = '127.0.0.1'\nport = " << port_
            << "\nsocket_dir = '" << here << "'\npcp_socket_dir = '" << here
            << "'\npcp_port = " << e2e::free_port() << "\npid_file_name = '" << here
            << "/pgpool.pid'\nlogdir = '" << here << "'\nwork_dir = '" << here
            << "'\nenable_pool_hba = off\npool_passwd = ''\nssl = off\nnum_init_children = 8\nmax_pool = 1\n"
               "memqcache_total_size = 1MB\nmemqcache_max_num_cache = 1000\nload_balance_mode = on\n"
               "sr_check_period = 1\nsr_check_user = 'postgres'\nsr_check_database = 'postgres'\n"
               "health_check_period = 0\n";
        for (std::size_t i = 0; i < servers.size(); ++i)
            out << "backend_hostname" << i << " = '" << servers[i].host << "'\nbackend_port" << i << " = "
                << servers[i].port << "\nbackend_weight" << i << " = 1\nbackend_flag" << i
                << " = 'DISALLOW_TO_FAILOVER'\n";
        std::ofstream{directory_ / "pcp.conf"};
        std::ofstream{directory_ / "pool_hba.conf"};
    }
    /// Nobody but the servers' account reaches their sockets.
    std::vector<std::string> command(const std::vector<std::string>& what) const {
        std::vector<std::string> out;
        if (::geteuid() == 0) {
            const auto* account = ::getpwnam("postgres");
            if (account == nullptr) account = ::getpwnam("nobody");
            out = {"/usr/bin/setpriv", "--reuid=" + std::to_string(account->pw_uid),
                   "--regid=" + std::to_string(account->pw_gid), "--clear-groups"};
        }
        const auto at = [this](const char* file) { return (directory_ / file).string(); };
        for (const auto& word : {pgpool_program(), std::string{"-f"}, at("pgpool.conf"), std::string{"-F"},
                                 at("pcp.conf"), std::string{"-a"}, at("pool_hba.conf")})
            out.push_back(word);
        out.insert(out.end(), what.begin(), what.end());
        return out;
    }

    fs::path directory_;
    std::uint16_t port_;
    std::unique_ptr<e2e::child> program_;
};

} // namespace pgpool_test
