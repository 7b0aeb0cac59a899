#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <tusk/pool/pool.hpp>
#include <tusk/types/lsn.hpp>

namespace tusk {

namespace detail {
class cluster_core;
}

/// What a server of a cluster was when it was asked last.
enum class cluster_role : std::uint8_t { unknown, primary, replica };

/// Settings of a cluster: one primary and its streaming replicas.
class cluster_config {
public:
    using duration = steady_clock::duration;

    /// Of a connection string with all hosts; `target_session_attrs` is ignored, the `pool_*` keys are for
    /// each server's pool.
    static result<cluster_config> parse(std::string_view conninfo);
    /// The server's host list names the servers; the rest is for each one's pool.
    cluster_config& pool(pool_config c) {
        pool_ = std::move(c);
        return *this;
    }
    /// How often each server is asked for its role and position: a promotion is noticed within this time.
    cluster_config& check_period(duration d) {
        period_ = d;
        return *this;
    }
    /// A server that does not answer within this time is down.
    cluster_config& check_timeout(duration d) {
        timeout_ = d;
        return *this;
    }
    /// Replicas that are further behind do not get reads.
    cluster_config& max_lag(duration d) {
        max_lag_ = d;
        return *this;
    }
    /// Reads go to the primary when no replica is fit; else they fail. On by default.
    cluster_config& read_from_primary(bool on) {
        fallback_ = on;
        return *this;
    }

    const pool_config& pool() const noexcept { return pool_; }
    duration check_period() const noexcept { return period_; }
    duration check_timeout() const noexcept { return timeout_; }
    duration max_lag() const noexcept { return max_lag_; }
    bool read_from_primary() const noexcept { return fallback_; }
    /// Every setting that makes no sense, in one message. `errc::invalid_configuration`.
    failure validate() const;

private:
    pool_config pool_;
    duration period_ = std::chrono::milliseconds{500};
    duration timeout_ = std::chrono::milliseconds{1000};
    duration max_lag_ = std::chrono::seconds{10};
    bool fallback_ = true;
};

/// What a read asks of the replica that answers it.
class read_options {
public:
    /// Not further behind than this, instead of the cluster's `max_lag`.
    read_options& max_lag(steady_clock::duration d) {
        max_lag_ = d;
        return *this;
    }
    /// Has everything up to this position: what the caller has written himself (`cluster::written`).
    read_options& at_least(lsn position) {
        at_least_ = position;
        return *this;
    }
    const std::optional<steady_clock::duration>& max_lag() const noexcept { return max_lag_; }
    const std::optional<lsn>& at_least() const noexcept { return at_least_; }

private:
    std::optional<steady_clock::duration> max_lag_;
    std::optional<lsn> at_least_;
};

/// A server of a cluster as it was seen last.
struct cluster_member {
    std::string server; ///< "host:port".
    cluster_role role = cluster_role::unknown;
    bool reachable = false;
    steady_clock::duration lag{};     ///< Of a replica: how old its newest transaction is, 0 when it has all.
    std::uint64_t bytes_behind = 0;   ///< Of a replica: what it has not replayed.
    steady_clock::duration latency{}; ///< Of the question.
    steady_clock::duration checked{}; ///< How long ago.
    std::string problem;              ///< Why it is not reachable.
    pool_stats pool;
};

/// A primary and its replicas behind one object. As a pool it executes on the primary, whichever that is at
/// the moment; `reads()` are the same verbs on replicas. Each server has a pool of its own and is asked for
/// its role in the background; a promotion is followed within about `check_period`, and a primary that was
/// demoted loses its connections. Between two primaries statements wait, as long as their deadline and
/// `acquire_timeout` allow. Safe from several threads.
class cluster final : public verbs {
public:
    class reader;

    /// Asks every server once. Throws `errc::no_suitable_host`, with what each said, when none is reachable.
    static asio::awaitable<cluster> open(cluster_config config,
                                         std::shared_ptr<observer> observed_by = nullptr);
    static asio::awaitable<cluster> open(std::string_view conninfo,
                                         std::shared_ptr<observer> observed_by = nullptr);
    cluster(cluster&&) noexcept;
    cluster& operator=(cluster&&) noexcept;
    /// Closes without waiting; see `close`.
    ~cluster() override;

    asio::awaitable<failure> execute(request& what, client_sink& sink) override;
    asio::awaitable<failure> execute_batch(batch& b, options o) override;
    asio::awaitable<result<std::unique_ptr<detail::stream_source>>>
    open_stream(request what, std::shared_ptr<client_sink> sink, std::function<void()> abandon) override;
    asio::awaitable<failure> copy(detail::copy_job& job) override;
    protocol::known_statement intern(std::string_view sql) override;

    /// The primary's pool, for leases and transactions. Waits for one until the deadline. Throws
    /// `errc::no_suitable_host`. The reference is good as long as the cluster.
    asio::awaitable<pool*> primary(deadline until = deadline::in(std::chrono::seconds{5}));
    /// Begins a transaction on the primary.
    asio::awaitable<transaction> begin(const tx_options& o = {});
    template <class F>
    auto transact(F f, tx_options o = {}) {
        return detail::transact(*this, std::move(f), std::move(o));
    }
    /// The verbs on replicas: of two that are fit, by chance, the one that is less busy. The object refers to
    /// the cluster.
    reader reads(read_options o = {});
    /// The pool that a read would take now. Null when none is fit.
    class pool* replica(const read_options& o = {});
    /// The position up to which the primary has written: a read `at_least` there sees all of it.
    asio::awaitable<lsn> written();

    std::vector<cluster_member> members() const;
    /// Closes every pool; see `pool::close`.
    asio::awaitable<void> close(deadline until = deadline::in(std::chrono::seconds{30}));

private:
    friend asio::awaitable<transaction> begin_on(cluster& on, tx_options o);
    explicit cluster(std::shared_ptr<detail::cluster_core> c) noexcept;
    std::shared_ptr<detail::cluster_core> core_;
};

/// See `cluster::reads`.
class cluster::reader final : public verbs {
public:
    reader(std::shared_ptr<detail::cluster_core> of, read_options o) : core_{std::move(of)}, options_{o} {}

    asio::awaitable<failure> execute(request& what, client_sink& sink) override;
    asio::awaitable<failure> execute_batch(batch& b, options o) override;
    asio::awaitable<result<std::unique_ptr<detail::stream_source>>>
    open_stream(request what, std::shared_ptr<client_sink> sink, std::function<void()> abandon) override;
    asio::awaitable<failure> copy(detail::copy_job& job) override;
    protocol::known_statement intern(std::string_view sql) override;

private:
    std::shared_ptr<detail::cluster_core> core_;
    read_options options_;
};

} // namespace tusk
