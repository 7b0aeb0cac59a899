#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include <tusk/core/error.hpp>
#include <tusk/embedded/server.hpp>

namespace tusk::embedded {

/// A primary and replicas that stream from it, for tests of what reads from replicas, or outlives a
/// promotion. They are named by what they were in the beginning. Movable; one thread at a time may use it.
class replica_set {
public:
    /// Returns when all replicas stream. The options are those of the primary (ephemeral; `port` has to stay
    /// as it is unless each server has a socket of its own); the replicas follow them. The settings
    /// `wal_level=replica` and `max_wal_senders` are added. PostgreSQL 12 or later. Errors as of
    /// `server::start`.
    static result<replica_set> start(std::size_t replicas, const server_options& options = server_options{});

    server& primary() noexcept { return primary_; }
    /// From 0; throws `std::out_of_range`.
    server& replica(std::size_t number) { return replicas_.at(number); }
    std::size_t replicas() const noexcept { return replicas_.size(); }
    /// All hosts in one URL, the primary first: for `target_session_attrs` and pools that follow a promotion.
    std::string url() const;
    /// Waits until every running replica has replayed what the primary has committed by now. Errors:
    /// `errc::timeout`.
    result<void> wait_until_caught_up(std::chrono::milliseconds limit = std::chrono::seconds{20}) const;
    /// Makes the replica a primary; the old one is left as it is (stop it before, in most tests).
    result<void> promote(std::size_t number);

private:
    explicit replica_set(server primary) : primary_{std::move(primary)} {}
    server primary_;
    std::vector<server> replicas_;
};

} // namespace tusk::embedded
