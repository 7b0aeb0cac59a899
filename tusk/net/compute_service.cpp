#include <tusk/net/compute_service.hpp>

#include <boost/asio/query.hpp>

namespace tusk::net {

boost::asio::execution_context::id compute_service::id;

compute_service::compute_service(boost::asio::execution_context& owner) : service{owner} {}
compute_service::~compute_service() = default;

boost::asio::thread_pool& compute_service::thread_of(const boost::asio::any_io_executor& executor) {
    auto& context = boost::asio::query(executor, boost::asio::execution::context);
    auto& self = boost::asio::use_service<compute_service>(context);
    const std::lock_guard lock{self.mutex_};
    if (!self.thread_) self.thread_ = std::make_unique<boost::asio::thread_pool>(1);
    return *self.thread_;
}

void compute_service::shutdown() {
    if (!thread_) return;
    thread_->stop();
    thread_->join();
    thread_.reset();
}

} // namespace tusk::net
