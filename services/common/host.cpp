#include <services/common/host.hpp>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <thread>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <services/common/readiness.hpp>
#include <services/http/server.hpp>
#include <tusk/embedded/server.hpp>
#include <tusk/observe/metrics_observer.hpp>
#include <tusk/observe/pool_gauges.hpp>
#include <tusk/observe/prometheus.hpp>
#include <tusk/observe/registry.hpp>

namespace tusk::common {

namespace asio = boost::asio;

namespace {

constexpr auto host_no_throw = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds first_retry{100};
constexpr std::chrono::milliseconds longest_retry{5000};
/// For leases that are still out when the requests are over.
constexpr std::chrono::seconds pool_close_time{5};

constexpr std::string_view probe_routes[] = {"/livez", "/healthz", "/readyz", "/ready", "/metrics"};

/// Clients may send any word as a method; a label must not grow with them.
std::string_view known_method(std::string_view method) noexcept {
    static constexpr std::string_view known[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
    return std::find(std::begin(known), std::end(known), method) != std::end(known) ? method : "other";
}

void fill_gauges(observe::pool_gauges& out, const pool& of) {
    const auto stats = of.stats();
    out.name = of.config().name();
    out.active = stats.in_use;
    out.idle = stats.idle;
    out.total = stats.total;
    out.constructing = stats.constructing;
    out.pending = stats.waiting;
    out.max = stats.max;
    out.min = stats.min;
}

} // namespace

class host::impl {
public:
    impl(application& of, service_config settings)
        : application_{of}, settings_{std::move(settings)}, log_{settings_.log_level, settings_.format},
          observer_{std::make_shared<observe::metrics_observer>(registry_)},
          requests_{registry_.counter(of.name() + "_http_requests_total", "HTTP requests answered", "method",
                                      "route", "status")},
          durations_{registry_.histogram(of.name() + "_http_request_duration_seconds",
                                         "Time from a request's first byte to its answer's last", "route")},
          strand_{asio::make_strand(context_)}, stop_requested_{strand_}, retry_{strand_}, signals_{strand_} {
        const auto version = of.version();
        registry_.gauge(of.name() + "_build_info", "1; the label tells the version", "version")
            .with(std::string_view{version})
            .set(1);
        stop_requested_.expires_at(asio::steady_timer::time_point::max());
    }
    ~impl() {
        context_.stop();
        watched_.reset(); // it looks at the pool
    }

    void start();
    void run();
    void stop() {
        asio::post(strand_, [this] { stop_requested_.expires_at(asio::steady_timer::time_point::min()); });
    }
    std::uint16_t port() const noexcept { return http_ ? http_->port() : std::uint16_t{0}; }
    std::string address() const {
        const auto host = settings_.listen.substr(0, settings_.listen.rfind(':'));
        const bool any = host.empty() || host == "0.0.0.0" || host == "[::]";
        return (any ? "127.0.0.1" : host) + ":" + std::to_string(port());
    }

private:
    void start_embedded();
    void open_pool();
    void listen();
    void add_operations(http::router& to);
    void count_request(const http::request& of, unsigned status, steady_clock::duration duration,
                       std::uint64_t bytes);
    void log_exception(std::exception_ptr what, const http::request* of);

    asio::awaitable<http::response> answer_ready(http::request& of);
    asio::awaitable<void> install();
    asio::awaitable<void> watch_signals();
    asio::awaitable<void> live();
    asio::awaitable<void> shut_down();

    application& application_;
    service_config settings_;
    common::log log_;
    observe::registry registry_;
    std::shared_ptr<observer> observer_;
    observe::family<observe::counter, 3>& requests_;
    observe::family<observe::histogram, 1>& durations_;
    asio::io_context context_;
    // Everything below belongs to the context and goes before it.
    asio::any_io_executor strand_;      ///< Of the timers, the signals and the life of the service.
    asio::steady_timer stop_requested_; ///< Never expires, unless somebody wants the service to stop.
    asio::steady_timer retry_;
    asio::signal_set signals_;
    std::optional<embedded::server> embedded_;
    std::optional<pool> pool_;
    observe::subscription watched_;
    std::optional<readiness> ready_;
    std::optional<http::server> http_;
    bool stopping_ = false; // on the strand
};

void host::impl::start() {
    if (pool_) throw error{errc::invalid_configuration, "the service was started before"};
    // From here on a signal does not kill: what was started must be stopped.
    for (const int number : {SIGTERM, SIGINT}) signals_.add(number);
    asio::co_spawn(strand_, watch_signals(), asio::detached);
    start_embedded();
    open_pool();
    listen();
    asio::co_spawn(strand_, install(), asio::detached);
    asio::co_spawn(strand_, live(), asio::detached);
}

void host::impl::start_embedded() {
    if (!settings_.embedded_dir) return;
    log_fields fields;
    log_.info("starting the embedded database", fields.add("dir", settings_.embedded_dir->string()));
    embedded::server_options wanted;
    wanted.data_dir(std::filesystem::absolute(*settings_.embedded_dir)).database(application_.name());
    auto started = embedded::server::start(wanted);
    if (!started) throw error{started.error()};
    embedded_.emplace(std::move(*started));
    auto server = parse_connect_config(embedded_->url());
    if (!server) throw error{server.error()};
    server->application_name(application_.name()).connect_timeout(settings_.pool.server().connect_timeout());
    settings_.pool.server(std::move(*server));
}

void host::impl::open_pool() {
    log_fields fields;
    log_.info("database", fields.add("url", redacted(settings_.pool.server())));
    pool_.emplace(context_.get_executor(), settings_.pool, observer_);
    watched_ =
        observe::watch_pool(registry_, [this](observe::pool_gauges& out) { fill_gauges(out, *pool_); });
    ready_.emplace(application_, *pool_);
}

void host::impl::listen() {
    auto routes = application_.routes(*pool_);
    add_operations(routes);
    http::server_options out;
    out.listen(settings_.listen).read_timeout(settings_.read_timeout).write_timeout(settings_.write_timeout);
    out.idle_timeout(settings_.idle_timeout);
    out.on_complete([this](const http::request& of, unsigned status, steady_clock::duration duration,
                           std::uint64_t bytes) { count_request(of, status, duration, bytes); });
    out.on_error([this](std::exception_ptr what, const http::request* of) { log_exception(what, of); });
    http_.emplace(std::move(routes), std::move(out));
    http_->start(context_.get_executor());
    log_fields fields;
    log_.info("listening", fields.add("address", address()).add("version", application_.version()));
}

void host::impl::add_operations(http::router& to) {
    const auto alive = [](http::request&) -> asio::awaitable<http::response> {
        co_return http::response::text(200, "ok\n");
    };
    to.get("/livez", alive);
    to.get("/healthz", alive);
    for (const auto* path : {"/readyz", "/ready"})
        to.get(path, [this](http::request& of) { return answer_ready(of); });
    to.get("/metrics", [this](http::request&) -> asio::awaitable<http::response> {
        auto answer = http::response::text(200, observe::to_prometheus(registry_));
        answer.set_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
        co_return answer;
    });
}

asio::awaitable<http::response> host::impl::answer_ready(http::request& of) {
    const auto checks = co_await ready_->run();
    const bool well = all_well(checks);
    const bool all_of_it = !well || of.query("verbose").has_value();
    co_return http::response::text(well ? 200 : 503, all_of_it ? verbose_text(checks) : "ok\n");
}

void host::impl::count_request(const http::request& of, unsigned status, steady_clock::duration duration,
                               std::uint64_t bytes) {
    const std::string_view route = of.route().empty() ? "none" : std::string_view{of.route()};
    const auto code = std::to_string(status);
    requests_.with(known_method(of.method()), route, std::string_view{code}).add();
    durations_.with(route).record(duration);
    log_fields fields;
    fields.add("method", of.method()).add("target", of.target()).add("status", std::int64_t{status});
    fields.add("duration_ms", duration).add("bytes", static_cast<std::int64_t>(bytes));
    fields.add("remote", of.remote_address()).add("request_id", of.id());
    const bool probe =
        std::find(std::begin(probe_routes), std::end(probe_routes), route) != std::end(probe_routes);
    log_.write(probe           ? log_level::debug
               : status >= 500 ? log_level::warn
                               : log_level::info,
               "request", fields);
}

void host::impl::log_exception(std::exception_ptr what, const http::request* of) {
    log_fields fields;
    try {
        std::rethrow_exception(what);
    } catch (const error& e) {
        fields.add("error", e.what()).add("code", e.code().message()).add("sql", e.sql());
    } catch (const std::exception& e) {
        fields.add("error", e.what());
    } catch (...) {
        fields.add("error", "unknown");
    }
    if (of) fields.add("route", of->route()).add("request_id", of->id());
    log_.error("internal error", fields);
}

asio::awaitable<void> host::impl::install() {
    auto pause = first_retry;
    while (!stopping_) {
        std::optional<error> problem;
        try {
            co_await application_.install(*pool_);
        } catch (const error& e) {
            problem = e;
        }
        if (!problem) {
            ready_->tables_installed();
            log_.info("ready");
            co_return;
        }
        ready_->tables_missing(problem->what());
        log_fields fields;
        fields.add("error", problem->what()).add("retry_in_ms", pause);
        log_.warn("tables not installed", fields);
        if (stopping_) co_return;
        retry_.expires_after(pause);
        co_await retry_.async_wait(host_no_throw);
        pause = std::min(pause * 2, longest_retry);
    }
}

asio::awaitable<void> host::impl::watch_signals() {
    const auto [ec, number] = co_await signals_.async_wait(host_no_throw);
    if (ec) co_return;
    log_fields fields;
    log_.info("shutting down", fields.add("signal", std::int64_t{number}));
    stop_requested_.expires_at(asio::steady_timer::time_point::min());
    const auto [second_ec, second] = co_await signals_.async_wait(host_no_throw);
    if (second_ec) co_return;
    std::_Exit(128 + second); // the embedded server is stopped by its keeper
}

asio::awaitable<void> host::impl::live() {
    co_await stop_requested_.async_wait(host_no_throw);
    co_await shut_down();
    context_.stop();
}

asio::awaitable<void> host::impl::shut_down() {
    ready_->begin_drain();
    stopping_ = true;
    retry_.cancel();
    if (settings_.shutdown_delay > service_config::duration::zero()) {
        asio::steady_timer delay{strand_, settings_.shutdown_delay};
        co_await delay.async_wait(host_no_throw);
    }
    const bool finished = co_await http_->drain(settings_.shutdown_timeout);
    if (!finished) log_.warn("requests were cut off");
    const auto until = deadline::in(pool_close_time);
    co_await pool_->close(until);
}

void host::impl::run() {
    std::vector<std::thread> others;
    others.reserve(settings_.threads);
    for (unsigned i = 1; i < settings_.threads; ++i) others.emplace_back([this] { context_.run(); });
    context_.run();
    for (auto& one : others) one.join();
    if (embedded_) {
        const auto stopped = embedded_->stop();
        log_fields fields;
        if (!stopped)
            log_.error("the embedded database did not stop", fields.add("error", stopped.error().message()));
    }
    log_.info("stopped");
}

host::host(application& of, service_config settings)
    : impl_{std::make_unique<impl>(of, std::move(settings))} {}
host::~host() = default;
void host::start() { impl_->start(); }
std::string host::address() const { return impl_->address(); }
std::uint16_t host::port() const noexcept { return impl_->port(); }
void host::run() { impl_->run(); }
void host::stop() { impl_->stop(); }

} // namespace tusk::common
