#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>

#include <tusk/protocol/query.hpp>

namespace tusk::protocol {

/// A statement that shares a connection with others: described before, and without row limits or pauses.
class shared_statement {
public:
    virtual ~shared_statement() = default;
    virtual query_source& source() noexcept = 0;
    virtual reply_sink& sink() noexcept = 0;
};

/// What became of a shared statement.
enum class shared_end : std::uint8_t {
    over,  ///< It was answered, given up, or lost with its connection; the failure, if any, says it all.
    again, ///< Nothing of it took effect, for a reason that is not its own: to be executed alone.
};

/// Where a shared run takes its statements from.
class shared_feed {
public:
    virtual ~shared_feed() = default;
    /// The next statement, when `in_flight` are under way; null when there is none for this connection now.
    virtual shared_statement* next(std::size_t in_flight) = 0;
    /// Once for each that `next` gave, in the order of the answers but for those that were given up. Neither
    /// its source nor its sink are used any more.
    virtual void finished(shared_statement& which, failure f, shared_end end) = 0;
    /// Why nobody waits for it any more: its deadline has passed, or its caller cancelled. No failure when
    /// somebody does.
    virtual failure given_up(const shared_statement& which) = 0;
};

/// Statements of several callers on one connection at a time: each with its own Sync, so that each is a
/// transaction of its own and has its own error, and all of them on their way at once, so that they share
/// system calls and round trips. New ones are taken as answers arrive; the run ends when none is left.
///
/// `poked` makes it ask which of its statements are given up. Those leave at once, and what the server still
/// sends for them is dropped. When the server is busy with one of them, it is sent a CancelRequest, and no
/// statement is taken any more; the run ends when that is over and one more Sync came back. One that was hit
/// in its place had no effect, and is to be executed again.
class shared_run final : public machine {
public:
    shared_run(session& s, statement_registry& registry, shared_feed& feed)
        : machine{s}, registry_{registry}, feed_{feed} {}
    action resume(event e) override;

private:
    /// A statement on its way.
    class slot final : public reply_sink {
    public:
        flow on_row(std::span<const std::byte> body) override;
        void on_complete(const wire::command_tag& tag) override;
        void on_error(const failure& why, request_phase where) override;
        void on_ready() override { ready = true; }
        bool expects_rows() const noexcept override {
            return owner != nullptr && owner->sink().expects_rows();
        }

        shared_statement* owner = nullptr; ///< Null when it was given up.
        statement_ptr text;
        description_ptr description;
        /// Of the Parse and Describe that stand before its Bind, shared by all that rely on them.
        std::shared_ptr<pipeline::described> answer = std::make_shared<pipeline::described>();
        failure error;
        request_phase failed_in = request_phase::execute;
        std::uint64_t begin = 0; ///< Of its bytes, counted from the beginning of the run.
        std::uint64_t end = 0;
        bool preparing = false;
        bool ready = false;
        bool was_target = false; ///< Of the CancelRequest.
    };
    enum class cancel_state : std::uint8_t { none, pending, draining, flushing };

    action go_on();
    action end_of_run();
    action cancel_front();
    action on_poke();
    action lost(failure why);
    void take_more();
    bool write(shared_statement& what);
    failure write_messages(slot& s, const wire::bound_values& arguments,
                           std::span<const std::int16_t> formats, bool known_to_server);
    bool is_prepared(slot& s);
    void settle_ready();
    void settle(slot& s);
    bool is_stale(const slot& s) const;
    void forget(const slot& s);
    std::uint64_t bytes_sent() const noexcept;
    sent_state sent(const slot& s) const noexcept;
    bool named() const noexcept { return io().mode == exec_mode::cache_statement; }

    statement_registry& registry_;
    shared_feed& feed_;
    pipeline replies_;
    std::deque<slot> slots_; ///< A deque: the pipeline points into it.
    std::uint64_t written_ = 0;
    cancel_state cancel_ = cancel_state::none;
    failure interruption_;
};

} // namespace tusk::protocol
