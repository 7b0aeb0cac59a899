#include <tusk/pool/breaker.hpp>

#include <algorithm>
#include <cmath>

namespace tusk {

std::string breaker_config::problems() const {
    std::string all;
    const auto complain = [&](const char* text) { all += (all.empty() ? "" : "; ") + std::string{text}; };
    if (window_ < std::chrono::milliseconds{10}) complain("breaker window must be at least 10 ms");
    if (min_calls_ == 0) complain("breaker min_calls must be at least 1");
    if (!(share_ > 0 && share_ <= 1)) complain("breaker failure_share must lie above 0 and not above 1");
    if (!(jitter_ >= 0 && jitter_ <= 1)) complain("breaker jitter must lie between 0 and 1");
    if (probes_ == 0) complain("breaker probes must be at least 1");
    if (open_for_ <= duration::zero() || max_open_ < open_for_)
        complain("breaker open_for must be above zero and not above max_open");
    if (probe_period_ <= duration::zero()) complain("breaker probe_period must be above zero");
    return all;
}

breaker::breaker(breaker_config c, std::uint64_t seed) noexcept : config_{c}, random_{seed | 1} {}

/// xorshift64*: nothing here needs better numbers, and a seed makes them repeatable. 0 to 1.
double breaker::random() noexcept {
    random_ ^= random_ >> 12;
    random_ ^= random_ << 25;
    random_ ^= random_ >> 27;
    return static_cast<double>((random_ * 0x2545F4914F6CDD1DULL) >> 11) * 0x1.0p-53;
}

steady_clock::duration breaker::tick_length() const noexcept {
    return config_.window() / static_cast<int>(bucket_count);
}

std::int64_t breaker::tick_of(time t) const noexcept {
    return static_cast<std::int64_t>(t.time_since_epoch() / tick_length());
}

/// Every call that comes back asks for it: mostly it is that of the last time, which takes no division.
breaker::bucket& breaker::current(time now) noexcept {
    if (now >= current_from_ && now < current_until_) [[likely]]
        return buckets_[current_];
    const auto number = tick_of(now);
    current_ = static_cast<std::size_t>(number) % bucket_count;
    auto& b = buckets_[current_];
    if (b.tick != number) b = {number, 0, 0};
    current_from_ = time{tick_length() * number};
    current_until_ = current_from_ + tick_length();
    return b;
}

std::uint32_t breaker::calls(time now) noexcept {
    const auto tick = tick_of(now);
    std::uint32_t sum = 0;
    for (const auto& b : buckets_)
        if (b.tick > tick - static_cast<std::int64_t>(bucket_count)) sum += b.calls;
    return sum;
}

std::uint32_t breaker::failures(time now) noexcept {
    const auto tick = tick_of(now);
    std::uint32_t sum = 0;
    for (const auto& b : buckets_)
        if (b.tick > tick - static_cast<std::int64_t>(bucket_count)) sum += b.failures;
    return sum;
}

steady_clock::duration breaker::retry_after(time now) const noexcept {
    if (state_ != breaker_state::open) return steady_clock::duration::zero();
    return std::max(try_again_ - now, steady_clock::duration::zero());
}

void breaker::succeeded(time now, std::uint64_t began_in) {
    if (state_ != breaker_state::closed || began_in != generation_) return;
    ++current(now).calls;
}

void breaker::failed(time now, std::uint64_t began_in) {
    if (state_ != breaker_state::closed || began_in != generation_) return;
    auto& b = current(now);
    ++b.calls;
    ++b.failures;
    if (!config_.enabled()) return;
    const auto all = calls(now);
    if (all >= config_.min_calls() &&
        static_cast<double>(failures(now)) >= config_.failure_share() * static_cast<double>(all))
        open(now);
}

void breaker::health_checked(bool good, time now) {
    bad_checks_ = good ? 0 : bad_checks_ + 1;
    if (state_ == breaker_state::closed && config_.enabled() && config_.health_failures() != 0 &&
        bad_checks_ >= config_.health_failures())
        open(now);
}

void breaker::open(time now) {
    const auto doubled =
        static_cast<double>(config_.open_for().count()) * std::exp2(std::min(openings_, 30U));
    const auto base = std::min(doubled, static_cast<double>(config_.max_open().count()));
    const auto length = base * (1 + config_.jitter() * (2 * random() - 1));
    try_again_ = now + steady_clock::duration{static_cast<steady_clock::duration::rep>(length)};
    ++openings_;
    change(breaker_state::open, now);
}

void breaker::answered_while_open(time now) {
    if (state_ == breaker_state::open) try_again_ = now;
}

bool breaker::begin_probe(time now) {
    if (state_ == breaker_state::open && now >= try_again_) change(breaker_state::half_open, now);
    if (state_ != breaker_state::half_open || probing_ + good_probes_ >= config_.probes()) return false;
    ++probing_;
    return true;
}

void breaker::end_probe(std::optional<bool> good, time now, std::uint64_t began_in) {
    if (state_ != breaker_state::half_open || began_in != generation_) return;
    --probing_;
    if (!good) return;
    if (!*good) {
        open(now);
    } else if (++good_probes_ >= config_.probes()) {
        openings_ = 0;
        change(breaker_state::closed, now);
    }
}

void breaker::reset(time now) {
    openings_ = 0;
    change(breaker_state::closed, now);
}

void breaker::change(breaker_state to, time) {
    if (to == state_) return;
    // Two transitions between two looks (open, then half-open) are told as one.
    if (!pending_) pending_ = transition{state_, to};
    pending_->to = to;
    state_ = to;
    ++generation_;
    probing_ = good_probes_ = bad_checks_ = 0;
    buckets_ = {};
    current_until_ = {};
}

std::optional<breaker::transition> breaker::take_transition() noexcept {
    auto out = std::exchange(pending_, std::nullopt);
    if (out && out->from == out->to) out.reset();
    return out;
}

bool is_server_failure(const failure& f) noexcept {
    if (!f) return false;
    if (f == condition::pool_timeout || f == condition::pool_closed || f == condition::circuit_open)
        return false;
    if (const auto& code = f.code(); code.category() == tusk_category()) {
        switch (static_cast<errc>(code.value())) {
        case errc::host_not_found:
        case errc::connect_failed:
        case errc::no_suitable_host:
        case errc::connection_lost:
        case errc::in_doubt: return true;
        default: return false;
        }
    }
    const auto* server = f.server();
    if (server == nullptr) return false;
    const auto& s = server->sqlstate;
    return s.starts_with("08") || s == "57P01" || s == "57P02" || s == "57P03" || s == "53100" ||
           s == "53200" || s == "53300";
}

} // namespace tusk
