#pragma once

#include <cstdint>
#include <vector>

#include <boost/container/small_vector.hpp>

#include <tusk/protocol/session.hpp>

namespace tusk::protocol {

enum class flow : std::uint8_t {
    proceed, ///< Go on with the next row.
    pause,   ///< The row was taken; stop here until the caller wants more.
    reject,  ///< It does not fit its own description: the server is not to be believed any more.
};

/// How far the server was with a statement when it failed.
enum class request_phase : std::uint8_t { parse, describe, bind, execute, commit };

/// Receives the answer to one statement. A sink that fails keeps its failure for later and ignores further
/// rows.
class reply_sink {
public:
    virtual ~reply_sink() = default;
    /// The columns of a result that was not described before, in front of its first row: of the simple
    /// protocol, or of a portal that is described as it is executed.
    virtual void on_columns(const std::vector<wire::column_description>&) {}
    /// The body of a DataRow, valid during the call (and until the next receive when it answers `pause`).
    virtual flow on_row(std::span<const std::byte> body) = 0;
    virtual void on_complete(const wire::command_tag&) {}
    /// The statement returns rows, as many as the tag of a SELECT says.
    virtual bool expects_rows() const noexcept { return false; }
    /// ReadyForQuery, for a sink that was given to `expect_sync`: what was completed is committed as well.
    virtual void on_ready() {}
    /// The server refused the statement; what stands between it and the next Sync is skipped without a word.
    virtual void on_error(const failure&, request_phase) {}
    /// The server waits for the data of a COPY FROM STDIN. True when somebody will send them; else the
    /// COPY is ended with CopyFail and the statement is an error.
    virtual bool on_copy_in(const wire::copy_response&) { return false; }
    /// The data of a COPY TO STDOUT follow. False makes the statement an error.
    virtual bool on_copy_out(const wire::copy_response&) { return false; }
    /// The body of a CopyData, valid as a row is.
    virtual flow on_copy_data(std::span<const std::byte>) { return flow::proceed; }
    /// What went wrong on this side (a value that does not fit), asked for when the statement is over.
    virtual failure take_failure() { return {}; }
};

/// The answers that are expected, in order, and the walk through them. Requests are written to
/// `session.output` by whoever adds the step. After an error the server skips everything up to the next Sync,
/// and so does the walk.
class pipeline {
public:
    /// `settle` takes stray ReadyForQuery up to a CloseComplete; see `end_copy_in`.
    enum class step_kind : std::uint8_t { parse, describe, execute, close, sync, simple, settle };

    /// What Describe brought; lives with whoever added the step.
    struct described {
        std::vector<std::uint32_t> parameters;
        std::vector<wire::column_description> columns;
        bool has_parameters = false; ///< ParameterDescription has come.
        bool complete = false;
        /// The description that an Execute in the same round trip was bound with, or null. When the answer
        /// differs from it, `stale` is set and the rows, which nobody can read any more, are dropped.
        const statement_description* expected = nullptr;
        bool stale = false;
    };

    /// The sink of Parse and Describe only hears of errors.
    void expect_parse(reply_sink* sink = nullptr) { add(step_kind::parse).sink = sink; }
    void expect_describe(described& into, reply_sink* sink = nullptr) {
        auto& added = add(step_kind::describe);
        added.target = &into;
        added.sink = sink;
    }
    /// `described_by`: the Describe in the same round trip, whose staleness makes the rows unreadable; or
    /// null. `limited`: it may stop before the last row.
    void expect_execute(reply_sink& sink, const described* described_by = nullptr, bool limited = false) {
        auto& added = add(step_kind::execute);
        added.limited = limited;
        added.sink = &sink;
        added.guard = described_by;
    }
    /// The portal is described before its rows: the sink hears of its columns.
    void expect_execute_described(reply_sink& sink, bool limited = false) {
        auto& added = add(step_kind::execute);
        added.limited = limited;
        added.sink = &sink;
        added.describes = true;
    }
    void expect_close() { add(step_kind::close); }
    /// The sink hears of an error that the Sync itself brings (a deferred constraint), or that there was
    /// none.
    void expect_sync(reply_sink* sink = nullptr) { add(step_kind::sync).sink = sink; }
    /// A simple Query: any number of results, then ReadyForQuery.
    void expect_simple(reply_sink& sink, const described* described_by = nullptr) {
        auto& added = add(step_kind::simple);
        added.sink = &sink;
        added.guard = described_by;
    }

    bool finished() const noexcept { return at_ == steps_.size(); }
    void clear() noexcept {
        steps_.clear();
        at_ = 0;
        error_ = {};
    }
    /// How many answers are expected since the last ones were over, and back to that: those added later were
    /// not asked for after all.
    std::size_t mark() const noexcept { return at_ == steps_.size() ? 0 : steps_.size(); }
    void take_back(std::size_t to) noexcept {
        if (at_ == steps_.size()) return;
        steps_.resize(to, step{step_kind::sync});
        if (at_ >= to) clear();
    }
    /// Room for the steps of a batch.
    void reserve(std::size_t steps) { steps_.reserve(steps); }
    /// Execute stopped at its row limit; asked once. Its step is over: `execute_again` puts it back.
    bool take_suspended() noexcept { return std::exchange(suspended_, false); }
    void execute_again() noexcept { --at_; }
    /// What comes next is the answer to a Sync.
    bool at_sync() const noexcept { return at_ < steps_.size() && steps_[at_].kind == step_kind::sync; }
    /// At least one whole answer of the current group has arrived.
    bool answered() const noexcept { return answered_; }
    /// A statement was bound, so that something may have been executed.
    bool executed() const noexcept { return executed_; }
    /// Nobody takes rows any more: those that follow, up to the end of what is expected now, are dropped.
    void drop_rows() noexcept { mute_ = true; }
    /// Takes the first error of the groups that are over.
    failure take_error() { return std::exchange(error_, failure{}); }
    const failure& error() const noexcept { return error_; }

    enum class progress : std::uint8_t {
        need_input, ///< Everything received was used.
        paused,     ///< A sink paused.
        finished,   ///< Every expected answer arrived.
        broken,     ///< `error()` says why; the connection is unusable.
    };
    /// Consumes received messages.
    progress advance(session& s);

private:
    struct step {
        step_kind kind;
        bool bound = false;
        bool has_columns = false;
        bool describes = false;
        bool limited = false;
        bool copying = false;
        bool copying_out = false;
        bool completed = false; ///< Some statement of it.
        std::uint64_t rows = 0; ///< Of the statement that is running.
        reply_sink* sink = nullptr;
        described* target = nullptr;
        const described* guard = nullptr;
        bool is_stale() const noexcept { return guard != nullptr && guard->stale; }
        /// A DataRow may come now.
        bool takes_rows() const noexcept {
            return has_columns || (kind == step_kind::execute && bound && !describes);
        }
    };
    step& add(step_kind kind) {
        if (at_ == steps_.size()) {
            steps_.clear();
            at_ = 0;
            answered_ = executed_ = mute_ = false;
        } else if (at_ >= keep_steps) { // a run that never comes to its end
            steps_.erase(steps_.begin(), steps_.begin() + static_cast<std::ptrdiff_t>(at_));
            at_ = 0;
        }
        steps_.push_back(step{kind});
        return steps_.back();
    }
    progress on_frame(session& s, const wire::frame& f);
    progress on_row(session& s, step& current, const wire::frame& f);
    progress on_further_rows(session& s);
    progress obey(session& s, flow wish);
    progress on_ready(session& s, const wire::frame& f);
    progress on_complete(session& s, step& current, const wire::frame& f);
    progress on_error(session& s, const wire::frame& f);
    bool on_description(step& current, const wire::frame& f);
    progress on_copy(session& s, step& current, const wire::frame& f);
    progress end_copy_in(session& s);
    progress fail(session& s, failure why);
    progress unexpected(session& s, const wire::frame& f);

    /// The usual query has four steps at most (Parse, Describe, Execute, Sync): no allocation for them.
    boost::container::small_vector<step, 4> steps_;
    static constexpr std::size_t keep_steps = 256;
    std::size_t at_ = 0;
    bool answered_ = false;
    bool executed_ = false;
    bool mute_ = false; // nobody wants the rows
    bool suspended_ = false;
    failure error_;
};

} // namespace tusk::protocol
