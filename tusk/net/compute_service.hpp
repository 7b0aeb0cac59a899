#pragma once

#include <memory>
#include <mutex>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/thread_pool.hpp>

namespace tusk::net {

/// A thread for work that must not hold up an event loop (PBKDF2): one for each execution context, started
/// when it is first needed. It belongs to the context and has ended before the context's other parts go, so
/// that what it posts back never meets a context that is no more. Work that has not begun by then is
/// destroyed unrun.
class compute_service final : public boost::asio::execution_context::service {
public:
    static boost::asio::execution_context::id id;

    explicit compute_service(boost::asio::execution_context& owner);
    ~compute_service() override;

    /// The thread of the executor's context.
    static boost::asio::thread_pool& thread_of(const boost::asio::any_io_executor& executor);

private:
    void shutdown() override;

    std::mutex mutex_;
    std::unique_ptr<boost::asio::thread_pool> thread_;
};

} // namespace tusk::net
