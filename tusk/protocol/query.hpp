#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

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
    /// How to execute it, on a connection whose mode is `usual`.
    virtual exec_mode mode(exec_mode usual) const noexcept { return usual; }
    /// How many rows to ask for at a time; 0 is all of them.
    virtual std::uint32_t rows_at_a_time() const noexcept { return 0; }
    /// The arguments as text, for `exec_mode::exec`; the result is text as well.
    virtual failure bind_text(wire::bound_values&) {
        return failure{errc::invalid_argument, "this statement has to be described before it is executed"};
    }
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
    /// The server was asked to cancel it.
    bool cancel_requested() const noexcept { return cancel_requested_; }
    std::string_view text() const { return sql_text(); }

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
    /// The rest of the rows is not wanted: true when the server need not be told, because it will stop soon.
    virtual bool wind_up() { return false; }
    /// What was written last never left and was thrown away.
    virtual void written_in_vain() {}
    /// False when there is nothing that the server could stop doing: then nobody waits for its answer to a
    /// CancelRequest, and the connection is lost.
    virtual bool worth_cancelling() const { return true; }
    /// For the failure.
    virtual std::string_view sql_text() const { return {}; }
    /// Throws away what was written and not sent.
    void discard_unsent();
    /// Writes the session's preamble as statements of the extended protocol; their Sync is the request's own.
    failure write_preamble();
    /// Writes a simple Query, with the preamble in front of its text.
    failure write_simple(std::string_view sql, reply_sink& sink,
                         const pipeline::described* described_by = nullptr);

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

    /// The preamble that travels with this request.
    class taken_preamble final : public reply_sink {
    public:
        taken_preamble(std::vector<std::string> c, bool text) : commands{std::move(c)}, as_text{text} {}
        flow on_row(std::span<const std::byte>) override { return flow::proceed; }
        void on_complete(const wire::command_tag&) override { ++executed; }
        void on_error(const failure&, request_phase) override { failed = true; }
        std::vector<std::string> commands;
        std::size_t executed = 0;
        bool as_text; ///< In the text of a simple Query, whose sink hears of them.
        bool failed = false;
    };
    void restore_preamble();

    std::unique_ptr<taken_preamble> preamble_;
    stage stage_ = stage::idle;
    sent_state sent_ = sent_state::none;
    transaction_status began_in_ = transaction_status::unknown;
    bool paused_ = false;
    bool cancel_requested_ = false;
    bool cancel_pending_ = false;
    bool complete_ = false;  ///< The whole answer was read; what failed after that is this side's business.
    bool rows_lost_ = false; ///< A sink paused while the request was being cancelled.
    failure interruption_;
};

/// One statement by the extended protocol: a cached statement needs Bind/Execute/Sync; one that another
/// connection has described travels with its Parse in the same round trip; an unknown one is described first.
/// When the source has questions about types, they are asked before it is bound.
/// By the session's `mode` nothing may stay prepared: then Parse travels along each time.
///
/// With a limit of rows the portal is executed again and again, each time when the last row was taken, and
/// the Sync comes only at the end: it would end the portal. A reader that has enough ends it that way.
class query final : public request_machine {
public:
    query(session& s, statement_registry& registry, query_source& source, reply_sink& sink)
        : request_machine{s}, registry_{registry}, source_{source}, sink_{sink} {}

    /// A Parse/Describe was needed.
    bool described() const noexcept { return described_; }
    /// What the statement was described as; null before, and when nobody asked.
    const description_ptr& description() const noexcept { return description_; }

private:
    enum class phase : std::uint8_t { describing, asking, executing };
    failure begin() override;
    bool proceed_after(failure error) override;
    bool nothing_executed() const override { return phase_ != phase::executing; }
    void written_in_vain() override;
    action await_answer() override;
    void on_interruption() override;
    bool wind_up() override;
    std::string_view sql_text() const override { return source_.text()->text; }
    failure begin_as_remembered();
    failure write_undescribed();
    void write_end();
    bool undescribed() const noexcept {
        return mode_ == exec_mode::exec || mode_ == exec_mode::simple_protocol;
    }
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
    bool sync_owed_ = false; ///< The Sync of a portal with a limit was not written yet.
    bool winding_up_ = false;
    std::uint32_t limit_ = 0;
};

/// SQL text by the simple protocol, in one round trip: transaction control and scripts of several statements.
class simple_query final : public request_machine {
public:
    /// `with_preamble`: it belongs to the transaction that is about to begin.
    simple_query(session& s, std::string_view sql, reply_sink& sink, bool with_preamble = false)
        : request_machine{s}, sql_{sql}, sink_{sink}, with_preamble_{with_preamble} {}

private:
    failure begin() override;
    bool proceed_after(failure error) override;
    std::string_view sql_text() const override { return sql_; }

    std::string_view sql_;
    reply_sink& sink_;
    bool with_preamble_;
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

/// A bare Sync: asks whether the server is there, without executing anything. A server that does not answer
/// in time is not: the connection is lost then.
class ping final : public request_machine {
public:
    explicit ping(session& s) : request_machine{s} {}

private:
    bool worth_cancelling() const override { return false; }
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
