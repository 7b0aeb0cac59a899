#include <tusk/pool/pool.hpp>

#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <tusk/client/copy_job.hpp>
#include <tusk/pool/pool_core.hpp>
#include <tusk/pool/pool_texts.hpp>

namespace tusk {

// ---- lease
// ----------------------------------------------------------------------------------------------------

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
// -----------------------------------------------------------------------------------------------------

namespace {

/// A stream that holds a lease for as long as it is read.
class leased_stream final : public detail::stream_source {
public:
    leased_stream(lease l, std::unique_ptr<detail::stream_source> s)
        : lease_{std::move(l)}, source_{std::move(s)} {}
    ~leased_stream() override { source_.reset(); } // before the lease goes back
    asio::awaitable<failure> advance(bool& more) override { return source_->advance(more); }
    bool advance_now() override { return source_->advance_now(); }

private:
    lease lease_;
    std::unique_ptr<detail::stream_source> source_;
};

} // namespace

pool::pool(asio::any_io_executor on, pool_config config, std::shared_ptr<observer> observed_by) {
    throw_if(config.validate());
    auto target = net::connect_target::make(config.server());
    if (!target) throw error{target.error()};
    core_ = std::make_shared<detail::pool_core>(std::move(on), std::move(config), std::move(observed_by),
                                                std::move(*target));
    core_->start();
}

pool::pool(pool&&) noexcept = default;

pool& pool::operator=(pool&& other) noexcept {
    if (core_) core_->abandon();
    core_ = std::move(other.core_);
    return *this;
}

pool::~pool() {
    if (core_) core_->abandon();
}

asio::awaitable<pool> pool::open(std::string_view conninfo, std::shared_ptr<observer> observed_by) {
    auto config = pool_config::parse(conninfo);
    if (!config) throw error{config.error()};
    return open(std::move(*config), std::move(observed_by));
}

asio::awaitable<pool> pool::open(pool_config config, std::shared_ptr<observer> observed_by) {
    const auto here = co_await asio::this_coro::executor;
    pool p{here, std::move(config), std::move(observed_by)};
    auto first = co_await p.try_acquire();
    if (!first) throw error{first.error()};
    co_return p;
}

asio::awaitable<result<lease>> pool::try_acquire(const options& o, std::source_location where) {
    const auto until = core_->acquire_deadline(o.deadline_from_now(steady_clock::duration::zero()));
    return core_->acquire(until, where);
}

asio::awaitable<std::vector<lease>> pool::acquire_all_idle(std::source_location where) {
    return core_->acquire_all_idle(where);
}

namespace {

asio::awaitable<lease> acquire_or_throw(asio::awaitable<result<lease>> acquiring) {
    auto l = co_await std::move(acquiring);
    if (!l) throw error{l.error()};
    co_return std::move(*l);
}

asio::awaitable<lease> ready(lease l) { co_return std::move(l); }

asio::awaitable<failure> ping_leased(asio::awaitable<result<lease>> acquiring, options call) {
    auto l = co_await std::move(acquiring);
    if (!l) co_return l.error();
    co_return co_await (*l)->ping(call);
}

} // namespace

asio::awaitable<lease> pool::acquire(const options& o, std::source_location where) {
    if (auto l = core_->take_now(where)) return ready(std::move(l));
    return acquire_or_throw(try_acquire(o, where));
}

asio::awaitable<failure> pool::execute(request& what, client_sink& sink) {
    const auto core = core_;
    const auto until = what.call_options().deadline_from_now(core->statement_timeout());
    for (std::uint32_t attempt = 1;; ++attempt) {
        failure f;
        bool over = false;
        auto l = core->take_now({});
        if (!l && core->may_share(what, sink)) over = co_await core->execute_shared(what, sink, until, f);
        if (!l && !over) {
            auto waited = co_await core->acquire(core->acquire_deadline(until), {});
            if (waited)
                l = std::move(*waited);
            else
                f = waited.error();
        }
        if (l) {
            what.limit(until); // the time in the queue is spent
            auto& history = what.text()->history;
            const auto began = l.held_->leased_at;
            f = co_await l->execute(what, sink);
            if (!f && l->status() != transaction_status::idle && detail::leaves_no_trace(sink.command()))
                f = detail::uncommitted_failure();
            if (!f) history.add(detail::leaves_no_trace(sink.command()), steady_clock::now() - began);
            l.held_->blamed = is_server_failure(f);
        }
        if (!f) {
            core->call_succeeded();
            co_return f;
        }
        if (f.sql().empty()) f.set_sql(what.text()->text);
        l.release();
        const auto next = core->after_failure(f, attempt, what, until);
        if (!next.again || !sink.restart()) co_return f;
        co_await pause_for(next.delay);
    }
}

asio::awaitable<failure> pool::execute_batch(batch& b, options o) {
    const auto core = core_;
    const auto until = o.deadline_from_now(core->statement_timeout());
    auto l = core->take_now({});
    if (!l) {
        auto waited = co_await core->acquire(core->acquire_deadline(until), {});
        if (!waited) co_return waited.error();
        l = std::move(*waited);
    }
    o.until(until);
    auto f = co_await l->execute_batch(b, o);
    if (!f && l->status() != transaction_status::idle) f = detail::uncommitted_failure();
    l.held_->blamed = is_server_failure(f);
    co_return f;
}

asio::awaitable<result<std::unique_ptr<detail::stream_source>>>
pool::open_stream(request what, std::shared_ptr<client_sink> sink, std::function<void()> abandon) {
    const auto core = core_;
    const auto until = what.call_options().deadline_from_now(core->statement_timeout());
    auto l = co_await core->acquire(core->acquire_deadline(until), {});
    if (!l) co_return std::move(failure{l.error()}.set_sql(what.text()->text));
    what.limit(until);
    auto source = co_await (*l)->open_stream(std::move(what), std::move(sink), std::move(abandon));
    if (!source) co_return source.error();
    co_return std::unique_ptr<detail::stream_source>{
        std::make_unique<leased_stream>(std::move(*l), std::move(*source))};
}

asio::awaitable<failure> pool::copy(detail::copy_job& job) {
    const auto core = core_;
    const auto until = job.call_options().deadline_from_now(core->statement_timeout());
    auto l = co_await core->acquire(core->acquire_deadline(until), {});
    if (!l) co_return std::move(failure{l.error()}.set_sql(job.text()));
    job.limit(until); // the time in the queue is spent
    auto f = co_await (*l)->copy(job);
    co_return f;
}

protocol::known_statement pool::intern(std::string_view sql) {
    return core_->settings().statements()->intern(sql);
}

asio::awaitable<transaction> pool::begin(const tx_options& o, std::source_location where) {
    tx_options located = o;
    return begin_on(*this, std::move(located.begun_at(where)));
}

asio::awaitable<failure> pool::ping(const options& o) { return ping_leased(try_acquire(o), o); }

pool_stats pool::stats() const { return core_->stats(); }
pool_description pool::describe() const { return core_->describe(); }
pool_config pool::config() const { return core_->config(); }
const std::string& pool::name() const noexcept { return core_->name(); }
asio::awaitable<failure> pool::warm_up(deadline until) { return core_->warm_up(until); }
void pool::reconfigure(const pool_config& c) { core_->reconfigure(c); }
void pool::reset() { core_->replace_all(); }
breaker_state pool::breaker() const { return core_->breaker_now(); }
void pool::force_open_breaker() { core_->command(detail::pool_core::breaker_order::force_open); }
void pool::disable_breaker() { core_->command(detail::pool_core::breaker_order::disable); }
void pool::reset_breaker() { core_->command(detail::pool_core::breaker_order::reset); }
asio::any_io_executor pool::executor() const { return core_->executor(); }
asio::awaitable<void> pool::close(deadline until) { return core_->close(until); }

asio::awaitable<transaction> begin_on(pool& on, tx_options call) {
    auto held = std::make_shared<lease>(co_await on.acquire(call.call_options(), call.begun_at()));
    auto inner = co_await detail::begin_on(**held, call);
    inner.hold(std::move(held));
    co_return inner;
}

} // namespace tusk
