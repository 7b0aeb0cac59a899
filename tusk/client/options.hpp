#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include <tusk/core/deadline.hpp>
#include <tusk/core/trace_context.hpp>
#include <tusk/protocol/exec_mode.hpp>

namespace tusk {

/// Per-call settings; the first argument of any verb: `db.one<user>(options{}.timeout(2s), "select …", id)`.
class options {
public:
    options() noexcept = default;

    /// The call is over by then: queueing, connecting, writing and reading together. Zero or less: no limit.
    options& timeout(steady_clock::duration d) noexcept {
        timeout_ = d;
        has_timeout_ = true;
        return *this;
    }
    /// An absolute point in time instead; the earlier one of both counts.
    options& until(deadline d) noexcept {
        until_ = d;
        return *this;
    }
    /// The table this statement is about, for metrics; must outlive the call (a literal).
    options& table(std::string_view name) noexcept {
        table_ = name;
        return *this;
    }

    /// The trace that this call belongs to, for observers: what is under way is the parent of the call.
    options& trace(const trace_context& t) noexcept {
        trace_ = t;
        has_trace_ = true;
        return *this;
    }

    /// How this statement gets to the server, instead of the connection's way.
    options& mode(protocol::exec_mode m) noexcept {
        mode_ = m;
        return *this;
    }
    /// Plans the statement for its values each time, at the price of planning it each time: for skewed data,
    /// where the plan for any value that the server turns to after five executions is bad for some.
    options& custom_plan() noexcept { return mode(protocol::exec_mode::cache_describe); }
    /// Asks for that many rows at a time, when the ones before are taken: for `stream`, so that the server
    /// does not compute and send what nobody may want. A round trip each. 0 (the default) is all rows.
    options& rows_at_a_time(std::uint32_t n) noexcept {
        rows_at_a_time_ = n;
        return *this;
    }

    /// Whether the statement may travel on a connection that a pool lets others use at the same time; see
    /// docs/pool.md. On by default.
    options& share(bool on) noexcept {
        share_ = on;
        return *this;
    }
    /// Executing it twice does no harm: a pool may do it again when it is not known whether the first attempt
    /// took effect. Off by default.
    options& idempotent(bool on = true) noexcept {
        idempotent_ = on;
        return *this;
    }
    bool is_idempotent() const noexcept { return idempotent_; }
    bool may_share() const noexcept { return share_; }
    std::optional<protocol::exec_mode> mode() const noexcept { return mode_; }
    std::uint32_t rows_at_a_time() const noexcept { return rows_at_a_time_; }
    /// Nobody looks at the statement before it is executed.
    bool undescribed() const noexcept {
        return mode_ == protocol::exec_mode::exec || mode_ == protocol::exec_mode::simple_protocol;
    }

    /// The deadline of a call that begins now; `fallback` applies when no timeout was set.
    deadline deadline_from_now(steady_clock::duration fallback) const noexcept {
        return earlier(until_, deadline::in(has_timeout_ ? timeout_ : fallback));
    }
    std::string_view table() const noexcept { return table_; }
    /// Null when none was given.
    const trace_context* trace() const noexcept { return has_trace_ ? &trace_ : nullptr; }

private:
    steady_clock::duration timeout_{0};
    deadline until_ = deadline::never();
    std::string_view table_;
    std::optional<protocol::exec_mode> mode_;
    std::uint32_t rows_at_a_time_ = 0;
    trace_context trace_;
    bool has_trace_ = false;
    bool has_timeout_ = false;
    bool share_ = true;
    bool idempotent_ = false;
};

} // namespace tusk
