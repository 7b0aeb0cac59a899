#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include <tusk/core/error.hpp>

/// Sans-I/O state machines. A machine never touches a socket, a clock or a thread: it is resumed with an
/// event and answers with the action it wants done next. Two drivers carry the actions out (net/), tests do
/// it from memory.
namespace tusk::protocol {

class session;

/// What a server can ask for.
enum class secret_kind : std::uint8_t {
    password,
    oauth_token, ///< A bearer token.
};

enum class action_kind : std::uint8_t {
    transfer, ///< Send all of `session.output`; when `read` is set, then receive something into
              ///< `session.input`. While sending blocks, receive as well: a server that is itself blocked in
              ///< sending would otherwise never read on. Answer with `transferred`.
    stream, ///< Send all of `session.output`, of which more follows; also take into `session.input` what has
            ///< already arrived, without waiting for it, look at the deadline, and let others work. Answer
            ///< with `transferred`.
    start_tls,      ///< Do the TLS handshake; answer with `tls_established`.
    ask_secret,     ///< Get what `machine.wanted_secret()` says; answer with `secret_given`, after
                    ///< `machine.take_secret()`.
    compute,        ///< Call `machine.compute()` off the event loop; answer with `computed`.
    cancel_request, ///< Open a second connection and send a CancelRequest; answer with `cancel_finished` when
                    ///< that connection is over. Meanwhile keep transferring (with `read`), under the grace
                    ///< deadline.
    paused,         ///< A row was handed to a sink that wants a break; resume with `proceed`.
    done,           ///< Over: `machine.result()` has the outcome.
};

struct action {
    action_kind kind = action_kind::done;
    bool read = false;
};

enum class event_kind : std::uint8_t {
    start,
    proceed,     ///< After `paused`.
    transferred, ///< Bytes were sent and/or received.
    tls_established,
    computed,
    secret_given,
    poked,           ///< Somebody gave a statement up; only machines that serve several callers are poked.
    cancel_finished, ///< The cancel connection was closed by the server, or could not be made.
    timed_out,       ///< The deadline passed.
    canceled,        ///< The caller wants out.
    failed,          ///< The transport is gone; `why` says how.
};

struct event {
    event_kind kind = event_kind::start;
    failure why{};
};

class machine {
public:
    explicit machine(session& s) noexcept : session_{&s} {}
    virtual ~machine() = default;
    machine(const machine&) = delete;
    machine& operator=(const machine&) = delete;

    virtual action resume(event e) = 0;
    /// The CPU-heavy part that a `compute` action asks for.
    virtual void compute() {}
    /// What an `ask_secret` action is about, and the answer to it.
    virtual secret_kind wanted_secret() const noexcept { return secret_kind::password; }
    virtual void take_secret(tusk::result<std::string>) {}
    /// Asks a running `compute()` to come back soon; called from another thread.
    virtual void stop_computing() {}
    /// What came out, once `done`.
    const failure& result() const noexcept { return result_; }
    failure take_result() { return std::exchange(result_, failure{}); }
    session& io() const noexcept { return *session_; }

protected:
    action finish(failure f = {}) {
        result_ = std::move(f);
        return {action_kind::done, false};
    }
    failure result_;

private:
    session* session_;
};

} // namespace tusk::protocol
