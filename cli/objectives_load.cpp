#include <cli/objectives_load.hpp>

#include <optional>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cli/problem.hpp>
#include <tusk/observe/metrics_observer.hpp>
#include <tusk/pool.hpp>

namespace tusk::cli {

namespace {

namespace asio = boost::asio;

constexpr auto sampled_every = std::chrono::milliseconds{5};

/// Everything that the coroutines of one run share; all of them run in one thread.
struct load_run {
    explicit load_run(const load& l) : what{l} {}

    const load& what;
    observe::registry metrics; // connections that close with the context still report to it
    asio::io_context io{1};
    std::optional<pool> db;
    steady_clock::time_point began{};
    steady_clock::time_point until{};
    double elapsed = 0;
    std::uint64_t samples = 0;
    double in_use = 0;
    unsigned working = 0;
    std::string last_error;
    std::exception_ptr failed;

    bool goes_on() const { return steady_clock::now() < until; }
};

asio::awaitable<void> work_on(load_run& in) {
    while (in.goes_on()) {
        auto got = co_await in.db->try_acquire();
        if (!got) {
            in.last_error = got.error().message();
            asio::steady_timer pause{in.io, std::chrono::milliseconds{10}}; // a refusal at once is no loop
            co_await pause.async_wait(asio::use_awaitable);
            continue;
        }
        const auto done = co_await (*got)->try_exec(in.what.statement);
        if (!done) in.last_error = done.error().message();
    }
    if (--in.working == 0) in.elapsed = std::chrono::duration<double>{steady_clock::now() - in.began}.count();
}

asio::awaitable<void> sample_usage(load_run& in) {
    asio::steady_timer next{in.io};
    while (in.goes_on()) {
        next.expires_after(sampled_every);
        co_await next.async_wait(asio::use_awaitable);
        const auto now = in.db->stats();
        in.in_use += static_cast<double>(now.in_use) / now.max;
        ++in.samples;
    }
}

/// The first connection shows whether the server can be reached; then the clock starts.
asio::awaitable<void> begin_load(load_run& in, pool_config with) {
    const auto by = std::make_shared<observe::metrics_observer>(in.metrics);
    in.db.emplace(co_await pool::open(std::move(with), by));
    const auto warm = deadline::in(std::chrono::seconds{30});
    const auto f = co_await in.db->warm_up(warm);
    if (f) in.last_error = f.message();
    in.began = steady_clock::now();
    in.until = in.began + in.what.time;
    in.working = in.what.workers;
    for (unsigned i = 0; i < in.what.workers; ++i) asio::co_spawn(in.io, work_on(in), asio::detached);
    asio::co_spawn(in.io, sample_usage(in), asio::detached);
}

/// As PromQL's histogram_quantile: linear within a bucket.
double quantile(const observe::histogram_values& of, double share) {
    const auto wanted = share * static_cast<double>(of.count());
    double below = 0;
    std::uint64_t before = 0;
    for (std::size_t i = 0; i < of.bounds.size(); ++i) {
        const auto here = of.cumulative[i];
        if (static_cast<double>(here) >= wanted && here > before)
            return below + (of.bounds[i] - below) * (wanted - static_cast<double>(before)) /
                               static_cast<double>(here - before);
        below = of.bounds[i];
        before = here;
    }
    return below;
}

/// The sum of a family's counters, of those with `value` as the label `label` if there is one.
std::uint64_t counted(const observe::snapshot& all, std::string_view name, std::size_t label = 0,
                      std::string_view value = {}) {
    std::uint64_t out = 0;
    for (const auto& family : all.families())
        if (family.name == name)
            for (const auto& one : family.samples)
                if (value.empty() || one.labels.at(label) == value) out += std::get<std::uint64_t>(one.value);
    return out;
}

observe::histogram_values merged(const observe::snapshot& all, std::string_view name) {
    std::optional<observe::histogram_values> out;
    for (const auto& family : all.families())
        if (family.name == name)
            for (const auto& one : family.samples) {
                const auto& values = std::get<observe::histogram_values>(one.value);
                if (out)
                    out->add(values);
                else
                    out = values;
            }
    return out.value_or(observe::histogram_values{});
}

achieved results_of(const load_run& in) {
    const auto all = in.metrics.collect();
    const auto queries = merged(all, "postgres_query_duration_seconds");
    const auto waits = merged(all, "postgres_connection_wait_duration_seconds");
    const auto acquires = counted(all, "postgres_acquires_total");
    const auto refused = acquires - counted(all, "postgres_acquires_total", 1, "ok");
    const auto bad = counted(all, "postgres_queries_total", 2, "error");
    achieved out;
    out.statements = queries.count();
    const auto wanted = static_cast<double>(out.statements + refused);
    out.utilisation = in.samples == 0 ? 0 : in.in_use / static_cast<double>(in.samples);
    out.success = wanted == 0 ? 0 : static_cast<double>(out.statements - bad) / wanted;
    out.query_seconds = out.statements == 0 ? 0 : queries.sum / static_cast<double>(out.statements);
    out.acquire_seconds = quantile(waits, 0.95);
    out.errors =
        wanted == 0 ? 1 : static_cast<double>(counted(all, "postgres_errors_total") + refused) / wanted;
    out.seconds = in.elapsed;
    out.last_error = in.last_error;
    return out;
}

} // namespace

achieved run_load(const load& what, const environment& variables) {
    auto server = parse_connect_config(what.url, variables);
    if (!server) throw problem{server.error(), "correct the connection string"};
    auto config = pool_config::from(std::move(*server));
    if (!config) throw problem{config.error(), "correct the connection string"};
    config->name("objectives").max_connections(what.connections).min_connections(what.connections);
    config->max_connecting(what.connections);
    load_run in{what};
    asio::co_spawn(in.io, begin_load(in, std::move(*config)),
                   [&](std::exception_ptr why) { in.failed = why; });
    const auto deadline = steady_clock::now() + what.time + std::chrono::minutes{1};
    while (in.failed == nullptr && (in.began == steady_clock::time_point{} || in.working > 0) &&
           steady_clock::now() < deadline)
        in.io.run_one_for(std::chrono::milliseconds{100});
    try {
        if (in.failed) std::rethrow_exception(in.failed);
    } catch (const error& why) {
        throw problem{why.as_failure(), "see whether the server runs and --url is right"};
    }
    return results_of(in);
}

} // namespace tusk::cli
