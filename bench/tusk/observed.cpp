// The point select with somebody who watches: what observing costs.
#include <bench/tusk/workloads.hpp>

#include <optional>

#include <tusk/client.hpp>
#include <tusk/observe/fan_out.hpp>
#include <tusk/observe/log_observer.hpp>
#include <tusk/observe/metrics_observer.hpp>
#include <tusk/observe/otlp_exporter.hpp>
#include <tusk/observe/slow_queries.hpp>

namespace bench::with_tusk {

namespace {

namespace observe = tusk::observe;

constexpr std::uint64_t observed_warm_up = 100;

enum class watched_by { metrics, all, all_and_every_trace };

/// Takes what it is given, as a collector at no distance would.
class no_network final : public observe::otlp_transport {
public:
    tusk::result<observe::http_answer> post(const observe::otlp_endpoint&, std::string_view,
                                            std::string_view) override {
        return observe::http_answer{200, "{}", {}};
    }
    void stop() noexcept override {}
};

/// Metrics; or metrics, logs, slow statements and traces, of which a share is recorded.
class watchers {
public:
    explicit watchers(watched_by w)
        : exporter_{config(w == watched_by::all_and_every_trace ? 1 : 0.01), nullptr,
                    std::make_unique<no_network>()} {
        const auto counting = std::make_shared<observe::metrics_observer>(metrics_);
        if (w == watched_by::metrics)
            all_ = counting;
        else
            all_ = observe::fan_out({counting, std::make_shared<observe::log_observer>([](auto, auto) {}),
                                     std::make_shared<observe::slow_queries>([](const auto&) {}),
                                     exporter_.tracer()});
    }
    tusk::connection_settings settings() const { return tusk::connection_settings{}.observe_with(all_); }

private:
    static observe::otlp_config config(double share) {
        const auto rules = observe::sampling{}.roots(observe::sampling::rule::ratio).share(share);
        return observe::otlp_config{}.sample(rules);
    }
    observe::registry metrics_;
    observe::otlp_exporter exporter_;
    std::shared_ptr<tusk::observer> all_;
};

asio::awaitable<void> open_observed(std::optional<tusk::connection>& out, const std::string& url,
                                    const watchers& by) {
    auto settings = by.settings();
    auto config = tusk::parse_connect_config(url).value();
    out.emplace(co_await tusk::connection::open(std::move(config), std::move(settings)));
}

asio::awaitable<void> query_observed(tusk::connection& on, kv_check& check, std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) {
        const auto id = key_of(i);
        const kv row = co_await on.one<kv>(select_kv, id);
        check.add(id, row.k, row.v);
    }
}

void query_observed(tusk::blocking::connection& on, kv_check& check, std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) {
        const auto id = key_of(i);
        const kv row = on.one<kv>(select_kv, id);
        check.add(id, row.k, row.v);
    }
}

std::uint64_t point_of(job& j, watched_by w) {
    const watchers by{w};
    asio::io_context io{1};
    std::optional<tusk::connection> on;
    complete(io, open_observed(on, j.url, by));
    kv_check ignored, check;
    complete(io, query_observed(*on, ignored, observed_warm_up));
    if (j.pin) pin_together(*j.pin, on->backend_pid());
    j.clock.timed([&] { complete(io, query_observed(*on, check, j.n)); });
    check.finish(j.n);
    return j.n;
}

std::uint64_t point_blocking_of(job& j, watched_by w) {
    const watchers by{w};
    auto on = tusk::blocking::connection::open(tusk::parse_connect_config(j.url).value(), by.settings());
    kv_check ignored, check;
    query_observed(on, ignored, observed_warm_up);
    if (j.pin) pin_together(*j.pin, on.backend_pid());
    j.clock.timed([&] { query_observed(on, check, j.n); });
    check.finish(j.n);
    return j.n;
}

} // namespace

std::uint64_t point_metrics(job& j) { return point_of(j, watched_by::metrics); }
std::uint64_t point_observed(job& j) { return point_of(j, watched_by::all); }
std::uint64_t point_traced(job& j) { return point_of(j, watched_by::all_and_every_trace); }
std::uint64_t point_blocking_metrics(job& j) { return point_blocking_of(j, watched_by::metrics); }
std::uint64_t point_blocking_observed(job& j) { return point_blocking_of(j, watched_by::all); }
std::uint64_t point_blocking_traced(job& j) { return point_blocking_of(j, watched_by::all_and_every_trace); }

} // namespace bench::with_tusk
