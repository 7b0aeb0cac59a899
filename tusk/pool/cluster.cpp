#include <tusk/pool/cluster.hpp>

#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <tusk/client/copy_job.hpp>
#include <tusk/pool/cluster_core.hpp>

namespace tusk {

result<cluster_config> cluster_config::parse(std::string_view conninfo) {
    auto parsed = pool_config::parse(conninfo);
    if (!parsed) return parsed.error();
    cluster_config c;
    c.pool(std::move(*parsed));
    return c;
}

failure cluster_config::validate() const {
    std::string problems;
    const auto complain = [&](const char* text) {
        problems += (problems.empty() ? "" : "; ") + std::string{text};
    };
    if (period_ <= duration::zero()) complain("check_period must be above zero");
    if (timeout_ <= duration::zero()) complain("check_timeout must be above zero");
    if (max_lag_ < duration::zero()) complain("max_lag must not be negative");
    if (!problems.empty()) return failure{errc::invalid_configuration, "cluster: " + problems};
    return pool_.validate();
}

cluster::cluster(std::shared_ptr<detail::cluster_core> c) noexcept : core_{std::move(c)} {}
cluster::cluster(cluster&&) noexcept = default;

cluster& cluster::operator=(cluster&& other) noexcept {
    if (core_) core_->abandon();
    core_ = std::move(other.core_);
    return *this;
}

cluster::~cluster() {
    if (core_) core_->abandon();
}

asio::awaitable<cluster> cluster::open(std::string_view conninfo, std::shared_ptr<observer> observed_by) {
    auto config = cluster_config::parse(conninfo);
    if (!config) throw error{config.error()};
    return open(std::move(*config), std::move(observed_by));
}

asio::awaitable<cluster> cluster::open(cluster_config config, std::shared_ptr<observer> observed_by) {
    throw_if(config.validate());
    const auto here = co_await asio::this_coro::executor;
    cluster c{std::make_shared<detail::cluster_core>(here, std::move(config), std::move(observed_by))};
    auto f = co_await c.core_->start();
    if (f) throw error{std::move(f)};
    co_return c;
}

namespace {

deadline waiting_deadline(const detail::cluster_core& of, const options& call) {
    const auto until = call.deadline_from_now(of.config().pool().statement_timeout());
    return earlier(until, deadline::in(of.acquire_timeout()));
}

} // namespace

// ---- on the primary

asio::awaitable<failure> cluster::execute(request& what, client_sink& sink) {
    const auto core = core_;
    auto on = co_await core->primary(waiting_deadline(*core, what.call_options()));
    if (!on) co_return std::move(failure{on.error()}.set_sql(what.text()->text));
    auto f = co_await (*on)->execute(what, sink);
    core->doubt(f);
    co_return f;
}

asio::awaitable<failure> cluster::execute_batch(batch& b, options o) {
    const auto core = core_;
    auto on = co_await core->primary(waiting_deadline(*core, o));
    if (!on) co_return on.error();
    auto f = co_await (*on)->execute_batch(b, o);
    core->doubt(f);
    co_return f;
}

asio::awaitable<result<std::unique_ptr<detail::stream_source>>>
cluster::open_stream(request what, std::shared_ptr<client_sink> sink, std::function<void()> abandon) {
    const auto core = core_;
    auto on = co_await core->primary(waiting_deadline(*core, what.call_options()));
    if (!on) co_return std::move(failure{on.error()}.set_sql(what.text()->text));
    auto source = co_await (*on)->open_stream(std::move(what), std::move(sink), std::move(abandon));
    if (!source) core->doubt(source.error());
    co_return source;
}

asio::awaitable<failure> cluster::copy(detail::copy_job& job) {
    const auto core = core_;
    auto on = co_await core->primary(waiting_deadline(*core, job.call_options()));
    if (!on) co_return std::move(failure{on.error()}.set_sql(job.text()));
    auto f = co_await (*on)->copy(job);
    core->doubt(f);
    co_return f;
}

protocol::known_statement cluster::intern(std::string_view sql) { return core_->statements()->intern(sql); }

asio::awaitable<pool*> cluster::primary(deadline until) {
    const auto core = core_;
    auto on = co_await core->primary(until);
    if (!on) throw error{on.error()};
    co_return *on;
}

asio::awaitable<transaction> cluster::begin(const tx_options& o) { return begin_on(*this, o); }

asio::awaitable<transaction> begin_on(cluster& on, tx_options o) {
    const auto core = on.core_;
    auto where = co_await core->primary(waiting_deadline(*core, o.call_options()));
    if (!where) throw error{where.error()};
    co_return co_await begin_on(**where, std::move(o));
}

asio::awaitable<lsn> cluster::written() {
    static constexpr std::string_view position = "select pg_catalog.pg_current_wal_insert_lsn()";
    return one<lsn>(position);
}

cluster::reader cluster::reads(read_options o) { return reader{core_, o}; }

pool* cluster::replica(const read_options& o) {
    auto on = core_->replica(o);
    return on ? *on : nullptr;
}

std::vector<cluster_member> cluster::members() const { return core_->members(); }
asio::awaitable<void> cluster::close(deadline until) { return core_->close(until); }

// ---- on replicas

asio::awaitable<failure> cluster::reader::execute(request& what, client_sink& sink) {
    const auto core = core_;
    auto on = core->replica(options_);
    if (!on) co_return std::move(failure{on.error()}.set_sql(what.text()->text));
    auto f = co_await (*on)->execute(what, sink);
    core->doubt(f);
    co_return f;
}

asio::awaitable<failure> cluster::reader::execute_batch(batch& b, options o) {
    const auto core = core_;
    auto on = core->replica(options_);
    if (!on) co_return on.error();
    auto f = co_await (*on)->execute_batch(b, o);
    core->doubt(f);
    co_return f;
}

asio::awaitable<result<std::unique_ptr<detail::stream_source>>>
cluster::reader::open_stream(request what, std::shared_ptr<client_sink> sink, std::function<void()> abandon) {
    const auto core = core_;
    auto on = core->replica(options_);
    if (!on) co_return std::move(failure{on.error()}.set_sql(what.text()->text));
    auto source = co_await (*on)->open_stream(std::move(what), std::move(sink), std::move(abandon));
    if (!source) core->doubt(source.error());
    co_return source;
}

asio::awaitable<failure> cluster::reader::copy(detail::copy_job& job) {
    const auto core = core_;
    auto on = core->replica(options_);
    if (!on) co_return std::move(failure{on.error()}.set_sql(job.text()));
    auto f = co_await (*on)->copy(job);
    core->doubt(f);
    co_return f;
}

protocol::known_statement cluster::reader::intern(std::string_view sql) {
    return core_->statements()->intern(sql);
}

} // namespace tusk
