#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <services/http/auth.hpp>
#include <services/http/router.hpp>

namespace tusk::alerthist {

/// Who may do what: the keys and the secret of signatures, which SIGHUP may replace. Safe from several
/// threads.
class security {
public:
    /// An empty secret: signatures are not accepted.
    void set(std::shared_ptr<const http::api_keys> keys, std::string webhook_secret);

    /// For every request: who sent it. The key may also be the parameter access_token of /ws and of the event
    /// stream, for pages that cannot set headers there; it is taken out of the request, so that no log has
    /// it.
    http::middleware authenticate();

    /// Operators, and those who sign what they send.
    http::handler require_sender(http::handler run);

    /// Whether keys are needed at all.
    bool is_on() const;

private:
    struct state {
        std::shared_ptr<const http::api_keys> keys = std::make_shared<http::api_keys>();
        std::string secret;
    };
    state current() const;
    mutable std::mutex mutex_;
    state state_;
};

} // namespace tusk::alerthist
