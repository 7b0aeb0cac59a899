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
};

void share(connection& on, protocol::shared_feed& feed, net::completion done) {
    share_access::of(on).share(feed, std::move(done));
}

void poke(connection& on) { share_access::of(on).driver.poke(); }

} // namespace tusk::detail
