#include <tusk/pool/config.hpp>

#include <algorithm>
#include <charconv>

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
    if (key == "pool_dispatch_batch") return set_count(key, value, c, &pool_config::dispatch_batch);
    if (key == "pool_dispatch_slow") return set_duration(key, value, c, &pool_config::dispatch_slow);
    if (key == "pool_name") {
        c.name(std::string{value});
        return {};
    }
    return failure{
        errc::invalid_configuration,
        "unknown key " + std::string{key} +
            "; known are pool_max_conns, pool_min_conns, pool_max_conn_lifetime, "
            "pool_max_conn_lifetime_jitter, pool_max_conn_idle_time, pool_health_check_period, "
            "pool_acquire_timeout, pool_statement_timeout, pool_ping_after_idle, pool_dispatch_batch, "
            "pool_dispatch_slow, pool_name"};
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

pool_config pool_config::development() { return pool_config{}.max_connections(10).min_connections(2); }
pool_config pool_config::production() { return pool_config{}.max_connections(20).min_connections(5); }
pool_config pool_config::high_traffic() { return pool_config{}.max_connections(50).min_connections(10); }
pool_config pool_config::for_cores(unsigned n) {
    return pool_config{}.max_connections(2 * n + 1).min_connections(std::min(2U, 2 * n + 1));
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
          std::pair{"statement_timeout", statement_}, std::pair{"ping_after_idle", ping_after_}})
        if (d < duration::zero()) complain(std::string{label} + " must not be negative");
    if (problems.empty()) return {};
    return failure{errc::invalid_configuration, "pool \"" + name_ + "\": " + problems};
}

} // namespace tusk
