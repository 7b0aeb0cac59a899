#include <tusk/embedded/replicas.hpp>

#include <thread>

#include <tusk/embedded/detail/admin_session.hpp>
#include <tusk/embedded/detail/places.hpp>
#include <tusk/embedded/detail/text.hpp>

namespace tusk::embedded {

namespace {

constexpr auto look_again = std::chrono::milliseconds{10};
constexpr auto promotion_limit = std::chrono::seconds{30};

bool is_set(const server_options& options, std::string_view name) {
    for (const auto& setting : options.settings())
        if (setting.first == name) return true;
    return false;
}

server_options replicated(server_options options, std::size_t replicas) {
    if (!is_set(options, "wal_level")) options.setting("wal_level", "replica");
    if (!is_set(options, "max_wal_senders"))
        options.setting("max_wal_senders", std::to_string(2 * replicas + 2));
    return options;
}

result<std::string> ask(const server& of, const std::string& sql, deadline until) {
    auto session = detail::admin_session::open(detail::socket_file(of.socket_dir(), of.port()), 0, "postgres",
                                               "postgres", until);
    if (!session) return session.error();
    const auto rows = session->query(sql, until);
    if (!rows) return rows.error();
    return rows->empty() ? std::string{} : rows->front();
}

/// Until the question has been answered with "t".
result<void> wait_for(const server& of, const std::string& question, const char* what, deadline until) {
    for (;;) {
        const auto answer = ask(of, question, until);
        if (!answer) return answer.error();
        if (*answer == "t") return {};
        if (until.expired())
            return failure{errc::timeout,
                           std::string{what} + "; the end of the primary's log:\n" + of.log_tail()};
        std::this_thread::sleep_for(look_again);
    }
}

} // namespace

result<replica_set> replica_set::start(std::size_t replicas, const server_options& options) {
    const auto wanted = replicated(options, replicas);
    auto primary = server::start(wanted);
    if (!primary) return primary.error();
    replica_set made{std::move(*primary)};
    if (replicas == 0) return made;
    // Copies of one that is stopped: no backup program is needed, and the copy is whole.
    if (const auto stopped = made.primary_.stop(); !stopped) return stopped.error();
    for (std::size_t i = 0; i < replicas; ++i) {
        server_options copy{wanted};
        copy.standby_of(made.primary_.data_dir(), made.primary_.url());
        if (!wanted.tcp_host().empty()) copy.listen_tcp(wanted.tcp_host(), 0);
        auto replica = server::start(copy);
        if (!replica) return failure{replica.error()}.add_context("replica " + std::to_string(i));
        made.replicas_.push_back(std::move(*replica));
    }
    if (const auto again = made.primary_.start_again(); !again) return again.error();
    const auto streaming = "select count(*) >= " + std::to_string(replicas) +
                           " from pg_catalog.pg_stat_replication where state = 'streaming'";
    if (const auto all = wait_for(made.primary_, streaming, "the replicas do not stream",
                                  deadline::in(options.startup_timeout()));
        !all)
        return all.error();
    return made;
}

std::string replica_set::url() const {
    std::string hosts = detail::percent_encode(primary_.socket_dir().string());
    std::string ports = std::to_string(primary_.port());
    for (const auto& replica : replicas_) {
        hosts += "," + detail::percent_encode(replica.socket_dir().string());
        ports += "," + std::to_string(replica.port());
    }
    const auto& one = primary_.url(); // postgres://user@/database?host=…&port=…
    return one.substr(0, one.find('?')) + "?host=" + hosts + "&port=" + ports;
}

result<void> replica_set::wait_until_caught_up(std::chrono::milliseconds limit) const {
    const auto until = deadline::in(limit);
    const auto position = ask(primary_, "select pg_catalog.pg_current_wal_lsn()::text", until);
    if (!position) return position.error();
    const auto question =
        "select pg_catalog.pg_last_wal_replay_lsn() >= " + detail::quote_literal(*position) +
        "::pg_catalog.pg_lsn";
    for (const auto& replica : replicas_) {
        if (!replica.is_running()) continue;
        if (const auto there = wait_for(replica, question, "a replica has not caught up", until); !there)
            return there.error();
    }
    return {};
}

result<void> replica_set::promote(std::size_t number) {
    const auto until = deadline::in(promotion_limit);
    const auto done = ask(replicas_.at(number), "select pg_catalog.pg_promote(true, 30)", until);
    if (!done) return done.error();
    if (*done == "t") return {};
    return failure{errc::timeout, "the replica was not promoted within 30 s"};
}

} // namespace tusk::embedded
