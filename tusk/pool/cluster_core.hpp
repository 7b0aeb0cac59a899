#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <vector>

#include <tusk/pool/cluster.hpp>

/// What a cluster is behind its handle. Private to the part.
namespace tusk::detail {

/// One server: its pool, and what was seen of it last.
class cluster_endpoint {
public:
    cluster_endpoint(std::string shown_as, std::shared_ptr<const net::connect_target> at, pool connections)
        : name{std::move(shown_as)}, target{std::move(at)}, db{std::move(connections)} {}

    const std::string name; ///< "host:port".
    const std::shared_ptr<const net::connect_target> target;
    pool db;

    // Guarded by the cluster's mutex
    cluster_role role = cluster_role::unknown;
    bool reachable = false;
    std::uint32_t timeline = 0; ///< Of a primary.
    lsn position;               ///< Written (primary) or replayed (replica).
    steady_clock::duration lag{};
    steady_clock::duration latency{};
    steady_clock::time_point checked{};
    steady_clock::time_point behind_since{};
    std::string problem;
    std::uint32_t failures = 0; ///< In a row.
};

/// The answer of a server to the question what it is.
class cluster_answer {
public:
    bool replica = false;
    lsn position;
    std::optional<double> replay_age; ///< Seconds since the commit of the newest transaction replayed.
    std::uint32_t timeline = 0;
};

class cluster_core : public std::enable_shared_from_this<cluster_core> {
public:
    cluster_core(asio::any_io_executor executor, cluster_config config,
                 std::shared_ptr<observer> observed_by);

    /// Asks every server once, and goes on in the background.
    asio::awaitable<failure> start();
    asio::awaitable<result<pool*>> primary(deadline until);
    result<pool*> replica(const read_options& o);
    /// A statement failed: are the roles what they were?
    void doubt(const failure& f) noexcept;
    std::vector<cluster_member> members() const;
    asio::awaitable<void> close(deadline until);
    void abandon() noexcept;

    const cluster_config& config() const noexcept { return config_; }
    steady_clock::duration acquire_timeout() const noexcept { return config_.pool().acquire_timeout(); }
    const std::shared_ptr<protocol::statement_registry>& statements() const { return settings_.statements(); }

private:
    using endpoint = cluster_endpoint;

    asio::awaitable<void> watch(std::shared_ptr<endpoint> of);
    asio::awaitable<void> check(endpoint& of, std::optional<connection>& with);
    asio::awaitable<result<cluster_answer>> ask(endpoint& of, std::optional<connection>& with);
    void note(endpoint& of, const cluster_answer& said, steady_clock::duration took);
    void note(endpoint& of, const failure& why);
    steady_clock::duration time_to_next_check(const endpoint& of);
    endpoint* primary_locked() const noexcept;
    bool is_fit_locked(const endpoint& e, const read_options& o) const noexcept;
    std::string roles_locked() const;

    asio::any_io_executor executor_;
    const cluster_config config_;
    connection_settings settings_; ///< Shared by all pools: a statement is described once.
    std::vector<std::shared_ptr<endpoint>> endpoints_;

    mutable std::mutex mutex_; // guards everything below, and what the endpoints say
    std::minstd_rand random_{std::random_device{}()};
    bool closed_ = false;
    std::atomic<std::uint32_t> doubts_{0}; ///< Counts; who watches looks at it between two checks.
};

} // namespace tusk::detail
