#include <services/alerthist/pipeline.hpp>

#include <algorithm>
#include <map>
#include <tuple>

namespace tusk::alerthist {

namespace asio = boost::asio;

namespace {

void add_publications(const decision& made, std::size_t place, publication_columns& to) {
    for (const auto target : made.targets) {
        to.events.push_back(static_cast<std::int32_t>(place));
        to.targets.push_back(target);
        to.priorities.push_back(made.priority);
        to.delays.push_back(static_cast<std::int32_t>(made.delay.count()));
    }
}

} // namespace

bool supersedes(const alert& newer, const alert& older) noexcept {
    const auto rank = [](const alert& a) {
        const auto holds_since = std::max(a.starts_at, a.ends_at.value_or(a.starts_at));
        return std::tuple{holds_since, a.starts_at, a.status == alert_status::resolved};
    };
    return rank(newer) >= rank(older);
}

alert_batch make_batch(const notification& from, std::span<const judgement> judged) {
    // References to the alerts, under the keys that the tables have; ordered, which is the order of locking.
    std::map<std::string_view, const alert*> states;
    std::map<std::tuple<std::string_view, alert_status, instant>, const alert*> events;
    for (const auto& one : from.alerts) {
        auto& state = states[one.fingerprint];
        if (!state || supersedes(one, *state)) state = &one;
        auto& event = events[{one.fingerprint, one.status, one.starts_at}];
        if (!event || supersedes(one, *event)) event = &one;
    }
    static const judgement none;
    const auto thought = [&](const alert* one) -> const judgement& {
        return judged.empty() ? none : judged[static_cast<std::size_t>(one - from.alerts.data())];
    };
    alert_batch out;
    out.receiver = from.receiver;
    out.group_key = from.group_key;
    out.states.reserve(states.size());
    for (const auto& [key, one] : states) out.states.add(*one, thought(one));
    out.events.reserve(events.size());
    for (const auto& [key, one] : events) {
        out.events.add(*one, thought(one));
        add_publications(thought(one).made, out.events.size(), out.publications);
    }
    return out;
}

asio::awaitable<std::vector<judgement>> pipeline::judge(const policy& by, std::span<const alert> what) {
    const auto now = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
    std::vector<judgement> out(what.size());
    if (by.classifies()) {
        auto verdicts = co_await classifier_->classify(by, what, now);
        for (std::size_t i = 0; i < out.size(); ++i) out[i].verdict = std::move(verdicts[i]);
    }
    for (std::size_t i = 0; i < out.size(); ++i) {
        const auto inhibited = keeper_->inhibitor().inhibited_by(by, what[i], what);
        out[i].made = decide(by, what[i], out[i].verdict ? &*out[i].verdict : nullptr, inhibited, now);
    }
    co_return out;
}

asio::awaitable<ingest_result> pipeline::ingest(const notification& what) {
    std::uint64_t created = 0;
    if (!what.alerts.empty()) {
        const auto by = keeper_->current();
        std::vector<judgement> judged;
        if (by) judged = co_await judge(*by, what.alerts);
        const auto batch = make_batch(what, judged);
        created = co_await store_->save(batch);
        if (by)
            for (const auto& one : what.alerts)
                keeper_->inhibitor().observe(*by, one.fingerprint, one.status, one.labels);
    }
    for (const auto& one : what.alerts) metrics_->alert_received(one.status);
    metrics_->events_created(created);
    co_return ingest_result{what.alerts.size(), created};
}

} // namespace tusk::alerthist
