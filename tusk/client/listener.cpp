#include <tusk/client/listener.hpp>

#include <boost/asio/use_awaitable.hpp>

#include <tusk/client/listener_core.hpp>
#include <tusk/net/hosts.hpp>

namespace tusk {

namespace {

std::shared_ptr<const net::connect_target> target_of(connect_config server) {
    auto target = net::connect_target::make(std::move(server));
    if (!target) throw error{target.error()};
    return std::move(*target);
}

asio::awaitable<void> throwing(asio::awaitable<failure> work) { throw_if(co_await std::move(work)); }

asio::awaitable<notification_event> throwing(asio::awaitable<result<notification_event>> work) {
    auto r = co_await std::move(work);
    if (!r) throw error{r.error()};
    co_return std::move(*r);
}

} // namespace

listener::listener(asio::any_io_executor executor, connect_config server, listener_options o)
    : core_{std::make_shared<core>(executor, target_of(std::move(server)), std::move(o))} {
    core_->start();
}

listener::listener(asio::any_io_executor executor, std::string_view conninfo, listener_options o)
    : listener{std::move(executor), parse_connect_config(conninfo).value(), std::move(o)} {}

listener::listener(listener&&) noexcept = default;

listener& listener::operator=(listener&& other) noexcept {
    stop();
    core_ = std::move(other.core_);
    return *this;
}

listener::~listener() { stop(); }

void listener::stop() noexcept {
    if (core_) core_->stop();
}

void listener::add(std::string_view channel, std::shared_ptr<const detail::listener_handler> handler) {
    throw_if(detail::check_channel(channel));
    core_->add(channel, std::move(handler));
}

void listener::unlisten(std::string_view channel) { core_->remove(channel); }

asio::awaitable<result<notification_event>> listener::try_next(const options& o) {
    return core::next(core_, o.deadline_from_now(steady_clock::duration::zero()));
}

asio::awaitable<notification_event> listener::next(const options& o) { return throwing(try_next(o)); }

asio::awaitable<failure> listener::try_ready(const options& o) {
    return core::ready(core_, o.deadline_from_now(steady_clock::duration::zero()));
}

asio::awaitable<void> listener::ready(const options& o) { return throwing(try_ready(o)); }

asio::awaitable<void> listener::close() { return core::close(core_); }

std::int32_t listener::backend_pid() const { return core_->backend_pid(); }

} // namespace tusk
