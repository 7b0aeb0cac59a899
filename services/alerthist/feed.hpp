#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <services/alerthist/common.hpp>
#include <services/alerthist/health.hpp>
#include <services/alerthist/policy_keeper.hpp>
#include <services/alerthist/store.hpp>
#include <services/http/hub.hpp>
#include <services/http/sse.hpp>
#include <services/http/websocket.hpp>
#include <tusk/client/listener.hpp>

namespace tusk::alerthist {

/// What happens, for those who listen: events of all instances in the order of their commits (LISTEN tells
/// that there are some, the table says which), silences, the pool, the health. x-events of openapi.json.
class feed : public std::enable_shared_from_this<feed> {
public:
    feed(boost::asio::any_io_executor executor, pool& on, store& events, policy_store& rules,
         policy_keeper& keeper, health& state, alerthist::log& problems);

    /// When the tables are there. `something_to_publish` is called from the feed's strand.
    void start(std::function<void()> something_to_publish);
    /// No more events; the listener is closed.
    boost::asio::awaitable<void> stop();

    /// A frame for everybody. From any thread.
    void tell(std::string_view type, std::string_view data);
    /// A sample of the pool: only WebSockets get it.
    void tell_pool(std::string_view sample);

    /// Until the client leaves. `after`: events that it missed come first.
    boost::asio::awaitable<void> serve(http::websocket& client, std::optional<std::int64_t> after);
    boost::asio::awaitable<void> serve(http::event_stream& client, std::optional<std::int64_t> after);

    std::size_t clients() const { return sockets_.size() + streams_.size(); }
    /// Once a second.
    boost::asio::awaitable<void> tick();

private:
    boost::asio::awaitable<void> follow();
    boost::asio::awaitable<void> send_new();
    boost::asio::awaitable<void> gather();
    boost::asio::awaitable<void> reload(std::string payload);
    boost::asio::awaitable<void> tell_expired();
    boost::asio::awaitable<void> tell_counts();
    boost::asio::awaitable<void> tell_health();
    void heard(std::string_view payload);
    void broadcast(std::string_view type, std::string_view data, std::optional<std::int64_t> id,
                   bool sockets_only);
    void pass_on(std::span<const event_row> rows);
    /// On the strand: the last events that `box` lacks, and then everything that comes.
    boost::asio::awaitable<void> join(std::shared_ptr<http::outbox> box, std::int64_t after, bool stream);
    boost::asio::awaitable<std::int64_t> catch_up(std::shared_ptr<http::outbox> box, std::int64_t after,
                                                  bool stream);

    boost::asio::any_io_executor strand_;
    pool& pool_;
    store& store_;
    policy_store& rules_;
    policy_keeper& keeper_;
    health& health_;
    alerthist::log& log_;
    http::hub sockets_;
    http::hub streams_;
    // On the strand:
    std::optional<listener> listener_;
    std::function<void()> publish_;
    boost::asio::steady_timer arrived_;
    std::int64_t sent_ = 0;   ///< Everything up to this identifier was passed on.
    std::int64_t latest_ = 0; ///< There are events up to this one.
    bool gap_ = true;         ///< Nobody knows the latest.
    bool following_ = false;
    bool stopping_ = false;
    bool counts_changed_ = true;
    instant looked_at_silences_{};
    std::string last_health_;
    unsigned ticks_ = 0;
};

} // namespace tusk::alerthist
