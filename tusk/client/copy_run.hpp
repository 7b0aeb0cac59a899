#pragma once

#include <memory>
#include <optional>

#include <tusk/client/copy_job.hpp>
#include <tusk/client/settings.hpp>
#include <tusk/core/observer.hpp>

namespace tusk::detail {

/// What both connections do for one COPY: which machines run, in which order. Private to the part.
///
///     while (auto* m = run.next(driver.paused())) driver.run(*m, until, run.first_event());
class copy_run {
public:
    copy_run(copy_job& job, protocol::session& s, const connection_settings& settings);
    ~copy_run();
    copy_run(const copy_run&) = delete;
    copy_run& operator=(const copy_run&) = delete;

    /// The machine to run next; null when the COPY is over. `paused`: how the last one ended.
    protocol::machine* next(bool paused);
    protocol::event_kind first_event() const noexcept { return first_; }
    /// How it went, once it is over; also told to the observer.
    failure finish();

private:
    enum class stage : std::uint8_t { start, describing, asking, copying, stopping, over };
    protocol::machine* look_up();
    protocol::machine* described();
    protocol::machine* prepare();
    protocol::machine* copy(const protocol::copy_shape& shape);
    protocol::machine* copied();
    protocol::machine* fail(failure f);

    copy_job& job_;
    protocol::session& session_;
    const connection_settings& settings_;
    copy_event event_;
    stage stage_ = stage::start;
    protocol::event_kind first_ = protocol::event_kind::start;
    protocol::known_statement shape_;
    std::optional<protocol::describe> describing_;
    call_types types_;
    std::optional<protocol::type_query> asking_;
    std::unique_ptr<protocol::copy_machine> machine_;
    bool repeated_ = false;
    failure result_;
};

} // namespace tusk::detail
