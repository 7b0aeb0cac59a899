#include <services/alerthist/service.hpp>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <stop_token>
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
#include <services/alerthist/demo.hpp>
#include <services/alerthist/http_classifier.hpp>
#include <services/alerthist/schema.hpp>
#include <services/http/client.hpp>
#include <services/http/compress.hpp>
#include <services/http/cors.hpp>
#include <services/http/digest.hpp>
#include <services/http/rate_limit.hpp>
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
    impl(config settings, std::function<result<config>()> reload)
        : settings_{std::move(settings)}, read_settings_{std::move(reload)},
          log_{settings_.log_level, settings_.format}, metrics_{version()},
          monitor_{std::make_shared<monitor>(metrics_.pool_observer(), settings_.slow_query)},
          strand_{asio::make_strand(context_)}, stop_requested_{strand_}, retry_{strand_}, signals_{strand_},
          hangups_{strand_}, second_{strand_}, installed_{strand_} {
        installed_.expires_at(asio::steady_timer::time_point::max());
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
    void reload() {
        asio::post(strand_, [this] { asio::co_spawn(strand_, read_anew(), asio::detached); });
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
    asio::awaitable<void> install_until_done();
    asio::awaitable<void> install_once();
    asio::awaitable<void> watch_signals();
    asio::awaitable<void> watch_hangups();
    asio::awaitable<void> read_anew();
    asio::awaitable<void> tick();
    asio::awaitable<void> tick_feed();
    asio::awaitable<void> run_demo();
    asio::awaitable<delivery> deliver(const target& to, const outgoing& what);
    void make_publisher();
    void use_keys();
    api_parts parts();
    void add_middleware(http::router& to);
    asio::awaitable<void> live();
    asio::awaitable<void> shut_down();

    config settings_;
    std::function<result<config>()> read_settings_;
    std::string demo_key_ = http::generate_request_id();
    alerthist::log log_;
    metrics metrics_;
    std::shared_ptr<monitor> monitor_;
    asio::io_context context_;
    // Everything below belongs to the context and goes before it.
    asio::any_io_executor strand_;      ///< Of the timers, the signals and the life of the service.
    asio::steady_timer stop_requested_; ///< Never expires, unless somebody wants the service to stop.
    asio::steady_timer retry_;
    asio::signal_set signals_;
    asio::signal_set hangups_;
    asio::steady_timer second_;
    asio::steady_timer installed_; ///< Cancelled when no migration runs any more.
    std::stop_source halt_;
    unsigned installs_ = 0; // on the strand
    std::optional<embedded::server> embedded_;
    std::optional<pool> pool_;
    observe::subscription watched_;
    std::optional<store> store_;
    std::optional<analysis> analysis_;
    std::optional<policy_store> rules_;
    std::optional<policy_keeper> keeper_;
    std::optional<classifier> classifier_;
    std::optional<pipeline> pipeline_;
    std::optional<outbox_store> outbox_;
    std::optional<http::client> client_;
    std::optional<publisher> publisher_;
    std::optional<health> health_;
    std::shared_ptr<feed> feed_;
    security security_;
    std::optional<api> api_;
    std::optional<http::server> http_;
    bool feed_ticks_ = false; // these two on the strand
    bool stopping_ = false;
    mutable std::mutex shown_mutex_;
    std::string shown_settings_; // guarded by shown_mutex_
    bool started_ = false;
};

void service::impl::start() {
    if (started_) throw error{errc::invalid_configuration, "the service was started before"};
    started_ = true;
    // From here on a signal does not kill: what was started must be stopped.
    for (const int number : {SIGTERM, SIGINT}) signals_.add(number);
    hangups_.add(SIGHUP);
    asio::co_spawn(strand_, watch_signals(), asio::detached);
    asio::co_spawn(strand_, watch_hangups(), asio::detached);
    start_embedded();
    open_pool();
    listen();
    asio::co_spawn(strand_, install(), asio::detached);
    asio::co_spawn(strand_, tick(), asio::detached);
    if (settings_.demo) asio::co_spawn(strand_, run_demo(), asio::detached);
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
    pool_.emplace(context_.get_executor(), settings_.pool, monitor_);
    watched_ = metrics_.watch(*pool_);
    store_.emplace(*pool_);
    analysis_.emplace(*pool_);
    rules_.emplace(*pool_);
    keeper_.emplace(*rules_, log_);
    classifier_.emplace(settings_.cache_size, settings_.cache_time);
    pipeline_.emplace(*store_, *keeper_, *classifier_, metrics_);
    outbox_.emplace(*pool_);
    health_.emplace(*pool_, [this] {
        asio::post(strand_, [this] { asio::co_spawn(strand_, install(), asio::detached); });
    });
    feed_ =
        std::make_shared<feed>(context_.get_executor(), *pool_, *store_, *rules_, *keeper_, *health_, log_);
    make_publisher();
    static_cast<void>(monitor_->tick(*pool_, service_counts{}));
}

void service::impl::make_publisher() {
    http::client_options how;
    how.user_agent("alerthist/" + std::string{version()});
    client_.emplace(context_.get_executor(), how);
    if (!settings_.classifier_url.empty())
        classifier_->use(
            make_http_classifier(*client_, settings_.classifier_url, settings_.classifier_timeout));
    const auto in_milliseconds = [](config::duration d) {
        return std::chrono::duration_cast<std::chrono::milliseconds>(d);
    };
    publisher_options options;
    options.retry(in_milliseconds(settings_.first_retry), in_milliseconds(settings_.longest_retry));
    options.lanes(settings_.lanes);
    publisher_.emplace(
        context_.get_executor(), *outbox_, *keeper_,
        [this](const target& to, const outgoing& what) { return deliver(to, what); }, options, log_);
}

/// The error says what went wrong and not where to: a URL may hold a secret.
asio::awaitable<delivery> service::impl::deliver(const target& to, const outgoing& what) {
    delivery out;
    http::client_request asked{"POST", to.url};
    asked.timeout(to.timeout);
    try {
        for (const auto& [name, value] : what.headers) asked.header(name, value);
        asked.body(what.body, "application/json");
        const auto answer = co_await client_->send(asked);
        out.status = static_cast<int>(answer.status());
    } catch (const error& e) {
        out.error = e.code().message();
    }
    const bool good = out.status >= 200 && out.status < 300;
    metrics_.published(to.name, good ? "delivered" : "failed");
    co_return out;
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
    use_keys();
    api_.emplace(parts());
    auto routes = api_->routes(settings_.max_request_size, settings_.max_alerts_per_request);
    http_.emplace(std::move(routes), http_options());
    http_->start(context_.get_executor());
    log_fields fields;
    log_.info("listening", fields.add("address", address()).add("version", version()));
}

api_parts service::impl::parts() {
    api_parts out;
    out.on = &*pool_;
    out.alerts = &*store_;
    out.analysis = &*analysis_;
    out.rules = &*rules_;
    out.keeper = &*keeper_;
    out.classifier = &*classifier_;
    out.pipeline = &*pipeline_;
    out.outbox = &*outbox_;
    out.publisher = &*publisher_;
    out.monitor = &*monitor_;
    out.feed = feed_;
    out.health = &*health_;
    out.metrics = &metrics_;
    out.log = &log_;
    out.security = &security_;
    out.settings = [this] {
        const std::lock_guard lock{shown_mutex_};
        return shown_settings_;
    };
    out.middleware = [this](http::router& to) { add_middleware(to); };
    return out;
}

/// What stands before every route.
void service::impl::add_middleware(http::router& to) {
    if (!settings_.origins.empty()) {
        http::cors_options cors;
        for (const auto& one : settings_.origins) cors.origin(one);
        to.use(http::cors(std::move(cors)));
    }
    to.use(http::compress());
    if (settings_.per_client == 0 && settings_.global == 0) return;
    http::rate_limit_options limits;
    const auto per_minute = [](std::uint64_t count) { return static_cast<double>(count); };
    limits.per_client(per_minute(settings_.per_client), std::max(1.0, per_minute(settings_.per_client) / 4));
    limits.global(per_minute(settings_.global), std::max(1.0, per_minute(settings_.global) / 4));
    // Alertmanager takes a 429 for the end of the matter, and a probe must not depend on who else asks.
    for (const auto* path : {"/webhook", "/api/v2/alerts", "/livez", "/healthz", "/-/healthy", "/readyz",
                             "/ready", "/-/ready", "/health", "/metrics"})
        limits.exempt(path);
    to.use(http::rate_limit(std::make_shared<http::rate_limiter>(std::move(limits))));
}

void service::impl::use_keys() {
    auto keys = std::make_shared<http::api_keys>();
    for (const auto& one : settings_.keys) keys->add(one.name, one.level, one.sha256);
    if (settings_.demo && !keys->empty())
        keys->add("demo", http::role::operator_, http::to_hex(http::sha256(demo_key_)));
    security_.set(std::move(keys), settings_.webhook_secret);
    auto shown = describe_json(settings_);
    const std::lock_guard lock{shown_mutex_};
    shown_settings_ = std::move(shown);
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

asio::awaitable<void> service::impl::install_once() {
    co_await install_schema(*pool_, halt_.get_token());
    co_await keeper_->reload();
}

/// Until it works or the service ends: the database may come up after this program.
asio::awaitable<void> service::impl::install() {
    ++installs_;
    co_await install_until_done();
    if (--installs_ == 0) installed_.cancel();
}

asio::awaitable<void> service::impl::install_until_done() {
    auto pause = first_retry;
    while (!stopping_) {
        std::optional<error> problem;
        try {
            co_await install_once();
        } catch (const error& e) {
            problem = e;
        }
        if (!problem) {
            health_->schema_installed();
            feed_->start([this] { publisher_->wake(); });
            publisher_->wake();
            log_fields fields;
            log_.info("ready", fields.add("schema_version", schema_version()));
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

asio::awaitable<void> service::impl::watch_hangups() {
    while (!stopping_) {
        const auto [ec, number] = co_await hangups_.async_wait(no_throw);
        if (ec) co_return;
        co_await read_anew();
    }
}

/// Keys, the secret of signatures and the limits of the pool; what else changed takes a restart.
asio::awaitable<void> service::impl::read_anew() {
    std::string problem;
    if (read_settings_) {
        auto read = read_settings_();
        if (read) {
            settings_.keys = std::move(read->keys);
            settings_.webhook_secret = std::move(read->webhook_secret);
            use_keys();
            try {
                if (!settings_.embedded_dir) pool_->reconfigure(read->pool);
            } catch (const error& e) {
                problem = e.what();
            }
        } else {
            problem = read.error().text();
        }
    }
    try {
        if (health_->is_schema_installed()) co_await keeper_->reload();
        publisher_->wake();
    } catch (const error& e) {
        problem = e.what();
    }
    log_fields fields;
    if (problem.empty())
        log_.info("settings read anew");
    else
        log_.error("settings cannot be read; what was in force stays", fields.add("error", problem));
}

asio::awaitable<void> service::impl::run_demo() {
    demo alerts;
    asio::steady_timer pause{strand_};
    const auto url = "http://" + address() + "/webhook";
    while (!stopping_) {
        for (auto& body : alerts.next(std::chrono::system_clock::now())) {
            http::client_request asked{"POST", url};
            asked.header("X-API-Key", demo_key_).body(std::move(body), "application/json");
            try {
                co_await client_->send(asked);
            } catch (const error&) { // the next second brings more
            }
        }
        pause.expires_after(std::chrono::seconds{1});
        co_await pause.async_wait(no_throw);
    }
}

asio::awaitable<void> service::impl::tick() {
    while (!stopping_) {
        second_.expires_after(std::chrono::seconds{1});
        co_await second_.async_wait(no_throw);
        if (stopping_) co_return;
        service_counts counts;
        counts.http_requests = metrics_.requests_total();
        counts.alerts = metrics_.alerts_total();
        counts.events = metrics_.events_total();
        counts.published = publisher_->delivered();
        counts.clients = feed_->clients();
        const auto sample = monitor_->tick(*pool_, counts);
        feed_->tell_pool(sample);
        if (!feed_ticks_ && health_->is_schema_installed()) {
            feed_ticks_ = true; // it asks the database, which may take its time: samples do not wait for it
            asio::co_spawn(strand_, tick_feed(), asio::detached);
        }
    }
}

asio::awaitable<void> service::impl::tick_feed() {
    co_await feed_->tick();
    feed_ticks_ = false;
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
    halt_.request_stop();
    if (settings_.shutdown_delay > config::duration::zero()) {
        asio::steady_timer delay{strand_, settings_.shutdown_delay};
        co_await delay.async_wait(no_throw);
    }
    second_.cancel();
    hangups_.cancel();
    feed_->tell("system_notification",
                json_object{}.text("level", "info").text("message", "the service stops").finish());
    const bool finished = co_await http_->drain(settings_.shutdown_timeout);
    if (!finished) log_.warn("requests were cut off");
    co_await feed_->stop();
    co_await publisher_->stop();
    while (installs_ > 0) co_await installed_.async_wait(no_throw); // a thread of its own works on it
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

service::service(config settings, std::function<result<config>()> reload)
    : impl_{std::make_unique<impl>(std::move(settings), std::move(reload))} {}
service::~service() = default;
void service::start() { impl_->start(); }
std::uint16_t service::port() const noexcept { return impl_->port(); }
std::string service::address() const { return impl_->address(); }
void service::run() { impl_->run(); }
void service::reload() { impl_->reload(); }
void service::stop() { impl_->stop(); }

} // namespace tusk::alerthist
