#include <tusk/net/asio_driver.hpp>

#include <tusk/net/asio_core.hpp>

namespace tusk::net {

asio_driver::asio_driver(const asio::any_io_executor& executor) : core_{std::make_shared<core>(executor)} {}

asio_driver::asio_driver(asio_driver&& other) noexcept = default;

asio_driver& asio_driver::operator=(asio_driver&& other) noexcept {
    close();
    core_ = std::move(other.core_);
    return *this;
}

asio_driver::~asio_driver() { close(); }

void asio_driver::close() noexcept {
    if (core_) core_->close();
}

asio::awaitable<failure> asio_driver::connect(std::shared_ptr<const connect_target> target, deadline until) {
    return core::connect(core_, std::move(target), until);
}

void asio_driver::start(protocol::machine& m, deadline until, protocol::event_kind first, completion done) {
    core_->start(m, until, first, std::move(done));
}

void asio_driver::poke() { core_->poke(); }

asio::awaitable<void> asio_driver::run(protocol::machine& m, deadline until, protocol::event_kind first) {
    return core_->run(m, until, first);
}

void asio_driver::cancel() { core_->cancel(); }

bool asio_driver::paused() const noexcept { return core_->paused; }
bool asio_driver::is_open() const noexcept {
    return core_ && core_->socket.is_open() && !core_->session.broken;
}
bool asio_driver::idle_connection_is_alive() { return core_->idle_connection_is_alive(); }
protocol::session& asio_driver::session() noexcept { return core_->session; }
const protocol::session& asio_driver::session() const noexcept { return core_->session; }
const host_address& asio_driver::host() const noexcept { return core_->host; }
asio::any_io_executor asio_driver::executor() const { return core_->socket.get_executor(); }

} // namespace tusk::net
