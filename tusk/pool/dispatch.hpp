#pragma once

#include <memory>
#include <vector>

#include <tusk/client/shared_request.hpp>
#include <tusk/pool/pool_core.hpp>

/// Shared dispatch: statements that have no connection yet are not bound to one when they queue. A connection
/// that comes free takes several of them, each with its own Sync, and goes on taking as answers arrive.
/// Private to the part.
namespace tusk::detail {

/// A caller in the queue whose statement may share a connection.
struct shared_waiter final : waiter, shared_request {
    shared_waiter(request& what, client_sink& sink, const connection_settings& settings)
        : shared_request{what, sink, settings} {
        statement = this;
    }

    class shared_session* session = nullptr; ///< Where it is on its way; guarded by the pool's mutex.
    deadline call_until;                     ///< Of the whole call; `until` is that of waiting.
    steady_clock::duration expected{};       ///< How long it usually takes; likewise.
    bool canceled = false;                   ///< By its caller; likewise.
    bool again = false;                      ///< Nothing of it took effect: it is to be executed alone.
};

/// A connection while callers share it. Alive as long as its run.
class shared_session final : public protocol::shared_feed,
                             public std::enable_shared_from_this<shared_session> {
public:
    shared_session(std::shared_ptr<pool_core> of, std::unique_ptr<pooled> with)
        : pool_{std::move(of)}, held_{std::move(with)} {}
    ~shared_session() override;
    shared_session(const shared_session&) = delete;
    shared_session& operator=(const shared_session&) = delete;
    /// Runs until nobody waits, or somebody waits for a connection of his own.
    void start();
    void poke() { detail::poke(held_->conn); }
    /// The earliest deadline of those on their way; under the pool's mutex.
    deadline first_deadline() const noexcept;

private:
    friend class pool_core;
    protocol::shared_statement* next(std::size_t in_flight) override;
    bool takes_more_locked(std::size_t in_flight, steady_clock::duration expected) const noexcept;
    void finished(protocol::shared_statement& which, failure f, protocol::shared_end end) override;
    failure given_up(const protocol::shared_statement& which) override;

    std::shared_ptr<pool_core> pool_;
    std::unique_ptr<pooled> held_;
    std::vector<std::shared_ptr<shared_waiter>> on_the_way_; ///< Guarded by the pool's mutex.
    steady_clock::duration expected_{};                      ///< Of all that are on their way; likewise.
    steady_clock::time_point last_answer_{};
};

} // namespace tusk::detail
