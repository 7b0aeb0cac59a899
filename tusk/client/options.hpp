#pragma once

#include <chrono>
#include <string_view>

#include <tusk/core/deadline.hpp>

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

    /// The deadline of a call that begins now; `fallback` applies when no timeout was set.
    deadline deadline_from_now(steady_clock::duration fallback) const noexcept {
        return earlier(until_, deadline::in(has_timeout_ ? timeout_ : fallback));
    }
    std::string_view table() const noexcept { return table_; }

private:
    steady_clock::duration timeout_{0};
    deadline until_ = deadline::never();
    std::string_view table_;
    bool has_timeout_ = false;
};

} // namespace tusk
