#include <services/alerthist/health.hpp>

#include <algorithm>
#include <array>
#include <cstdio>

#include <services/alerthist/common.hpp>
#include <services/alerthist/schema.hpp>

namespace tusk::alerthist {

namespace asio = boost::asio;

namespace {

constexpr auto check_timeout = std::chrono::seconds{1};

std::string milliseconds(std::chrono::steady_clock::duration time) {
    std::array<char, 48> text{};
    const auto size = std::snprintf(text.data(), text.size(), "%.3f",
                                    std::chrono::duration<double, std::milli>{time}.count());
    return {text.data(), static_cast<std::size_t>(size)};
}

health_check without_latency(std::string_view name, bool ok, std::string message) {
    health_check out;
    out.name = name;
    out.ok = ok;
    out.message = std::move(message);
    return out;
}

} // namespace

void health::schema_missing(std::string why) {
    const std::lock_guard lock{mutex_};
    missing_because_ = std::move(why);
}

void health::schema_vanished(std::string why) {
    schema_missing(std::move(why));
    if (schema_installed_.exchange(false)) schema_lost_();
}

asio::awaitable<std::vector<health_check>> health::run() {
    std::vector<health_check> checks;
    auto postgres = co_await check_postgres();
    const bool reachable = postgres.ok;
    checks.push_back(std::move(postgres));
    if (reachable) {
        auto schema = co_await check_schema();
        checks.push_back(std::move(schema));
    } else {
        checks.push_back(without_latency("schema", false, "not checked: the database does not answer"));
    }
    checks.push_back(check_shutdown());
    co_return checks;
}

asio::awaitable<health_check> health::check_postgres() {
    const auto start = steady_clock::now();
    options call;
    call.timeout(check_timeout);
    const auto answer = co_await pool_->try_one<int>(call, "select 1");
    health_check out;
    out.name = "postgres";
    out.ok = answer.has_value();
    out.latency = steady_clock::now() - start;
    out.message = answer ? "ok" : answer.error().message();
    co_return out;
}

asio::awaitable<health_check> health::check_schema() {
    health_check out;
    out.name = "schema";
    if (!schema_installed_) {
        const std::lock_guard lock{mutex_};
        out.message = missing_because_;
        co_return out;
    }
    const auto start = steady_clock::now();
    options call;
    call.timeout(check_timeout);
    try {
        const auto found = co_await installed_schema_version(*pool_, call);
        out.ok = found == schema_version();
        out.message = out.ok ? "ok"
                             : "the database has version " + (found.empty() ? std::string{"0"} : found) +
                                   ", expected " + std::string{schema_version()};
        if (!out.ok) schema_vanished(out.message);
    } catch (const error& e) {
        out.message = e.what();
    }
    out.latency = steady_clock::now() - start;
    co_return out;
}

health_check health::check_shutdown() const {
    return without_latency("shutdown", !draining_, draining_ ? "the service is shutting down" : "ok");
}

bool all_ok(const std::vector<health_check>& checks) noexcept {
    return std::all_of(checks.begin(), checks.end(), [](const auto& one) { return one.ok; });
}

std::string verbose_text(const std::vector<health_check>& checks) {
    std::string out;
    for (const auto& one : checks)
        out += one.ok ? "[+]" + one.name + " ok\n" : "[-]" + one.name + " failed: " + one.message + "\n";
    return out += all_ok(checks) ? "readyz check passed\n" : "readyz check failed\n";
}

std::string summary_json(const std::vector<health_check>& checks, std::string_view version,
                         std::chrono::steady_clock::duration uptime) {
    json_object list;
    for (const auto& one : checks) {
        json_object entry;
        entry.text("status", one.ok ? "healthy" : "unhealthy").raw("latency_ms", milliseconds(one.latency));
        list.raw(one.name, entry.text("message", one.message).finish());
    }
    json_object out;
    out.text("status", all_ok(checks) ? "healthy" : "unhealthy")
        .raw("checks", list.finish())
        .text("version", version);
    out.number("uptime_seconds", std::chrono::duration_cast<std::chrono::seconds>(uptime).count());
    return out.finish();
}

} // namespace tusk::alerthist
