#pragma once

#include <tusk/client/blocking.hpp>
#include <tusk/core/deadline.hpp>
#include <tusk/embedded/server.hpp>

#include <array>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace replication_test {

enum node : std::size_t { primary, first, second };

/// A primary and two standbys that stream from it, on TCP ports of this machine. They are named by what they
/// were in the beginning.
class cluster {
public:
    cluster() {
        auto options = common();
        servers_[primary] = tusk::embedded::server::start(options).value();
        // Copies of one that is stopped: no backup program is needed, and the copy is whole.
        at(primary).stop().value();
        for (const auto which : {first, second})
            servers_[which] =
                tusk::embedded::server::start(common().standby_of(at(primary).data_dir(), at(primary).url()))
                    .value();
        at(primary).start_again().value();
        wait_until(primary,
                   "select count(*) = 2 from pg_catalog.pg_stat_replication where state = 'streaming'");
    }

    tusk::embedded::server& at(node which) { return *servers_.at(which); }
    std::string port(node which) { return std::to_string(at(which).port()); }

    /// A connection string for a list of hosts in this order.
    std::string conninfo(const std::vector<node>& order, const std::string& more = {}) {
        std::string hosts;
        std::string ports;
        for (const auto which : order) {
            hosts += (hosts.empty() ? "" : ",") + std::string{"127.0.0.1"};
            ports += (ports.empty() ? "" : ",") + port(which);
        }
        return "host=" + hosts + " port=" + ports + " user=postgres dbname=postgres sslmode=disable " + more;
    }

    tusk::blocking::connection connect(node which) {
        return tusk::blocking::connection::open(at(which).url());
    }
    void promote(node which) {
        if (!connect(which).one<bool>("select pg_catalog.pg_promote(wait_seconds => 30)"))
            throw std::runtime_error{"the standby was not promoted"};
    }
    void set_read_only(node which, bool on) {
        auto db = connect(which);
        db.script(std::string{"alter system set default_transaction_read_only = "} + (on ? "on" : "off"));
        db.one<bool>("select pg_catalog.pg_reload_conf()");
        wait_until(which, std::string{"select current_setting('default_transaction_read_only') = "} +
                              (on ? "'on'" : "'off'"));
    }
    /// Waits (20 s at most) until the server answers this question with true.
    void wait_until(node which, const std::string& question) {
        auto db = connect(which);
        const auto until = tusk::deadline::in(std::chrono::seconds{20});
        while (!db.one<bool>(question)) {
            if (until.expired()) throw std::runtime_error{"never came true: " + question};
            db.one<int>("select 1 from pg_catalog.pg_sleep(0.01)");
        }
    }
    /// PostgreSQL 14 and newer report their role, also when it changes.
    bool reports_roles() { return at(primary).binaries().major >= 14; }

private:
    static tusk::embedded::server_options common() {
        tusk::embedded::server_options o;
        o.listen_tcp().setting("wal_level", "replica").setting("max_wal_senders", "4");
        return o;
    }
    std::array<std::optional<tusk::embedded::server>, 3> servers_;
};

} // namespace replication_test
