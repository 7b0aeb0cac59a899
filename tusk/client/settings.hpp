#pragma once

#include <functional>
#include <memory>
#include <string>

#include <tusk/core/observer.hpp>
#include <tusk/protocol/message_trace.hpp>
#include <tusk/protocol/statement_cache.hpp>
#include <tusk/types/catalog.hpp>
#include <tusk/wire/backend.hpp>

namespace tusk {

/// What a connection shares with others or takes from its owner. Copies share the registry of
/// statements, the catalog of types and the observer.
class connection_settings {
public:
    connection_settings()
        : statements_{std::make_shared<protocol::statement_registry>()},
          types_{std::make_shared<type_catalog>()} {}

    /// Limit of each call that sets none; zero (the default) means none.
    connection_settings& statement_timeout(steady_clock::duration d) {
        statement_timeout_ = d;
        return *this;
    }
    /// Who is told what happens; may be null.
    connection_settings& observe_with(std::shared_ptr<observer> o) {
        observer_ = std::move(o);
        return *this;
    }
    /// Who sees every message of the protocol, in both directions, without what is secret or a value
    /// (docs/observability.md); for finding out what a server or a proxy does. Costs nothing when nobody
    /// does.
    connection_settings& trace_messages(message_trace t) {
        trace_ = std::move(t);
        return *this;
    }
    /// The pool's name, for events.
    connection_settings& pool_name(std::string name) {
        pool_name_ = std::move(name);
        return *this;
    }
    /// Called with NOTIFY messages that arrive on the connection, at whatever moment; they are not kept for
    /// `next_notification` then.
    connection_settings& on_notification(std::function<void(const wire::notification&)> f) {
        on_notification_ = std::move(f);
        return *this;
    }

    /// How many notifications are kept for `next_notification` (1,024); those that come when there are so
    /// many are dropped, which the reader is told by an error.
    connection_settings& notification_capacity(std::size_t n) {
        notification_capacity_ = n;
        return *this;
    }
    /// Those that the connection itself sent are not delivered.
    connection_settings& ignore_own_notifications(bool on = true) {
        ignore_own_ = on;
        return *this;
    }

    steady_clock::duration statement_timeout() const noexcept { return statement_timeout_; }
    const std::shared_ptr<observer>& observed_by() const noexcept { return observer_; }
    const message_trace& message_trace_to() const noexcept { return trace_; }
    const std::string& pool_name() const noexcept { return pool_name_; }
    const std::shared_ptr<protocol::statement_registry>& statements() const noexcept { return statements_; }
    const std::shared_ptr<type_catalog>& types() const noexcept { return types_; }
    const std::function<void(const wire::notification&)>& on_notification() const noexcept {
        return on_notification_;
    }
    std::size_t notification_capacity() const noexcept { return notification_capacity_; }
    bool ignores_own_notifications() const noexcept { return ignore_own_; }

private:
    steady_clock::duration statement_timeout_{0};
    std::shared_ptr<observer> observer_;
    message_trace trace_;
    std::string pool_name_;
    std::shared_ptr<protocol::statement_registry> statements_;
    std::shared_ptr<type_catalog> types_;
    std::function<void(const wire::notification&)> on_notification_;
    std::size_t notification_capacity_ = 1024;
    bool ignore_own_ = false;
};

} // namespace tusk
