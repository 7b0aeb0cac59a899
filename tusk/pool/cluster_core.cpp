#include <tusk/pool/cluster_core.hpp>

#include <algorithm>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <tusk/net/hosts.hpp>

namespace tusk::detail {

namespace {

/// One round trip; works on every version from 10 on, and for any user.
constexpr std::string_view question =
    "select pg_catalog.pg_is_in_recovery() as replica,"
    " case when pg_catalog.pg_is_in_recovery()"
    " then coalesce(pg_catalog.pg_last_wal_replay_lsn(), '0/0')"
    " else pg_catalog.pg_current_wal_lsn() end as position,"
    " extract(epoch from pg_catalog.clock_timestamp() -"
    " pg_catalog.pg_last_xact_replay_timestamp())::float8 as replay_age,"
    " case when pg_catalog.pg_is_in_recovery() then ''"
    " else pg_catalog.left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 8) end as timeline";

struct answer_row {
    bool replica;
    lsn position;
    std::optional<double> replay_age;
    std::string timeline;
};

/// While no primary is known, and after a statement that makes doubt, everybody is asked this often.
constexpr std::chrono::milliseconds hurry{50};
constexpr std::chrono::milliseconds longest_quarantine{30'000};

asio::awaitable<void> rest(steady_clock::duration d) {
    asio::steady_timer timer{co_await asio::this_coro::executor, d};
    boost::system::error_code ec;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ec));
}

/// The configuration of one server of the list.
connect_config only(const connect_config& all, const host_address& one) {
    connect_config c = all;
    return std::move(c.hosts({one}).target_session_attrs(target_session_attrs::any));
}

} // namespace

cluster_core::cluster_core(asio::any_io_executor executor, cluster_config config,
                           std::shared_ptr<observer> observed_by)
    : executor_{std::move(executor)}, config_{std::move(config)} {
    const auto& base = config_.pool();
    if (base.connections()) settings_ = *base.connections();
    for (const auto& host : base.server().hosts()) {
        auto server = only(base.server(), host);
        auto target = net::connect_target::make(server);
        if (!target) throw error{target.error()};
        pool_config own = base;
        own.server(std::move(server)).connections(settings_).name(base.name() + "@" + host.display());
        endpoints_.push_back(std::make_shared<endpoint>(host.display(), std::move(*target),
                                                        pool{executor_, std::move(own), observed_by}));
    }
}

asio::awaitable<failure> cluster_core::start() {
    const auto self = shared_from_this();
    for (const auto& e : endpoints_) asio::co_spawn(executor_, watch(e), asio::detached);
    const auto until = deadline::in(config_.check_timeout() + config_.check_period());
    for (;;) {
        {
            const std::lock_guard lock{mutex_};
            const bool all = std::all_of(endpoints_.begin(), endpoints_.end(), [](const auto& e) {
                return e->checked != steady_clock::time_point{};
            });
            const bool some =
                std::any_of(endpoints_.begin(), endpoints_.end(), [](const auto& e) { return e->reachable; });
            if (primary_locked() != nullptr && all) co_return failure{};
            if (all || until.expired()) {
                if (some) co_return failure{};
                co_return failure{errc::no_suitable_host,
                                  "no server of the cluster can be reached: " + roles_locked()};
            }
        }
        co_await rest(std::chrono::milliseconds{5});
    }
}

// ---- watching

asio::awaitable<void> cluster_core::watch(std::shared_ptr<endpoint> of) {
    const std::weak_ptr<cluster_core> weak = shared_from_this();
    std::optional<connection> with; // one of its own: a pool that is all in use says nothing
    for (;;) {
        steady_clock::duration pause{};
        std::uint32_t doubts = 0;
        {
            const auto self = weak.lock();
            if (!self) co_return;
            doubts = doubts_.load();
            co_await check(*of, with);
            const std::lock_guard lock{mutex_};
            if (closed_) co_return;
            pause = time_to_next_check(*of);
        }
        const auto until = deadline::in(pause, false);
        for (bool again = true; again;) {
            co_await rest(std::min<steady_clock::duration>(until.remaining(), hurry));
            const auto self = weak.lock();
            if (!self) co_return;
            again = !until.expired() && doubts_.load() == doubts;
        }
    }
}

asio::awaitable<void> cluster_core::check(endpoint& of, std::optional<connection>& with) {
    const auto began = steady_clock::now();
    auto said = co_await ask(of, with);
    if (said) {
        note(of, *said, steady_clock::now() - began);
        co_return;
    }
    with.reset();
    note(of, said.error());
}

asio::awaitable<result<cluster_answer>> cluster_core::ask(endpoint& of, std::optional<connection>& with) {
    const auto until = deadline::in(config_.check_timeout());
    if (!with) {
        auto made = co_await connection::try_open(executor_, of.target, settings_, until);
        if (!made) co_return made.error();
        with.emplace(std::move(*made));
    }
    const auto limited = options{}.until(until);
    auto row = co_await with->try_one<answer_row>(limited, question);
    if (!row) co_return row.error();
    cluster_answer out;
    out.replica = row->replica;
    out.position = row->position;
    out.replay_age = row->replay_age;
    out.timeline = static_cast<std::uint32_t>(std::strtoul(row->timeline.c_str(), nullptr, 16));
    co_return out;
}

void cluster_core::note(endpoint& of, const cluster_answer& said, steady_clock::duration took) {
    bool demoted = false;
    {
        const std::lock_guard lock{mutex_};
        const bool had_primary = primary_locked() != nullptr;
        demoted = of.role == cluster_role::primary && said.replica;
        of.role = said.replica ? cluster_role::replica : cluster_role::primary;
        of.reachable = true;
        of.failures = 0;
        of.problem.clear();
        of.timeline = said.timeline;
        of.position = said.position;
        of.latency = of.latency == steady_clock::duration{} ? took : (of.latency * 7 + took) / 8;
        of.checked = steady_clock::now();
        if (of.behind_since == steady_clock::time_point{}) of.behind_since = of.checked;
        const auto* primary = primary_locked();
        const bool has_all = !said.replica || primary == nullptr || said.position >= primary->position;
        if (has_all) of.behind_since = of.checked;
        // One that has not replayed anything since it started knows no age: then it is how long we saw it so.
        of.lag = of.checked - of.behind_since;
        if (!has_all && said.replay_age)
            of.lag = std::chrono::duration_cast<steady_clock::duration>(
                std::chrono::duration<double>{std::max(*said.replay_age, 0.0)});
        if (had_primary && primary_locked() == nullptr) ++doubts_;
    }
    if (demoted) of.db.reset(); // its sessions believe that they may write
}

/// When this was the primary, all others are asked at once, those in quarantine too: nobody's statements
/// reach a server that could give cause for doubt.
void cluster_core::note(endpoint& of, const failure& why) {
    const std::lock_guard lock{mutex_};
    const bool had_primary = primary_locked() != nullptr;
    of.reachable = false;
    of.checked = steady_clock::now();
    of.problem = why.message();
    ++of.failures;
    if (had_primary && primary_locked() == nullptr) ++doubts_;
}

/// Those that are down are asked less and less often, unless they may be the primary that nobody knows.
steady_clock::duration cluster_core::time_to_next_check(const endpoint& of) {
    if (primary_locked() == nullptr) return hurry;
    if (of.failures == 0) return config_.check_period();
    const auto doubled = std::chrono::milliseconds{1000} * (1 << std::min(of.failures - 1, 5U));
    const auto limit = std::min<std::chrono::milliseconds>(longest_quarantine, doubled);
    std::uniform_real_distribution<double> share{0.8, 1.2};
    return std::chrono::duration_cast<steady_clock::duration>(limit * share(random_));
}

void cluster_core::doubt(const failure& f) noexcept {
    if (f == condition::read_only || is_server_failure(f)) ++doubts_;
}

// ---- choosing

/// Of two that call themselves primary, the one that was promoted last.
cluster_endpoint* cluster_core::primary_locked() const noexcept {
    endpoint* best = nullptr;
    for (const auto& e : endpoints_)
        if (e->reachable && e->role == cluster_role::primary &&
            (best == nullptr || e->timeline > best->timeline))
            best = e.get();
    return best;
}

asio::awaitable<result<pool*>> cluster_core::primary(deadline until) {
    const auto self = shared_from_this();
    for (;;) {
        {
            const std::lock_guard lock{mutex_};
            if (closed_) co_return failure{errc::pool_closed, "the cluster is closed"};
            if (auto* found = primary_locked()) co_return &found->db;
            if (until.expired())
                co_return std::move(failure{errc::no_suitable_host,
                                            "no server of the cluster is a primary: " + roles_locked()}
                                        .set_sent(sent_state::none, retry_advice::safe));
        }
        co_await rest(std::min<steady_clock::duration>(until.remaining(), hurry / 2));
    }
}

bool cluster_core::is_fit_locked(const endpoint& e, const read_options& o) const noexcept {
    if (!e.reachable || e.role != cluster_role::replica) return false;
    if (o.at_least() && e.position < *o.at_least()) return false;
    return e.lag <= o.max_lag().value_or(config_.max_lag());
}

result<pool*> cluster_core::replica(const read_options& o) {
    std::vector<endpoint*> fit;
    endpoint* primary = nullptr;
    std::string roles;
    std::size_t first = 0, second = 0;
    {
        const std::lock_guard lock{mutex_};
        if (closed_) return failure{errc::pool_closed, "the cluster is closed"};
        for (const auto& e : endpoints_)
            if (is_fit_locked(*e, o)) fit.push_back(e.get());
        primary = primary_locked();
        if (fit.empty()) roles = roles_locked();
        if (fit.size() > 1) {
            first = random_() % fit.size();
            second = (first + 1 + random_() % (fit.size() - 1)) % fit.size();
        }
    }
    if (fit.empty()) {
        if (primary != nullptr && config_.read_from_primary()) return &primary->db;
        return std::move(
            failure{errc::no_suitable_host, "no replica of the cluster is fit for this read: " + roles}
                .set_sent(sent_state::none, retry_advice::safe));
    }
    if (fit.size() == 1) return &fit.front()->db;
    // The power of two choices: nearly as good as looking at all, and nobody storms the one that is free.
    const auto busy = [](const endpoint& e) {
        const auto s = e.db.stats();
        return s.in_use + s.waiting;
    };
    return busy(*fit[second]) < busy(*fit[first]) ? &fit[second]->db : &fit[first]->db;
}

std::string cluster_core::roles_locked() const {
    std::string all;
    for (const auto& e : endpoints_) {
        all += (all.empty() ? "" : "; ") + e->name + " ";
        if (!e->reachable)
            all += e->problem.empty() ? "was not asked yet" : "is not reachable (" + e->problem + ")";
        else
            all += e->role == cluster_role::primary ? "is a primary" : "is a replica";
    }
    return all;
}

std::vector<cluster_member> cluster_core::members() const {
    std::vector<cluster_member> out;
    for (const auto& e : endpoints_) {
        cluster_member m;
        m.server = e->name;
        m.pool = e->db.stats();
        const std::lock_guard lock{mutex_};
        const auto* primary = primary_locked();
        m.role = e->role;
        m.reachable = e->reachable;
        m.lag = e->lag;
        m.latency = e->latency;
        m.checked = steady_clock::now() - e->checked;
        m.problem = e->problem;
        if (m.role == cluster_role::replica && primary != nullptr && primary->position > e->position)
            m.bytes_behind = static_cast<std::uint64_t>(primary->position - e->position);
        out.push_back(std::move(m));
    }
    return out;
}

// ---- the end

void cluster_core::abandon() noexcept {
    const std::lock_guard lock{mutex_};
    closed_ = true;
}

asio::awaitable<void> cluster_core::close(deadline until) {
    const auto self = shared_from_this();
    abandon();
    for (const auto& e : endpoints_) co_await e->db.close(until);
}

} // namespace tusk::detail
