#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

#include "world.hpp"

namespace simulation {

/// What servers have committed, in order: with it the clients' journals are compared. The servers of a
/// cluster share one (their replication is synchronous, and a replica shows what it has replayed).
struct ledger {
    std::vector<std::int64_t> tokens;
    std::int64_t position() const noexcept { return static_cast<std::int64_t>(tokens.size()) * 64; }
};

/// As much of a PostgreSQL server as a pool of connections needs, in a simulated world: sessions on a Unix
/// socket that execute a few statements, take a random time for it, and suffer what servers suffer. It says
/// in `problem` when a client broke the protocol.
///
///     select $1::int8                   the argument
///     insert into tokens values ($1)    part of the ledger as soon as the transaction is committed
///     begin, commit, rollback
///     select count(*) from tokens where token = $1
///     what `cluster` asks
class server {
public:
    server(world& in, std::shared_ptr<ledger> committed, std::string directory);
    ~server();

    std::string directory() const { return directory_; }

    // What happens to it
    void start();
    /// Every session is gone, nobody listens.
    void crash();
    /// Accepts, and is not yet open for business.
    void start_slowly(steady_clock::duration time);
    /// Nothing of it moves (SIGSTOP).
    void hang(steady_clock::duration time);
    /// One session never says anything any more, for this time; then it is gone.
    void silence_one(steady_clock::duration time);
    /// FATAL 57P01.
    void terminate_one();
    /// The next answer of one session ends at some byte.
    void cut_one();
    void full(bool on) { full_ = on; }
    void slow(unsigned times) { slowness_ = times; }
    /// Every statement takes so long, instead of a random time; zero is random again.
    void takes(steady_clock::duration time) { time_ = time; }
    /// So many sessions end with FATAL 57P01 as soon as they have begun: both come in one piece.
    void stillborn(unsigned sessions) { stillborn_ = sessions; }
    void fail_serialization(unsigned times) { serialization_failures_ = times; }
    /// Nothing of the above any more.
    void heal();
    void become(bool replica, std::uint32_t timeline);
    /// Of a replica, from now on: what it has replayed it does not take back.
    void lag(std::int64_t tokens) {
        replayed();
        lag_ = tokens;
    }

    bool accepts() const noexcept { return listening_ && !full_ && opens_at_ <= steady_clock::now(); }
    bool is_replica() const noexcept { return replica_; }
    /// Whether a session or all of it is deaf now, and how often that began.
    bool anything_deaf() const;
    std::uint64_t deafened() const noexcept { return deafened_; }
    std::size_t sessions() const;
    std::uint64_t arrivals() const noexcept { return arrivals_; }
    std::size_t most_sessions() const noexcept { return most_; }
    const std::string& problem() const noexcept { return problem_; }

private:
    class session;
    using protocol = asio::local::stream_protocol;

    asio::awaitable<void> accept(std::shared_ptr<protocol::acceptor> on);
    session* any();
    /// How many of the ledger's tokens it shows.
    std::int64_t replayed();
    void cancel(std::int32_t pid);

    world& world_;
    std::shared_ptr<ledger> ledger_;
    std::string directory_;
    std::shared_ptr<protocol::acceptor> acceptor_;
    std::vector<std::weak_ptr<session>> sessions_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    bool listening_ = false;
    bool full_ = false;
    bool replica_ = false;
    std::uint32_t timeline_ = 1;
    std::int64_t lag_ = 0;
    std::int64_t replayed_ = 0;
    unsigned slowness_ = 1;
    steady_clock::duration time_{};
    unsigned serialization_failures_ = 0;
    unsigned stillborn_ = 0;
    steady_clock::time_point opens_at_{};
    steady_clock::time_point hangs_until_{};
    std::uint64_t deafened_ = 0;
    std::uint64_t arrivals_ = 0;
    std::size_t most_ = 0;
    std::int32_t next_pid_ = 100;
    std::string problem_;
};

} // namespace simulation
