#include <tusk/client/connection_core.hpp>
#include <tusk/client/copy_run.hpp>
#include <tusk/client/transaction.hpp>

namespace tusk {

asio::awaitable<failure> connection::core::copy(detail::copy_job& job) {
    const auto until = job.call_options().deadline_from_now(settings.statement_timeout());
    if (auto f = enter(until)) co_return std::move(f.set_sql(job.text()));
    const detail::busy_guard guard{busy};
    if (abandoned || !pending_control.empty())
        if (auto f = co_await settle(until)) co_return f;
    detail::copy_run run{job, driver.session(), settings};
    while (auto* machine = run.next(driver.paused())) co_await driver.run(*machine, until, run.first_event());
    co_return run.finish();
}

asio::awaitable<failure> connection::copy(detail::copy_job& job) { return core_->copy(job); }

asio::awaitable<failure> transaction::copy(detail::copy_job& job) {
    if (auto f = check_open()) co_return std::move(f.set_sql(job.text()));
    co_return co_await connection_->copy(job);
}

} // namespace tusk
