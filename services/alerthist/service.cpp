#include <services/alerthist/service.hpp>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <thread>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <services/alerthist/api.hpp>
#include <services/alerthist/schema.hpp>
#include <services/http/server.hpp>
#include <tusk/embedded/server.hpp>

namespace tusk::alerthist {

namespace asio = boost::asio;

namespace {

constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);

constexpr std::chrono::milliseconds first_retry{100};
constexpr std::chrono::milliseconds longest_retry{5000};

/// For leases that are still out when the requests are over.
constexpr std::chrono::seconds pool_close_time{5};

/// Probes and scrapes would drown the rest of the log.
bool is_probe(const std::string& route) {
    static constexpr std::string_view probes[] = {"/livez", "/healthz", "/-/healthy", "/readyz",
                                                  "/ready", "/-/ready", "/health",    "/metrics"};
    return std::find(std::begin(probes), std::end(probes), route) != std::end(probes);
}

/// Where clients on this machine reach a server that listens on `listen`.
std::string reachable_host(const std::string& listen) {
    const auto host = listen.substr(0, listen.rfind(':'));
    return host.empty() || host == "0.0.0.0" || host == "[::]" ? "127.0.0.1" : host;
}

} // namespace

class service::impl {
public:
    explicit impl(config settings)
        : settings_{std::move(settings)}, log_{settings_.log_level, settings_.format}, metrics_{version()},
          strand_{asio::make_strand(context_)}, stop_requested_{strand_}, retry_{strand_}, signals_{strand_} {
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
    std::string address() const { return reachable_host(settings_.listen) + ":" + std::to_string(port()); }

private:
    void start_embedded();
    void open_pool();
    void listen();
    http::server_options http_options();
    void log_request(const http::request& of, unsigned status, steady_clock::duration duration,
                     std::uint64_t bytes);
    void log_exception(std::exception_ptr what, const http::request* of);

    asio::awaitable<void> install();
    asio::awaitable<void> watch_signals();
    asio::awaitable<void> live();
    asio::awaitable<void> shut_down();

    config settings_;
    alerthist::log log_;
    metrics metrics_;
    asio::io_context context_;
    // Everything below belongs to the context and goes before it.
    asio::any_io_executor strand_;      ///< Of the timers, the signals and the life of the service.
    asio::steady_timer stop_requested_; ///< Never expires, unless somebody wants the service to stop.
    asio::steady_timer retry_;
    asio::signal_set signals_;
    std::optional<embedded::server> embedded_;
    std::optional<pool> pool_;
    observe::subscription watched_;
    std::optional<store> store_;
    std::optional<pipeline> pipeline_;
    std::optional<health> health_;
    std::optional<api> api_;
    std::optional<http::server> http_;
    bool stopping_ = false; // on the strand
    bool started_ = false;
};

void service::impl::start() {
    if (started_) throw error{errc::invalid_configuration, "the service was started before"};
    started_ = true;
    // From here on a signal does not kill: what was started must be stopped.
    for (const int number : {SIGTERM, SIGINT}) signals_.add(number);
    asio::co_spawn(strand_, watch_signals(), asio::detached);
    start_embedded();
    open_pool();
    listen();
    asio::co_spawn(strand_, install(), asio::detached);
    asio::co_spawn(strand_, live(), asio::detached);
}

void service::impl::start_embedded() {
    if (!settings_.embedded_dir) return;
    log_fields fields;
    log_.info("starting the embedded database", fields.add("dir", settings_.embedded_dir->string()));
    embedded::server_options wanted;
    wanted.data_dir(std::filesystem::absolute(*settings_.embedded_dir)).database("alerthist");
    auto started = embedded::server::start(wanted);
    if (!started) throw error{started.error()};
    embedded_.emplace(std::move(*started));
    auto server = parse_connect_config(embedded_->url());
    if (!server) throw error{server.error()};
    server->application_name("alerthist").connect_timeout(settings_.pool.server().connect_timeout());
    settings_.pool.server(std::move(*server));
}

void service::impl::open_pool() {
    log_fields fields;
    log_.info("database", fields.add("url", redacted(settings_.pool.server())));
    pool_.emplace(context_.get_executor(), settings_.pool, metrics_.pool_observer());
    watched_ = metrics_.watch(*pool_);
    store_.emplace(*pool_);
    pipeline_.emplace(*store_, metrics_);
    health_.emplace(*pool_, [this] {
        asio::post(strand_, [this] { asio::co_spawn(strand_, install(), asio::detached); });
    });
}

http::server_options service::impl::http_options() {
    http::server_options out;
    out.listen(settings_.listen).read_timeout(settings_.read_timeout).write_timeout(settings_.write_timeout);
    out.idle_timeout(settings_.idle_timeout);
    out.on_complete([this](const http::request& of, unsigned status, steady_clock::duration duration,
                           std::uint64_t bytes) { log_request(of, status, duration, bytes); });
    out.on_error([this](std::exception_ptr what, const http::request* of) { log_exception(what, of); });
    return out;
}

void service::impl::listen() {
    api_.emplace(*store_, *pipeline_, *health_, metrics_, log_);
    http_.emplace(api_->routes(settings_.max_request_size, settings_.max_alerts_per_request), http_options());
    http_->start(context_.get_executor());
    log_fields fields;
    log_.info("listening", fields.add("address", address()).add("version", version()));
}

void service::impl::log_request(const http::request& of, unsigned status, steady_clock::duration duration,
                                std::uint64_t bytes) {
    metrics_.http_request(of.method(), of.route(), status, duration);
    log_fields fields;
    fields.add("method", of.method()).add("target", of.target()).add("status", std::int64_t{status});
    fields.add("duration_ms", duration).add("bytes", static_cast<std::int64_t>(bytes));
    fields.add("remote", of.remote_address()).add("request_id", of.id());
    const auto level = is_probe(of.route()) ? log_level::debug
                       : status >= 500      ? log_level::warn
                                            : log_level::info;
    log_.write(level, "request", fields);
}

void service::impl::log_exception(std::exception_ptr what, const http::request* of) {
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

/// Until it works or the service ends: the database may come up after this program.
asio::awaitable<void> service::impl::install() {
    auto pause = first_retry;
    while (!stopping_) {
        std::optional<error> problem;
        try {
            co_await install_schema(*pool_);
        } catch (const error& e) {
            problem = e;
        }
        if (!problem) {
            health_->schema_installed();
            log_fields fields;
            log_.info("ready", fields.add("schema_version", std::int64_t{schema_version}));
            co_return;
        }
        health_->schema_missing(problem->what());
        log_fields fields;
        fields.add("error", problem->what()).add("retry_in_ms", pause);
        log_.warn("schema not installed", fields);
        if (stopping_) co_return;
        retry_.expires_after(pause);
        co_await retry_.async_wait(no_throw);
        pause = std::min(pause * 2, longest_retry);
    }
}

asio::awaitable<void> service::impl::watch_signals() {
    const auto [ec, number] = co_await signals_.async_wait(no_throw);
    if (ec) co_return;
    log_fields fields;
    log_.info("shutting down", fields.add("signal", std::int64_t{number}));
    stop_requested_.expires_at(asio::steady_timer::time_point::min());
    const auto [second_ec, second] = co_await signals_.async_wait(no_throw);
    if (second_ec) co_return;
    log_fields hurry;
    log_.warn("ending at once", hurry.add("signal", std::int64_t{second}));
    std::_Exit(128 + second); // the embedded server is stopped by its keeper
}

asio::awaitable<void> service::impl::live() {
    co_await stop_requested_.async_wait(no_throw);
    co_await shut_down();
    context_.stop();
}

asio::awaitable<void> service::impl::shut_down() {
    health_->begin_drain();
    stopping_ = true;
    retry_.cancel();
    if (settings_.shutdown_delay > config::duration::zero()) {
        asio::steady_timer delay{strand_, settings_.shutdown_delay};
        co_await delay.async_wait(no_throw);
    }
    const bool finished = co_await http_->drain(settings_.shutdown_timeout);
    if (!finished) log_.warn("requests were cut off");
    const auto until = deadline::in(pool_close_time);
    co_await pool_->close(until);
}

void service::impl::run() {
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

service::service(config settings) : impl_{std::make_unique<impl>(std::move(settings))} {}
service::~service() = default;
void service::start() { impl_->start(); }
std::uint16_t service::port() const noexcept { return impl_->port(); }
std::string service::address() const { return impl_->address(); }
void service::run() { impl_->run(); }
void service::stop() { impl_->stop(); }

} // namespace tusk::alerthist
