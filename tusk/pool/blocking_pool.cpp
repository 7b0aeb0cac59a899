#include <tusk/pool/blocking_pool.hpp>

#include <tusk/client/copy_job.hpp>
#include <tusk/pool/blocking_core.hpp>
#include <tusk/pool/pool_texts.hpp>

namespace tusk::blocking {

// ---- what a pool tells

namespace detail {

pool_stats pool_core::stats() const {
    const std::lock_guard lock{mutex_};
    return stats_locked();
}

pool_stats pool_core::stats_locked() const {
    pool_stats s = counters_;
    s.max = config_->max_connections();
    s.min = config_->min_connections();
    s.total = slots_.total();
    s.idle = slots_.idle();
    s.in_use = slots_.in_use();
    s.constructing = slots_.constructing();
    s.waiting = static_cast<std::uint32_t>(waiters_.size());
    s.breaker = breaker_.state();
    return s;
}

breaker_state pool_core::breaker_now() const {
    const std::lock_guard lock{mutex_};
    return breaker_.state();
}

pool_description pool_core::describe() const {
    pool_description out;
    out.name = name();
    const std::lock_guard lock{mutex_};
    const auto now = steady_clock::now();
    out.stats = stats_locked();
    out.breaker = breaker_.state();
    out.retry_after = breaker_.retry_after(now);
    out.last_connect_error = last_connect_error_;
    const auto add = [&](const pooled& p) {
        pool_description::pooled_connection c;
        c.state = p.state;
        c.age = now - p.created;
        c.since = now - (p.state == state::idle ? p.last_used : p.leased_at);
        if (p.expires != steady_clock::time_point::max()) c.expires = p.expires - now;
        if (p.state == state::leased) c.acquired_at = p.where;
        c.backend_pid = p.conn.backend_pid(); // what a connection was made with does not change
        c.server = p.conn.server();
        c.sql = p.last_sql;
        out.connections.push_back(std::move(c));
    };
    slots_.each_in_use(add);
    slots_.each_idle(add);
    for (const auto* w : waiters_) out.waiting.push_back({now - w->since, false});
    return out;
}

void pool_core::set_health(bool healthy, const failure* why) {
    std::uint32_t failures = 0;
    bool changed = false;
    {
        const std::lock_guard lock{mutex_};
        changed = counters_.healthy != healthy;
        counters_.healthy = healthy;
        health_failures_ = healthy ? 0 : health_failures_ + 1;
        if (!healthy) ++counters_.health_check_failures;
        failures = health_failures_;
    }
    if (!observer_ || (healthy && !changed)) return;
    health_event e;
    e.pool = name();
    e.start = steady_clock::now();
    e.error = why;
    e.healthy = healthy;
    e.consecutive_failures = failures;
    observer_->health_checked(e);
}

void pool_core::report_acquire(acquire_result r, steady_clock::time_point since, bool waited,
                               const failure* why) {
    if (!observer_) return;
    acquire_event e;
    e.pool = name();
    e.start = since;
    e.elapsed = steady_clock::now() - since;
    e.error = why;
    e.result = r;
    e.waited = waited;
    observer_->acquire_finished(e);
    const auto limit = current()->pressure_acquire();
    if (!waited || limit <= steady_clock::duration::zero() || e.elapsed <= limit) return;
    pressure_event p;
    p.pool = name();
    p.start = since;
    p.elapsed = e.elapsed;
    p.what = pressure_event::kind::slow_acquire;
    observer_->under_pressure(p);
}

void pool_core::report_usage(double usage, std::uint32_t waiting) {
    if (!observer_) return;
    pressure_event p;
    p.pool = name();
    p.start = steady_clock::now();
    p.what = pressure_event::kind::usage;
    p.usage = usage;
    p.waiting = waiting;
    observer_->under_pressure(p);
}

void pool_core::report_closed(close_reason why) noexcept {
    if (!observer_) return;
    connection_closed_event e;
    e.pool = name();
    e.start = steady_clock::now();
    e.reason = why;
    observer_->connection_closed(e);
}

} // namespace detail

// ---- lease

lease::lease() noexcept = default;
lease::lease(std::shared_ptr<detail::pool_core> from, std::unique_ptr<detail::pooled> what) noexcept
    : pool_{std::move(from)}, held_{std::move(what)} {}
lease::lease(lease&& other) noexcept = default;

lease& lease::operator=(lease&& other) noexcept {
    release();
    pool_ = std::move(other.pool_);
    held_ = std::move(other.held_);
    return *this;
}

lease::~lease() { release(); }

connection& lease::operator*() const noexcept { return held_->conn; }

void lease::release() noexcept {
    if (held_) pool_->release(std::move(held_));
    pool_.reset();
}

void lease::discard() noexcept {
    if (held_) pool_->discard(std::move(held_), close_reason::broken);
    pool_.reset();
}

connection lease::detach() {
    const auto from = std::move(pool_);
    return from->detach(std::move(held_));
}

// ---- pool

namespace {

/// A stream that holds a lease for as long as it is read.
class leased_stream final : public detail::stream_source {
public:
    leased_stream(lease l, std::unique_ptr<detail::stream_source> s)
        : lease_{std::move(l)}, source_{std::move(s)} {}
    ~leased_stream() override { source_.reset(); } // before the lease goes back
    failure advance(bool& more) override { return source_->advance(more); }

private:
    lease lease_;
    std::unique_ptr<detail::stream_source> source_;
};

void refuse_coroutines(const tusk::pool_hooks& h) {
    if (h.before_connect() || h.after_connect() || h.before_acquire() || h.after_release() ||
        h.before_close() || h.should_ping())
        throw error{errc::invalid_configuration,
                    "the hooks of this configuration are coroutines, for tusk::pool; give a blocking pool "
                    "its blocking::pool_hooks when it is made"};
}

} // namespace

pool::pool(pool_config config, std::shared_ptr<observer> observed_by, pool_hooks hooks) {
    refuse_coroutines(config.hooks());
    throw_if(config.validate());
    auto target = net::connect_target::make(config.server()).value();
    core_ = std::make_shared<detail::pool_core>(config, std::move(observed_by), std::move(hooks),
                                                std::move(target));
    core_->start();
}

pool pool::open(std::string_view conninfo, std::shared_ptr<observer> observed_by) {
    return open(pool_config::parse(conninfo).value(), std::move(observed_by));
}

pool pool::open(pool_config config, std::shared_ptr<observer> observed_by, pool_hooks hooks) {
    pool out{std::move(config), std::move(observed_by), std::move(hooks)};
    static_cast<void>(out.acquire());
    return out;
}

pool::pool(pool&&) noexcept = default;

pool& pool::operator=(pool&& other) noexcept {
    if (core_) core_->shut();
    core_ = std::move(other.core_);
    return *this;
}

pool::~pool() {
    if (core_) core_->shut();
}

result<lease> pool::try_acquire(const options& o, std::source_location where) {
    return core_->acquire(core_->acquire_deadline(o.deadline_from_now(steady_clock::duration::zero())),
                          where);
}

lease pool::acquire(const options& o, std::source_location where) { return try_acquire(o, where).value(); }

failure pool::execute(request& what, client_sink& sink) {
    const auto until = what.call_options().deadline_from_now(core_->statement_timeout());
    for (std::uint32_t attempt = 1;; ++attempt) {
        failure f;
        {
            auto l = core_->acquire(core_->acquire_deadline(until), {});
            if (l) {
                what.limit(until); // the time in the queue is spent
                core_->note_sql(*l->held_, what.text()->text);
                f = (*l)->execute(what, sink);
                if (!f && (*l)->status() != transaction_status::idle &&
                    tusk::detail::leaves_no_trace(sink.command()))
                    f = tusk::detail::uncommitted_failure();
                l->held_->blamed = is_server_failure(f);
            } else {
                f = l.error();
            }
        }
        if (!f) {
            core_->call_succeeded();
            return f;
        }
        if (f.sql().empty()) f.set_sql(what.text()->text);
        const auto next = core_->after_failure(f, attempt, what, until);
        if (!next.again || !sink.restart()) return f;
        std::this_thread::sleep_for(next.delay);
    }
}

failure pool::execute_batch(batch& b, const options& o) {
    const auto until = o.deadline_from_now(core_->statement_timeout());
    auto l = core_->acquire(core_->acquire_deadline(until), {});
    if (!l) return l.error();
    auto limited = o;
    limited.until(until);
    auto f = (*l)->execute_batch(b, limited);
    if (!f && (*l)->status() != transaction_status::idle) f = tusk::detail::uncommitted_failure();
    l->held_->blamed = is_server_failure(f);
    return f;
}

result<std::unique_ptr<detail::stream_source>>
pool::open_stream(request what, std::shared_ptr<client_sink> sink, std::function<void()> abandon) {
    const auto until = what.call_options().deadline_from_now(core_->statement_timeout());
    auto l = core_->acquire(core_->acquire_deadline(until), {});
    if (!l) return std::move(failure{l.error()}.set_sql(what.text()->text));
    what.limit(until);
    core_->note_sql(*l->held_, what.text()->text);
    auto source = (*l)->open_stream(std::move(what), std::move(sink), std::move(abandon));
    if (!source) return source.error();
    return std::unique_ptr<detail::stream_source>{
        std::make_unique<leased_stream>(std::move(*l), std::move(*source))};
}

failure pool::copy(tusk::detail::copy_job& job) {
    const auto until = job.call_options().deadline_from_now(core_->statement_timeout());
    auto l = core_->acquire(core_->acquire_deadline(until), {});
    if (!l) return std::move(failure{l.error()}.set_sql(job.text()));
    job.limit(until);
    core_->note_sql(*l->held_, job.text());
    return (*l)->copy(job);
}

protocol::known_statement pool::intern(std::string_view sql) {
    return core_->settings().statements()->intern(sql);
}

transaction pool::begin(const tx_options& o, std::source_location where) {
    const bool told = o.begun_at().line() != 0;
    auto held = std::make_shared<lease>(acquire(o.call_options(), told ? o.begun_at() : where));
    auto tx = (*held)->begin(o);
    tx.hold(std::move(held));
    return tx;
}

failure pool::ping(const options& o) {
    auto l = try_acquire(o);
    return l ? (*l)->ping(o) : l.error();
}

pool_stats pool::stats() const { return core_->stats(); }
pool_description pool::describe() const { return core_->describe(); }
pool_config pool::config() const { return core_->config(); }
const std::string& pool::name() const noexcept { return core_->name(); }
failure pool::warm_up(deadline until) { return core_->warm_up(until); }
void pool::reconfigure(const pool_config& c) {
    refuse_coroutines(c.hooks());
    core_->reconfigure(c);
}
void pool::reset() { core_->replace_all(); }
breaker_state pool::breaker() const { return core_->breaker_now(); }
void pool::force_open_breaker() { core_->command(detail::pool_core::breaker_order::force_open); }
void pool::disable_breaker() { core_->command(detail::pool_core::breaker_order::disable); }
void pool::reset_breaker() { core_->command(detail::pool_core::breaker_order::reset); }
failure pool::close(deadline until) { return core_->close(until); }

} // namespace tusk::blocking
