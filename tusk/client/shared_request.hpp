#pragma once

#include <optional>

#include <tusk/client/call.hpp>
#include <tusk/client/connection.hpp>
#include <tusk/net/completion.hpp>
#include <tusk/protocol/shared_run.hpp>

/// What a pool needs to let several callers share a connection. Private to the library.
namespace tusk::detail {

/// A caller's statement on a shared connection. Request and sink live with the caller, which waits.
class shared_request : public protocol::shared_statement {
public:
    shared_request(request& what, client_sink& sink, const connection_settings& settings)
        : what_{what}, sink_{sink}, call_{what, sink, settings} {}
    protocol::query_source& source() noexcept final { return call_; }
    protocol::reply_sink& sink() noexcept final { return sink_; }
    const protocol::statement& text() const noexcept { return *what_.text(); }

    /// It is on its way.
    void begin(const connection_settings& settings, const connection& on);
    void end(const failure& f);

private:
    request& what_;
    client_sink& sink_;
    call call_;
    std::optional<query_watch> watch_;
};

/// Runs what the feed gives on a connection that is idle and clean, until there is no more; then `done` is
/// called. The feed must live until then.
void share(connection& on, protocol::shared_feed& feed, net::completion done);
/// Has the connection look for statements that were given up. From any thread, while `share` runs or not.
void poke(connection& on);

/// What a pool does to a connection that somebody else holds, from any thread. Keeps what it refers to alive,
/// not open.
class connection_remote {
public:
    connection_remote() noexcept = default;
    explicit connection_remote(connection& of);
    /// The operation under way ends with `errc::canceled`; the server is asked to stop.
    void cancel() const;
    /// Says goodbye and closes; the operation under way fails.
    void close() const noexcept;
    /// What is being executed, or was last; empty when nothing was.
    std::string last_sql() const;
    std::int32_t backend_pid() const noexcept;
    /// "host:port".
    std::string server() const;

private:
    std::shared_ptr<connection::core> core_;
};

} // namespace tusk::detail
