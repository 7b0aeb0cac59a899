#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <tusk/client/batch.hpp>
#include <tusk/client/call.hpp>
#include <tusk/client/connection.hpp>
#include <tusk/net/asio_driver.hpp>
#include <tusk/protocol/query.hpp>
#include <tusk/protocol/shared_run.hpp>

namespace tusk {

/// What a connection is, apart from its handle: streams and transactions keep it alive.
class connection::core : public std::enable_shared_from_this<core> {
public:
    core(const asio::any_io_executor& executor, connection_settings s);

    asio::awaitable<failure> connect(std::shared_ptr<const net::connect_target> target, deadline until);
    asio::awaitable<failure> execute(request& what, client_sink& sink);
    asio::awaitable<failure> execute_batch(batch& b, options o);
    asio::awaitable<failure> copy(detail::copy_job& job);
    asio::awaitable<failure> control(std::string sql, options o, detail::command_sink* answer = nullptr);
    asio::awaitable<failure> ping(options o);
    asio::awaitable<result<notification>> next_notification(options o);
    /// Ends what an abandoned stream or transaction left behind.
    asio::awaitable<failure> settle(deadline until);

    /// What is being executed, or was last; for who looks on from outside, from any thread.
    std::string last_sql() const;

    net::asio_driver driver;
    connection_settings settings;
    protocol::statement_memo recent;
    bool busy = false;
    detail::kept_notifications notifications;
    std::string pending_control;                     ///< ROLLBACK of an abandoned transaction.
    std::shared_ptr<class running_stream> abandoned; ///< A stream that was dropped half-way.

    /// The first half of a query that `execute` runs, and what is left to do when it is over.
    failure begin_query(request& what, client_sink& sink, deadline until);
    failure end_query();
    /// Runs shared statements until there are no more; for a connection that is idle and clean.
    void share(protocol::shared_feed& feed, net::completion done);
    /// Whether something can be sent now.
    failure enter(deadline until);

private:
    /// What runs one query; request and sink live with the caller, which waits.
    struct running_query {
        running_query(core& on, request& r, client_sink& s)
            : what{r}, sink{s}, watch{on.settings.observed_by().get(), on.settings, r, on.driver.session()},
              source{r, s, on.settings}, machine{on.driver.session(), *on.settings.statements(), source, s} {}
        request& what;
        client_sink& sink;
        detail::query_watch watch;
        detail::call source;
        protocol::query machine;
    };

    void remember(const protocol::statement_ptr& what);
    asio::awaitable<failure> settle_and_execute(request& what, client_sink& sink);

    mutable std::mutex last_mutex_;
    protocol::statement_ptr last_;
    std::optional<running_query> query_;
    std::optional<protocol::shared_run> shared_;
};

} // namespace tusk
