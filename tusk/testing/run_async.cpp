#include <tusk/testing/run_async.hpp>

#include <future>
#include <thread>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <tusk/core/error.hpp>

namespace tusk::testing::detail {

void run(boost::asio::awaitable<void> work, steady_clock::duration limit, unsigned threads) {
    boost::asio::io_context context;
    std::promise<std::exception_ptr> over;
    auto ended = over.get_future();
    boost::asio::co_spawn(context, std::move(work), [&](std::exception_ptr thrown) {
        over.set_value(thrown);
        context.stop();
    });
    {
        std::vector<std::jthread> helpers;
        for (unsigned i = 1; i < threads; ++i) helpers.emplace_back([&] { context.run_for(limit); });
        context.run_for(limit);
        context.stop();
    }
    if (ended.wait_for(std::chrono::seconds{0}) != std::future_status::ready)
        throw error{errc::timeout, "the coroutine was not over in time"};
    if (auto thrown = ended.get()) std::rethrow_exception(thrown);
}

} // namespace tusk::testing::detail
