#include <services/http/rate_limit.hpp>

#include <algorithm>
#include <cmath>

namespace tusk::http {

namespace {

boost::asio::awaitable<response> limit(std::shared_ptr<rate_limiter> limiter, request& of, next onward) {
    const auto& exempt = limiter->options().exempt();
    if (std::find(exempt.begin(), exempt.end(), of.path()) == exempt.end()) {
        const auto wait = limiter->take(of.remote_address(), std::chrono::steady_clock::now());
        if (wait) {
            auto answer = error_response(429, "RATE_LIMIT_EXCEEDED", "Too many requests.", of.id());
            const auto seconds =
                std::max<std::int64_t>(std::chrono::ceil<std::chrono::seconds>(*wait).count(), 1);
            answer.set_header("Retry-After", std::to_string(seconds));
            co_return answer;
        }
    }
    co_return co_await onward(of);
}

std::chrono::steady_clock::duration time_for(double tokens, double rate) {
    return std::chrono::duration_cast<std::chrono::steady_clock::duration>(
        std::chrono::duration<double>{std::min(tokens / rate, 86'400.0)});
}

} // namespace

rate_limiter::rate_limiter(rate_limit_options options) : options_{std::move(options)} {
    all_.tokens = options_.global_burst();
}

void rate_limiter::bucket::refill(double rate, double burst, time_point now) {
    const std::chrono::duration<double> passed = now - at;
    if (passed.count() <= 0) return;
    tokens = std::min(burst, tokens + passed.count() * rate);
    at = now;
}

std::optional<std::chrono::steady_clock::duration> rate_limiter::take(std::string_view client,
                                                                      time_point now) {
    const std::lock_guard lock{mutex_};
    bucket* own = nullptr;
    if (options_.client_rate() > 0) {
        auto found = clients_.find(std::string{client});
        if (found == clients_.end()) {
            if (clients_.size() >= options_.max_clients()) forget_some();
            found = clients_.emplace(client, bucket{options_.client_burst(), now}).first;
        }
        own = &found->second;
        own->refill(options_.client_rate(), options_.client_burst(), now);
        if (own->tokens < 1) return time_for(1 - own->tokens, options_.client_rate());
    }
    if (options_.global_rate() > 0) {
        all_.refill(options_.global_rate(), options_.global_burst(), now);
        if (all_.tokens < 1) return time_for(1 - all_.tokens, options_.global_rate());
        all_.tokens -= 1;
    }
    if (own) own->tokens -= 1;
    return std::nullopt;
}

/// A tenth, so that a flood of addresses does not sort the table for each of them.
void rate_limiter::forget_some() {
    std::vector<std::pair<time_point, std::string>> ages;
    ages.reserve(clients_.size());
    for (const auto& [address, one] : clients_) ages.emplace_back(one.at, address);
    const auto count = std::max<std::size_t>(ages.size() / 10, 1);
    const auto end = ages.begin() + static_cast<std::ptrdiff_t>(std::min(count, ages.size()));
    std::nth_element(ages.begin(), end == ages.end() ? end - 1 : end, ages.end());
    std::for_each(ages.begin(), end, [this](const auto& old) { clients_.erase(old.second); });
}

std::size_t rate_limiter::clients() const {
    const std::lock_guard lock{mutex_};
    return clients_.size();
}

middleware rate_limit(std::shared_ptr<rate_limiter> limiter) {
    return [limiter = std::move(limiter)](request& of, next onward) { return limit(limiter, of, onward); };
}

} // namespace tusk::http
