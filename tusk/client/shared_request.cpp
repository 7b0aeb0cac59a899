#include <tusk/client/shared_request.hpp>

#include <tusk/client/connection_core.hpp>

namespace tusk::detail {

void shared_request::begin(const connection_settings& settings, const connection& on) {
    if (settings.observed_by())
        watch_.emplace(settings.observed_by().get(), settings, what_, on.backend_pid());
}

void shared_request::end(const failure& f) {
    if (watch_) watch_->finish(f, sink_);
}

/// The door to a connection's inside.
struct share_access {
    static connection::core& of(connection& c) { return *c.core_; }
    static std::shared_ptr<connection::core> hold(connection& c) { return c.core_; }
};

void share(connection& on, protocol::shared_feed& feed, net::completion done) {
    share_access::of(on).share(feed, std::move(done));
}

connection_remote::connection_remote(connection& of) : core_{share_access::hold(of)} {}

void connection_remote::cancel() const {
    if (core_) core_->driver.cancel();
}

void connection_remote::close() const noexcept {
    if (core_) core_->driver.close();
}

std::string connection_remote::last_sql() const { return core_ ? core_->last_sql() : std::string{}; }

std::int32_t connection_remote::backend_pid() const noexcept {
    return core_ ? core_->driver.session().backend_pid : 0;
}

std::string connection_remote::server() const {
    return core_ ? core_->driver.host().display() : std::string{};
}

void poke(connection& on) { share_access::of(on).driver.poke(); }

} // namespace tusk::detail
