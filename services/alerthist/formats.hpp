#pragma once

#include <string>
#include <utility>
#include <vector>

#include <services/alerthist/policy.hpp>
#include <services/alerthist/store.hpp>

namespace tusk::alerthist {

/// A request to a target.
struct outgoing {
    std::string body; ///< JSON.
    std::vector<std::pair<std::string, std::string>> headers;
};

/// What a target is told of an event. webhook: `{"version":"1","event":{…}}`, signed when there is a secret;
/// slack: an incoming webhook's message; pagerduty: Events API v2; alertmanager: the body of
/// `POST /api/v2/alerts`. `now` is what a signature says.
outgoing render(const target& to, const event_row& what, std::chrono::system_clock::time_point now);

} // namespace tusk::alerthist
