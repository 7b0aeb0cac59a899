#include <services/alerthist/classifier.hpp>

#include <algorithm>

#include <services/alerthist/common.hpp>
#include <tusk/pool/describe.hpp>

namespace tusk::alerthist {

namespace asio = boost::asio;

namespace {

constexpr std::string_view sources[] = {"rule", "default", "http"};
constexpr std::string_view severities[] = {"critical", "warning", "info", "noise"};

template <std::size_t N>
std::size_t place_of(const std::string_view (&in)[N], std::string_view word) noexcept {
    const auto at = static_cast<std::size_t>(std::find(std::begin(in), std::end(in), word) - std::begin(in));
    return std::min(at, N - 1);
}

std::string key_of(const alert& what) {
    return what.fingerprint + (what.status == alert_status::firing ? "+" : "-");
}

std::int64_t shown(const std::atomic<std::uint64_t>& count) noexcept {
    return static_cast<std::int64_t>(count.load(std::memory_order_relaxed));
}

} // namespace

std::optional<classification> classification_cache::find(const std::string& key, std::uint64_t generation,
                                                         time now) {
    const std::lock_guard lock{mutex_};
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) return std::nullopt;
    if (found->second->generation != generation || found->second->until <= now) return std::nullopt;
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->what;
}

void classification_cache::put(const std::string& key, std::uint64_t generation, classification what,
                               time now) {
    if (capacity_ == 0) return;
    const std::lock_guard lock{mutex_};
    if (const auto found = by_key_.find(key); found != by_key_.end()) {
        const auto old = found->second;
        by_key_.erase(found);
        entries_.erase(old);
    }
    entries_.push_front({key, generation, now + keep_, std::move(what)});
    by_key_.emplace(entries_.front().key, entries_.begin());
    if (entries_.size() <= capacity_) return;
    by_key_.erase(entries_.back().key);
    entries_.pop_back();
}

std::size_t classification_cache::size() const {
    const std::lock_guard lock{mutex_};
    return entries_.size();
}

asio::awaitable<std::vector<classification>> classifier::classify(const policy& by,
                                                                  std::span<const alert> what, instant now) {
    std::vector<std::optional<classification>> found(what.size());
    const auto clock = std::chrono::steady_clock::now();
    bool complete = true;
    for (std::size_t i = 0; i < what.size(); ++i) {
        found[i] = cache_.find(key_of(what[i]), by.generation, clock);
        (found[i] ? hits_ : misses_).fetch_add(1, std::memory_order_relaxed);
        complete = complete && found[i];
    }
    if (!complete && backend_) co_await ask_backend(what, found);
    std::vector<classification> out;
    out.reserve(what.size());
    for (std::size_t i = 0; i < what.size(); ++i) {
        if (!found[i]) found[i] = classify_by_rules(by, what[i], now);
        cache_.put(key_of(what[i]), by.generation, *found[i], clock);
        count(*found[i]);
        out.push_back(std::move(*found[i]));
    }
    co_return out;
}

/// A backend that does not answer is no reason to lose an alert: the rules step in.
asio::awaitable<void> classifier::ask_backend(std::span<const alert> what,
                                              std::vector<std::optional<classification>>& out) {
    std::vector<const alert*> asked;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < what.size(); ++i) {
        if (out[i]) continue;
        asked.push_back(&what[i]);
        places.push_back(i);
    }
    try {
        auto verdicts = co_await backend_->classify(asked);
        for (std::size_t i = 0; i < places.size() && i < verdicts.size(); ++i)
            out[places[i]] = std::move(verdicts[i]);
    } catch (const std::exception&) { // counted by the backend
    }
}

void classifier::count(const classification& what) noexcept {
    by_source_[place_of(sources, what.source)].fetch_add(1, std::memory_order_relaxed);
    by_severity_[place_of(severities, what.severity)].fetch_add(1, std::memory_order_relaxed);
}

std::string classifier::stats_json() const {
    std::int64_t all = 0;
    json_object by_source;
    for (std::size_t i = 0; i < by_source_.size(); ++i) {
        all += shown(by_source_[i]);
        by_source.number(sources[i], shown(by_source_[i]));
    }
    json_object by_severity;
    for (std::size_t i = 0; i < by_severity_.size(); ++i)
        by_severity.number(severities[i], shown(by_severity_[i]));
    json_object cache;
    cache.number("hits", shown(hits_)).number("misses", shown(misses_));
    cache.number("size", static_cast<std::int64_t>(cache_.size()));
    cache.number("capacity", static_cast<std::int64_t>(cache_.capacity()));
    json_object http;
    http.raw("enabled", backend_ ? "true" : "false");
    http.number("requests", backend_ ? static_cast<std::int64_t>(backend_->requests()) : 0);
    http.number("failures", backend_ ? static_cast<std::int64_t>(backend_->failures()) : 0);
    http.text("breaker", to_string(backend_ ? backend_->breaker() : breaker_state::closed));
    json_object out;
    out.number("classified", all)
        .raw("by_source", by_source.finish())
        .raw("by_severity", by_severity.finish());
    out.raw("cache", cache.finish()).raw("http", http.finish());
    return out.finish();
}

} // namespace tusk::alerthist
