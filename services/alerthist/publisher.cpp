#include <services/alerthist/publisher.hpp>

#include <algorithm>
#include <atomic>
#include <random>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <tusk/pool/retry.hpp>

namespace tusk::alerthist {

namespace {

constexpr auto wait_quietly = asio::as_tuple(asio::use_awaitable);

/// Claimed at a time; also how much of a target's work is done twice when this process dies.
constexpr std::int64_t claim_size = 32;
/// Longer than the longest timeout of a target, so that nobody claims what is being sent.
constexpr std::chrono::seconds claim_time{300};
/// When nobody tells (the listener is away): how often to look.
constexpr std::chrono::milliseconds look_again{5000};
constexpr std::chrono::milliseconds after_trouble{1000};
constexpr std::chrono::milliseconds shortest_wait{10};

breaker_config breaker_settings() {
    return breaker_config{}
        .window(std::chrono::seconds{30})
        .min_calls(5)
        .open_for(std::chrono::seconds{5})
        .max_open(std::chrono::seconds{60})
        .probes(1);
}

std::chrono::milliseconds retry_delay(const publisher_options& how, std::int32_t so_far) {
    auto delay = how.first_retry();
    for (std::int32_t i = 1; i < so_far && delay < how.longest_retry(); ++i) delay *= 2;
    delay = std::min(delay, how.longest_retry());
    return delay + std::chrono::milliseconds{
                       static_cast<std::int64_t>(random_share() * static_cast<double>(delay.count()) / 4)};
}

bool says_that_it_works(const delivery& what) noexcept {
    return what.status != 0 && what.status < 500 && what.status != 429;
}

} // namespace

delivery_verdict judge_delivery(const delivery& what, std::int32_t attempts, int max_attempts) noexcept {
    if (what.status >= 200 && what.status < 300) return delivery_verdict::delivered;
    const bool transient = what.status == 0 || what.status == 408 || what.status == 425 ||
                           what.status == 429 || what.status >= 500;
    return transient && attempts < max_attempts ? delivery_verdict::again : delivery_verdict::dead;
}

/// Kept alive by its coroutines. All but the atomics and the breakers' summary is on the strand.
class publisher::impl : public std::enable_shared_from_this<impl> {
public:
    impl(asio::any_io_executor executor, outbox_store& from, policy_keeper& by, deliver_function deliver,
         publisher_options options, alerthist::log& problems)
        : strand_{asio::make_strand(std::move(executor))}, store_{from}, keeper_{by},
          deliver_{std::move(deliver)}, options_{options}, log_{problems}, idle_{strand_} {
        idle_.expires_at(asio::steady_timer::time_point::max());
    }

    void wake();
    asio::awaitable<void> stop();
    target_breaker breaker_of(std::int64_t target) const;

    std::atomic<std::uint64_t> delivered = 0;

private:
    /// The coroutine of a target, and what it waits for.
    struct worker {
        worker(const asio::any_io_executor& on, std::int64_t of) : id{of}, timer{on} {}
        std::int64_t id;
        asio::steady_timer timer;
        bool woken = true;
        breaker guard{breaker_settings(), 1};
    };
    using worker_ptr = std::shared_ptr<worker>;
    struct round;

    void look_at_targets();
    asio::awaitable<void> run(worker_ptr self);
    asio::awaitable<std::chrono::milliseconds> work(worker& on, const target& to);
    struct progress {
        std::chrono::milliseconds pause{0}; ///< Until there may be more to do.
        std::optional<bool> good;           ///< Whether the target works; unknown when nothing was sent.
    };
    asio::awaitable<progress> deliver_due(worker& on, const target& to, bool probing);
    asio::awaitable<void> lane(std::shared_ptr<round> of);
    void settle_one(round& of, const claimed_entry& what, delivery&& answer);
    void show(const worker& of);
    std::optional<target> find(std::int64_t id) const;

    asio::any_io_executor strand_;
    outbox_store& store_;
    policy_keeper& keeper_;
    deliver_function deliver_;
    publisher_options options_;
    alerthist::log& log_;
    std::map<std::int64_t, worker_ptr> workers_;
    std::size_t running_ = 0;
    bool stopping_ = false;
    asio::steady_timer idle_; ///< Cancelled when the last coroutine ends.
    mutable std::mutex mutex_;
    std::map<std::int64_t, target_breaker> shown_; // guarded by mutex_
};

/// One claim and its deliveries.
struct publisher::impl::round {
    target to;
    std::uint64_t generation = 0;
    std::vector<bool> signs; ///< Of each answer: the target works.
    std::vector<claimed_entry> entries;
    std::size_t next = 0;
    std::size_t lanes = 0;
    delivery_results results;
    std::optional<asio::steady_timer> done;
};

void publisher::impl::wake() {
    asio::post(strand_, [self = shared_from_this()] { self->look_at_targets(); });
}

void publisher::impl::look_at_targets() {
    const auto by = keeper_.current();
    if (stopping_ || !by) return;
    for (const auto& to : by->targets) {
        auto& one = workers_[to.id];
        if (!one && to.enabled) {
            one = std::make_shared<worker>(strand_, to.id);
            ++running_;
            asio::co_spawn(
                strand_, [self = shared_from_this(), one] { return self->run(one); }, asio::detached);
        }
        if (!one) workers_.erase(to.id);
    }
    for (auto& [id, one] : workers_) {
        one->woken = true;
        one->timer.cancel();
    }
}

std::optional<target> publisher::impl::find(std::int64_t id) const {
    const auto by = keeper_.current();
    if (by)
        for (const auto& to : by->targets)
            if (to.id == id && to.enabled) return to;
    return std::nullopt;
}

asio::awaitable<void> publisher::impl::run(worker_ptr self) {
    while (!stopping_) {
        const auto to = find(self->id);
        if (!to) break; // disabled or deleted; comes back when it is enabled
        self->woken = false;
        std::chrono::milliseconds pause = after_trouble;
        try {
            pause = co_await work(*self, *to);
        } catch (const std::exception& e) {
            log_fields fields;
            log_.warn("publishing is interrupted", fields.add("target", to->name).add("error", e.what()));
        }
        show(*self);
        if (stopping_ || self->woken) continue;
        self->timer.expires_after(std::max(pause, shortest_wait));
        co_await self->timer.async_wait(wait_quietly);
    }
    workers_.erase(self->id);
    if (--running_ == 0) idle_.cancel();
}

asio::awaitable<std::chrono::milliseconds> publisher::impl::work(worker& on, const target& to) {
    const auto now = steady_clock::now();
    if (on.guard.allows()) {
        const auto made = co_await deliver_due(on, to, false);
        co_return made.pause;
    }
    if (!on.guard.begin_probe(now)) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(on.guard.retry_after(now));
        on.woken = false; // nobody can hurry it
        co_return std::clamp(left, shortest_wait, look_again);
    }
    const auto generation = on.guard.generation();
    progress made;
    try {
        made = co_await deliver_due(on, to, true);
    } catch (...) {
        on.guard.end_probe(std::nullopt, steady_clock::now(), generation);
        throw;
    }
    on.guard.end_probe(made.good, steady_clock::now(), generation);
    co_return made.pause;
}

asio::awaitable<publisher::impl::progress> publisher::impl::deliver_due(worker& on, const target& to,
                                                                        bool probing) {
    progress made;
    auto entries = co_await store_.claim(to.id, probing ? 1 : claim_size, claim_time);
    if (entries.empty()) {
        const auto due = co_await store_.next_due(to.id);
        made.pause = due ? std::min(*due, look_again) : look_again;
        co_return made;
    }
    auto now = std::make_shared<round>();
    now->to = to;
    now->entries = std::move(entries);
    now->generation = on.guard.generation();
    now->done.emplace(strand_, asio::steady_timer::time_point::max());
    now->lanes = std::min<std::size_t>(options_.lanes(), now->entries.size());
    for (std::size_t i = 0; i < now->lanes; ++i)
        asio::co_spawn(strand_, [self = shared_from_this(), now] { return self->lane(now); }, asio::detached);
    while (now->lanes > 0) co_await now->done->async_wait(wait_quietly);
    for (const bool good : now->signs) {
        made.good = made.good.value_or(false) || good;
        if (probing) continue;
        if (good)
            on.guard.succeeded(steady_clock::now(), now->generation);
        else
            on.guard.failed(steady_clock::now(), now->generation);
    }
    co_await store_.settle(to.id, now->results);
    co_return made;
}

/// Takes the next entry of a round until none is left, or the service stops: what is claimed and was not sent
/// is given back at once.
asio::awaitable<void> publisher::impl::lane(std::shared_ptr<round> of) {
    while (of->next < of->entries.size()) {
        const auto& entry = of->entries[of->next++];
        if (stopping_) {
            of->results.again(entry.entry, std::chrono::milliseconds{0}, 0, "the service was stopped");
            continue;
        }
        delivery answer;
        try {
            const auto what = render(of->to, entry.event, std::chrono::system_clock::now());
            answer = co_await deliver_(of->to, what);
        } catch (const std::exception& e) {
            answer.error = e.what();
        }
        settle_one(*of, entry, std::move(answer));
    }
    if (--of->lanes == 0) of->done->cancel();
}

void publisher::impl::settle_one(round& of, const claimed_entry& what, delivery&& answer) {
    of.signs.push_back(says_that_it_works(answer));
    if (answer.error.empty() && answer.status >= 300)
        answer.error = "answered with " + std::to_string(answer.status);
    switch (judge_delivery(answer, what.attempts, of.to.max_attempts)) {
    case delivery_verdict::delivered:
        of.results.delivered(what.entry);
        delivered.fetch_add(1, std::memory_order_relaxed);
        return;
    case delivery_verdict::again:
        return of.results.again(what.entry, retry_delay(options_, what.attempts), answer.status,
                                std::move(answer.error));
    default: break;
    }
    log_fields fields;
    fields.add("target", of.to.name).add("event", what.event.id).add("error", answer.error);
    log_.warn("an event could not be published", fields.add("attempts", std::int64_t{what.attempts}));
    of.results.dead(what.entry, answer.status, std::move(answer.error));
}

void publisher::impl::show(const worker& of) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(of.guard.retry_after(steady_clock::now()));
    const std::lock_guard lock{mutex_};
    auto& one = shown_[of.id];
    one.state = of.guard.state();
    one.retry_after = one.state == breaker_state::open ? left : std::chrono::milliseconds{0};
}

publisher::target_breaker publisher::impl::breaker_of(std::int64_t id) const {
    const std::lock_guard lock{mutex_};
    const auto found = shown_.find(id);
    return found == shown_.end() ? target_breaker{} : found->second;
}

asio::awaitable<void> publisher::impl::stop() {
    const auto self = shared_from_this();
    const auto here = [self]() -> asio::awaitable<void> {
        self->stopping_ = true;
        for (auto& [id, one] : self->workers_) one->timer.cancel();
        while (self->running_ > 0) co_await self->idle_.async_wait(wait_quietly);
    };
    co_await asio::co_spawn(strand_, here, asio::use_awaitable);
}

publisher::publisher(asio::any_io_executor executor, outbox_store& from, policy_keeper& by,
                     deliver_function deliver, publisher_options options, alerthist::log& problems)
    : impl_{std::make_shared<impl>(std::move(executor), from, by, std::move(deliver), options, problems)} {}
publisher::~publisher() = default;
void publisher::wake() { impl_->wake(); }
asio::awaitable<void> publisher::stop() { return impl_->stop(); }
publisher::target_breaker publisher::breaker_of(std::int64_t id) const { return impl_->breaker_of(id); }
std::uint64_t publisher::delivered() const noexcept {
    return impl_->delivered.load(std::memory_order_relaxed);
}

} // namespace tusk::alerthist
