#pragma once

#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

#include <tusk/protocol/query.hpp>

namespace tusk::protocol {

/// The statements of a batch, with their arguments and sinks.
class batch_source {
public:
    virtual ~batch_source() = default;
    virtual std::size_t size() const noexcept = 0;
    virtual query_source& statement(std::size_t index) noexcept = 0;
    virtual reply_sink& sink(std::size_t index) noexcept = 0;
    /// A statement cannot be sent: its arguments do not fit. Nothing is executed then.
    virtual void refused(std::size_t index, const failure& why) = 0;
    /// Everything was rolled back and is sent once more: forgets what was received. False when that is not
    /// possible.
    virtual bool restart() = 0;
    /// What all statements that could not be bound want to know about types; see `query_source`.
    virtual type_question* question() { return nullptr; }
    virtual bool distrusts(const failure&) { return false; }
};

/// Many statements in one round trip; a second one before it when some were never described. Everything is
/// encoded before the first byte leaves, so that an argument that does not fit executes nothing.
///
/// Together (the default) they are one implicit transaction with one Sync: after an error the server skips
/// the rest, and nothing of the batch stays. Independent ones have a Sync each: every statement is its own
/// transaction, and an error touches no other. The drivers read while they send, so that neither side waits
/// for the other however many there are.
class batch_query final : public request_machine {
public:
    batch_query(session& s, statement_registry& registry, batch_source& source, bool independent)
        : request_machine{s}, registry_{registry}, source_{source}, independent_{independent} {}

private:
    /// A distinct statement of the batch.
    struct used_statement {
        statement_ptr text;
        description_ptr description;
        pipeline::described answer;
        bool prepared = false; ///< The server has it.
        bool asked = false;    ///< Parse and Describe were written, the answer is not adopted yet.
    };

    failure begin() override;
    bool proceed_after(failure error) override;
    bool nothing_executed() const override { return describing_ || question_ != nullptr; }
    void written_in_vain() override;

    failure start_over();
    used_statement& use(const statement_ptr& text) noexcept;
    bool named() const noexcept { return mode_ == exec_mode::cache_statement; }
    failure write_parse(const used_statement& what, reply_sink& sink);
    failure write_prepare(used_statement& what, reply_sink& sink);
    failure write_closes();
    failure write_all();
    failure ask(std::size_t unbound, failure why);
    failure write_statement(std::size_t index);
    void adopt_answers();
    void forget(const used_statement& what);
    bool is_stale(const failure& error) const;

    statement_registry& registry_;
    batch_source& source_;
    std::deque<used_statement> used_; ///< A deque: the pipeline keeps pointers to the answers.
    std::unordered_map<const statement*, used_statement*> by_text_;
    used_statement* recent_ = nullptr;        ///< Batches often repeat one statement.
    const used_statement* unnamed_ = nullptr; ///< What the unnamed statement is while everything is written.
    std::vector<statement_ptr> closing_;
    exec_mode mode_ = exec_mode::cache_statement;
    type_question* question_ = nullptr; ///< The one that is being asked.
    bool independent_;
    bool describing_ = false;
    bool retried_ = false;
};

} // namespace tusk::protocol
