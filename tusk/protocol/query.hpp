#pragma once

#include <cstdint>
#include <string_view>

#include <tusk/protocol/action.hpp>
#include <tusk/protocol/pipeline.hpp>
#include <tusk/protocol/type_question.hpp>
#include <tusk/wire/frontend.hpp>

namespace tusk::protocol {

/// What a query machine executes: a statement, its arguments, and the formats its result is wanted in.
class query_source {
public:
    virtual ~query_source() = default;
    virtual const statement_ptr& text() const noexcept = 0;
    /// A description that some connection of the pool already got; may be null.
    virtual const description_ptr& known_description() const noexcept = 0;
    /// Encodes the arguments for the described parameter types (once), and chooses the result formats.
    virtual failure bind(const description_ptr& description, wire::bound_values& arguments,
                         std::span<const std::int16_t>& result_formats) = 0;
    /// What has to be asked about types before `bind`, which has just failed, can work; null when it failed
    /// for another reason. Sources see to it that there is an end to their questions.
    virtual type_question* question() { return nullptr; }
    /// The server refused what was bound. True when that may be because something was remembered that has
    /// changed, and is not remembered any more.
    virtual bool distrusts(const failure&) { return false; }
};

/// What every request has in common: sending, receiving, deadline, cancellation, and a clean end.
/// On a deadline or a cancellation the server is sent a CancelRequest; the connection is used again only when
/// the cancel connection is over, ReadyForQuery was read, and one more Sync came back: a late cancel then has
/// nothing left to hit.
class request_machine : public machine {
public:
    explicit request_machine(session& s) : machine{s} {}
    action resume(event e) final;

    sent_state sent() const noexcept { return sent_; }
    bool answered() const noexcept { return replies_.answered(); }

protected:
    /// Writes the first messages and adds the expected answers.
    virtual failure begin() = 0;
    /// All expected answers arrived. Either adds more and returns true, or leaves the outcome in `result_`.
    virtual bool proceed_after(failure error) = 0;
    /// What was sent so far executes nothing (Parse and Describe only).
    virtual bool nothing_executed() const { return false; }
    /// The answers that arrived are used up: what to do until the next ones come.
    virtual action await_answer() { return {action_kind::transfer, true}; }
    /// The deadline passed or the caller cancelled; the server is about to be told by a CancelRequest.
    virtual void on_interruption() {}
    /// What was written last never left and was thrown away.
    virtual void written_in_vain() {}
    /// For the failure.
    virtual std::string_view sql_text() const { return {}; }
    /// Throws away what was written and not sent.
    void discard_unsent();

    pipeline replies_;

private:
    enum class stage : std::uint8_t { idle, running, canceling, awaiting_cancel, flushing_cancel, over };
    action run();
    action transfer();
    action conclude();
    action stop(failure why);
    action interrupted(event_kind why);
    action transport_failed(failure why);
    void classify(failure& f) const;
    void note_sent();
    void judge_interrupted(failure error);

    stage stage_ = stage::idle;
    sent_state sent_ = sent_state::none;
    transaction_status began_in_ = transaction_status::unknown;
    bool cancel_pending_ = false;
    bool complete_ = false;  ///< The whole answer was read; what failed after that is this side's business.
    bool rows_lost_ = false; ///< A sink paused while the request was being cancelled.
    failure interruption_;
};

/// One statement by the extended protocol: a cached statement needs Bind/Execute/Sync; one that another
/// connection has described travels with its Parse in the same round trip; an unknown one is described first.
/// When the source has questions about types, they are asked before it is bound.
/// By the session's `mode` nothing may stay prepared: then Parse travels along each time.
class query final : public request_machine {
public:
    query(session& s, statement_registry& registry, query_source& source, reply_sink& sink)
        : request_machine{s}, registry_{registry}, source_{source}, sink_{sink} {}

    /// A Parse/Describe was needed.
    bool described() const noexcept { return described_; }

private:
    enum class phase : std::uint8_t { describing, asking, executing };
    failure begin() override;
    bool proceed_after(failure error) override;
    bool nothing_executed() const override { return phase_ != phase::executing; }
    void written_in_vain() override;
    std::string_view sql_text() const override { return source_.text()->text; }
    bool named() const noexcept { return mode_ == exec_mode::cache_statement; }
    std::string_view server_name() const noexcept {
        return named() ? std::string_view{source_.text()->server_name} : std::string_view{};
    }
    failure write_parse(const description_ptr& known);
    failure write_prepare(const description_ptr& known);
    failure write_execute(const description_ptr& description);
    failure ask(failure unbound);
    failure write_pending_closes();
    void adopt_answer();
    void forget_statement();
    bool is_stale(const failure& error) const;

    statement_registry& registry_;
    query_source& source_;
    reply_sink& sink_;
    type_question* question_ = nullptr; ///< The one that is being asked.
    exec_mode mode_ = exec_mode::cache_statement;
    phase phase_ = phase::executing;
    pipeline::described answer_;
    description_ptr description_;
    std::vector<statement_ptr> closing_; ///< Closes that were written and may still have to be written again.
    bool described_ = false;
    bool preparing_ = false;
    bool from_memory_ = false; ///< The statement's description was not made by this query.
    bool retried_ = false;
};

/// SQL text by the simple protocol, in one round trip: transaction control and scripts of several statements.
class simple_query final : public request_machine {
public:
    simple_query(session& s, std::string_view sql, reply_sink& sink)
        : request_machine{s}, sql_{sql}, sink_{sink} {}

private:
    failure begin() override;
    bool proceed_after(failure error) override;
    std::string_view sql_text() const override { return sql_; }

    std::string_view sql_;
    reply_sink& sink_;
};

/// A question about types by itself. The answer is with whoever asked.
class type_query final : public request_machine {
public:
    type_query(session& s, type_question& what) : request_machine{s}, what_{what} {}

private:
    failure begin() override;
    bool proceed_after(failure error) override;
    bool nothing_executed() const override { return true; }
    std::string_view sql_text() const override { return what_.sql(); }

    type_question& what_;
};

/// A bare Sync: asks whether the server is there, without executing anything.
class ping final : public request_machine {
public:
    explicit ping(session& s) : request_machine{s} {}

private:
    failure begin() override;
    bool proceed_after(failure error) override;
};

/// Terminate: tells the server goodbye.
class terminate final : public machine {
public:
    explicit terminate(session& s) : machine{s} {}
    action resume(event e) override;
};

} // namespace tusk::protocol
