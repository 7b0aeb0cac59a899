#include <services/alerthist/pipeline.hpp>

#include <algorithm>
#include <map>
#include <tuple>

namespace tusk::alerthist {

bool supersedes(const alert& newer, const alert& older) noexcept {
    const auto rank = [](const alert& a) {
        const auto holds_since = std::max(a.starts_at, a.ends_at.value_or(a.starts_at));
        return std::tuple{holds_since, a.starts_at, a.status == alert_status::resolved};
    };
    return rank(newer) >= rank(older);
}

alert_batch make_batch(const notification& from) {
    // References to the alerts, under the keys that the tables have; ordered, which is the order of locking.
    std::map<std::string_view, const alert*> states;
    std::map<std::tuple<std::string_view, alert_status, instant>, const alert*> events;
    for (const auto& one : from.alerts) {
        auto& state = states[one.fingerprint];
        if (!state || supersedes(one, *state)) state = &one;
        auto& event = events[{one.fingerprint, one.status, one.starts_at}];
        if (!event || supersedes(one, *event)) event = &one;
    }
    alert_batch out;
    out.receiver = from.receiver;
    out.group_key = from.group_key;
    out.states.reserve(states.size());
    for (const auto& [key, one] : states) out.states.add(*one);
    out.events.reserve(events.size());
    for (const auto& [key, one] : events) out.events.add(*one);
    return out;
}

boost::asio::awaitable<ingest_result> pipeline::ingest(const notification& what) {
    std::uint64_t created = 0;
    if (!what.alerts.empty()) {
        const auto batch = make_batch(what);
        created = co_await store_->save(batch);
    }
    for (const auto& one : what.alerts) metrics_->alert_received(one.status);
    metrics_->events_created(created);
    co_return ingest_result{what.alerts.size(), created};
}

} // namespace tusk::alerthist
