#pragma once

#include <optional>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>

#include <tusk/net/completion.hpp>

/// How a pending timer is kept from keeping `io_context::run()` running. Private to the part.
namespace tusk::net {

/// The work count of the event loop behind an executor: every pending operation counts there, and `run()`
/// returns when the count is zero. `discount` takes one operation out while it waits; its handler puts it
/// back by `count_again` before anything else, because the loop counts it out once more after the handler.
class idle_work {
public:
    explicit idle_work(const boost::asio::any_io_executor& executor) : loop_{loop_of(executor)} {}
    /// False for an executor that is not an io_context's, nor a strand of one; the others do nothing then.
    bool is_known() const noexcept { return loop_.has_value(); }
    /// For the timer: the loop's own, because work on a strand counts once more.
    boost::asio::any_io_executor timer_executor(const boost::asio::any_io_executor& otherwise) const {
        return loop_ ? boost::asio::any_io_executor{*loop_} : otherwise;
    }
    void discount() const noexcept {
        if (loop_) loop_->on_work_finished();
    }
    void count_again() const noexcept {
        if (loop_) loop_->on_work_started();
    }

private:
    using loop = detail::loop_executor;

    static std::optional<loop> loop_of(const boost::asio::any_io_executor& executor) {
        using boost::asio::any_io_executor;
        using boost::asio::strand;
        if (const auto* plain = executor.target<loop>()) return *plain;
        if (const auto* working = executor.target<detail::working_loop_executor>())
            return boost::asio::require(*working, boost::asio::execution::outstanding_work.untracked);
        if (const auto* s = executor.target<strand<loop>>()) return s->get_inner_executor();
        if (const auto* s = executor.target<strand<detail::working_loop_executor>>())
            return boost::asio::require(s->get_inner_executor(),
                                        boost::asio::execution::outstanding_work.untracked);
        if (const auto* s = executor.target<strand<any_io_executor>>())
            return loop_of(s->get_inner_executor());
        return std::nullopt;
    }

    std::optional<loop> loop_;
};

} // namespace tusk::net
