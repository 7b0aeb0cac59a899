#include <tusk/pool/config.hpp>

#include <algorithm>
#include <charconv>
#include <cstdlib>

namespace tusk {

namespace {

using duration = steady_clock::duration;

/// The unit at the start of `text`, which loses it; zero when there is none.
duration take_unit(std::string_view& text) {
    using namespace std::chrono;
    struct unit {
        std::string_view name;
        duration length;
    };
    static constexpr unit units[] = {{"ms", milliseconds{1}}, {"us", microseconds{1}}, {"ns", nanoseconds{1}},
                                     {"s", seconds{1}},       {"m", minutes{1}},       {"h", hours{1}},
                                     {"d", hours{24}}};
    for (const auto& u : units) {
        if (!text.starts_with(u.name)) continue;
        text.remove_prefix(u.name.size());
        return u.length;
    }
    return duration::zero();
}

failure bad_value(std::string_view key, std::string_view value, std::string_view wanted) {
    return failure{errc::invalid_configuration,
                   std::string{key} + "=" + std::string{value} + ": " + std::string{wanted}};
}

failure set_count(std::string_view key, std::string_view value, pool_config& c,
                  pool_config& (pool_config::*set)(unsigned)) {
    unsigned n = 0;
    const auto [end, ec] = std::from_chars(value.data(), value.data() + value.size(), n);
    if (ec != std::errc{} || end != value.data() + value.size() || n > 100'000)
        return bad_value(key, value, "a whole number from 0 to 100000 is expected");
    (c.*set)(n);
    return {};
}

failure set_duration(std::string_view key, std::string_view value, pool_config& c,
                     pool_config& (pool_config::*set)(duration)) {
    auto d = parse_duration(value);
    if (!d) return bad_value(key, value, d.error().text());
    (c.*set)(*d);
    return {};
}

failure set_jitter(std::string_view key, std::string_view value, pool_config& c) {
    double share = -1;
    const auto [end, ec] = std::from_chars(value.data(), value.data() + value.size(), share);
    if (ec != std::errc{} || end != value.data() + value.size() || !(share >= 0 && share <= 0.5))
        return bad_value(key, value, "a share from 0 to 0.5 of the lifetime is expected");
    c.lifetime_jitter(share);
    return {};
}

failure set_reset(std::string_view key, std::string_view value, pool_config& c) {
    if (value == "when_altered")
        c.reset(reset_policy::when_altered);
    else if (value == "always")
        c.reset(reset_policy::always);
    else if (value == "never")
        c.reset(reset_policy::never);
    else
        return bad_value(key, value, "when_altered, always or never is expected");
    return {};
}

failure set_attempts(std::string_view key, std::string_view value, pool_config& c) {
    unsigned n = 0;
    const auto [end, ec] = std::from_chars(value.data(), value.data() + value.size(), n);
    if (ec != std::errc{} || end != value.data() + value.size() || n == 0 || n > 100)
        return bad_value(key, value, "a whole number from 1 (no retries) to 100 is expected");
    auto policy = c.retry();
    c.retry(policy.attempts(n));
    return {};
}

failure set_breaker(std::string_view key, std::string_view value, pool_config& c) {
    if (value != "on" && value != "off") return bad_value(key, value, "on or off is expected");
    auto breaker = c.breaker();
    c.breaker(breaker.enabled(value == "on"));
    return {};
}

failure set_key(std::string_view key, std::string_view value, pool_config& c) {
    if (key == "pool_max_conns") return set_count(key, value, c, &pool_config::max_connections);
    if (key == "pool_min_conns") return set_count(key, value, c, &pool_config::min_connections);
    if (key == "pool_max_conn_lifetime") return set_duration(key, value, c, &pool_config::max_lifetime);
    if (key == "pool_max_conn_lifetime_jitter") return set_jitter(key, value, c);
    if (key == "pool_max_conn_idle_time") return set_duration(key, value, c, &pool_config::max_idle_time);
    if (key == "pool_health_check_period")
        return set_duration(key, value, c, &pool_config::health_check_period);
    if (key == "pool_acquire_timeout") return set_duration(key, value, c, &pool_config::acquire_timeout);
    if (key == "pool_statement_timeout") return set_duration(key, value, c, &pool_config::statement_timeout);
    if (key == "pool_ping_after_idle") return set_duration(key, value, c, &pool_config::ping_after_idle);
    if (key == "pool_ping_timeout") return set_duration(key, value, c, &pool_config::ping_timeout);
    if (key == "pool_dispatch_batch") return set_count(key, value, c, &pool_config::dispatch_batch);
    if (key == "pool_dispatch_slow") return set_duration(key, value, c, &pool_config::dispatch_slow);
    if (key == "pool_min_idle_conns") return set_count(key, value, c, &pool_config::min_idle);
    if (key == "pool_max_connecting") return set_count(key, value, c, &pool_config::max_connecting);
    if (key == "pool_keepalive") return set_duration(key, value, c, &pool_config::keepalive);
    if (key == "pool_leak_after") return set_duration(key, value, c, &pool_config::leak_after);
    if (key == "pool_reset") return set_reset(key, value, c);
    if (key == "pool_retry_attempts") return set_attempts(key, value, c);
    if (key == "pool_breaker") return set_breaker(key, value, c);
    if (key == "pool_name") {
        c.name(std::string{value});
        return {};
    }
    return failure{
        errc::invalid_configuration,
        "unknown key " + std::string{key} +
            "; known are pool_max_conns, pool_min_conns, pool_max_conn_lifetime, "
            "pool_max_conn_lifetime_jitter, pool_max_conn_idle_time, pool_health_check_period, "
            "pool_acquire_timeout, pool_statement_timeout, pool_ping_after_idle, pool_ping_timeout, "
            "pool_dispatch_batch, "
            "pool_dispatch_slow, pool_min_idle_conns, pool_max_connecting, pool_keepalive, pool_leak_after, "
            "pool_reset, pool_retry_attempts, pool_breaker, pool_name"};
}

} // namespace

result<duration> parse_duration(std::string_view text) {
    const auto refuse = [&](const char* why) {
        return failure{errc::invalid_configuration,
                       std::string{why} + "; write a number and a unit, such as 500ms, 30s, 5m or 1h"};
    };
    if (text == "0") return duration::zero();
    if (text.empty()) return refuse("the duration is empty");
    duration total = duration::zero();
    while (!text.empty()) {
        double number = 0;
        const auto [end, ec] =
            std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
        if (ec != std::errc{} || !(number >= 0)) return refuse("no number where one is expected");
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        const auto unit = take_unit(text);
        if (unit == duration::zero()) return refuse("the unit is missing or unknown");
        const double length = number * static_cast<double>(unit.count());
        if (length + static_cast<double>(total.count()) > 9e18) return refuse("the duration is too long");
        total += duration{static_cast<duration::rep>(length)};
    }
    return total;
}

result<pool_config> pool_config::from(connect_config server) {
    pool_config c;
    for (const auto& [key, value] : server.pool_settings())
        if (auto f = set_key(key, value, c)) return f;
    if (c.min_ > c.max_ && std::none_of(server.pool_settings().begin(), server.pool_settings().end(),
                                        [](const auto& s) { return s.first == "pool_min_conns"; }))
        c.min_ = c.max_; // only the maximum was given, below the default minimum
    c.server(std::move(server));
    if (auto f = c.validate()) return f;
    return c;
}

result<pool_config> pool_config::parse(std::string_view conninfo) {
    auto server = parse_connect_config(conninfo);
    if (!server) return server.error();
    return from(std::move(*server));
}

namespace {

/// A variable of the environment and the key of a connection string that it stands for.
struct variable {
    const char* name;
    std::string_view key;
};

constexpr variable server_variables[] = {{"DB_HOST", "host"},         {"DB_PORT", "port"},
                                         {"DB_NAME", "dbname"},       {"DB_USER", "user"},
                                         {"DB_PASSWORD", "password"}, {"DB_SSL_MODE", "sslmode"}};
constexpr variable pool_variables[] = {{"DB_MAX_CONNS", "pool_max_conns"},
                                       {"DB_MIN_CONNS", "pool_min_conns"},
                                       {"DB_MAX_CONN_LIFETIME", "pool_max_conn_lifetime"},
                                       {"DB_MAX_CONN_IDLE_TIME", "pool_max_conn_idle_time"},
                                       {"DB_HEALTH_CHECK_PERIOD", "pool_health_check_period"}};

/// As a value of the keyword/value form: in quotes, with those inside escaped.
std::string quoted(std::string_view value) {
    std::string out = "'";
    for (const char c : value) {
        if (c == '\'' || c == '\\') out += '\\';
        out += c;
    }
    return out + "'";
}

std::string keywords_of(const std::function<const char*(const char*)>& lookup) {
    std::string all;
    for (const auto& [name, key] : server_variables)
        if (const char* value = lookup(name)) all += std::string{key} + "=" + quoted(value) + " ";
    return all;
}

} // namespace

result<pool_config> pool_config::from_environment(const std::function<const char*(const char*)>& lookup) {
    const char* url = lookup("DATABASE_URL");
    std::string conninfo = url != nullptr && *url != '\0' ? url : keywords_of(lookup);
    auto server = parse_connect_config(conninfo);
    if (!server) {
        auto why = server.error();
        why.add_context(url != nullptr && *url != '\0' ? "DATABASE_URL" : "DB_HOST, DB_PORT, …");
        return why;
    }
    if (const char* timeout = lookup("DB_CONNECT_TIMEOUT")) {
        const auto d = parse_duration(timeout);
        if (!d) return bad_value("DB_CONNECT_TIMEOUT", timeout, d.error().text());
        server->connect_timeout(std::chrono::duration_cast<std::chrono::milliseconds>(*d));
    }
    auto c = from(std::move(*server));
    if (!c) return c;
    for (const auto& [name, key] : pool_variables)
        if (const char* value = lookup(name))
            if (auto f = set_key(key, value, *c)) return std::move(f.add_context(name));
    if (lookup("DB_MAX_CONNS") != nullptr && lookup("DB_MIN_CONNS") == nullptr)
        c->min_ = std::min(c->min_, c->max_);
    if (auto f = c->validate()) return f;
    return c;
}

result<pool_config> pool_config::from_environment() {
    return from_environment([](const char* name) { return std::getenv(name); });
}

pool_config pool_config::development() { return pool_config{}.max_connections(10).min_connections(2); }
pool_config pool_config::production() { return pool_config{}.max_connections(20).min_connections(5); }
pool_config pool_config::high_traffic() { return pool_config{}.max_connections(50).min_connections(10); }
pool_config pool_config::for_cores(unsigned n) {
    const auto count = recommended_connections(n);
    return pool_config{}.max_connections(count).min_connections(std::min(2U, count));
}

failure pool_config::validate() const {
    std::string problems;
    const auto complain = [&](std::string text) {
        if (!problems.empty()) problems += "; ";
        problems += text;
    };
    if (max_ == 0) complain("max_connections must be at least 1");
    if (dispatch_batch_ == 0 || dispatch_batch_ > 1000) complain("dispatch_batch must be from 1 to 1000");
    if (min_ > max_)
        complain("min_connections (" + std::to_string(min_) + ") is above max_connections (" +
                 std::to_string(max_) + ")");
    if (!(jitter_ >= 0 && jitter_ <= 0.5)) complain("lifetime_jitter must lie between 0 and 0.5");
    for (const auto& [label, d] :
         {std::pair{"max_lifetime", lifetime_}, std::pair{"max_idle_time", idle_},
          std::pair{"health_check_period", health_}, std::pair{"acquire_timeout", acquire_},
          std::pair{"statement_timeout", statement_}, std::pair{"ping_after_idle", ping_after_},
          std::pair{"keepalive", keepalive_}, std::pair{"leak_after", leak_after_},
          std::pair{"slow_acquire of pressure", pressure_acquire_}})
        if (d < duration::zero()) complain(std::string{label} + " must not be negative");
    if (ping_timeout_ <= duration::zero()) complain("ping_timeout must be above 0");
    if (max_connecting_ == 0) complain("max_connecting must be at least 1");
    if (min_idle_ > max_) complain("min_idle is above max_connections");
    if (!(pressure_usage_ > 0)) complain("usage of pressure must be above 0");
    for (const auto& more : {retry_.problems(), breaker_.problems()})
        if (!more.empty()) complain(more);
    if (problems.empty()) return {};
    return failure{errc::invalid_configuration, "pool \"" + name_ + "\": " + problems};
}

} // namespace tusk
