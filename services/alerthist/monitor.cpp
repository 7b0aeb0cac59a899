#include <services/alerthist/monitor.hpp>

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <services/alerthist/common.hpp>
#include <tusk/net/conninfo.hpp>

namespace tusk::alerthist {

namespace {

constexpr std::size_t most_times = 20'000; ///< Of one second, for percentiles.
constexpr std::size_t most_samples = 300;
constexpr std::size_t most_slow = 50;
constexpr std::size_t most_statements = 500;
constexpr std::size_t longest_sql = 2000;
constexpr double bucket_growth = 1.5;
constexpr double first_bucket = 1e-5; ///< Seconds.

using milli = std::chrono::duration<double, std::milli>;

std::string number_text(double value) { return fmt::format("{:.3f}", value); }
std::string number_text(std::chrono::nanoseconds value) { return number_text(milli{value}.count()); }
std::string seconds_text(std::chrono::nanoseconds value) {
    return number_text(std::chrono::duration<double>{value}.count());
}
std::int64_t signed_count(std::uint64_t value) { return static_cast<std::int64_t>(value); }

instant now_instant() {
    return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

std::string shortened_sql(std::string_view sql) {
    std::string out; // one line, which is what people read
    for (const char c : sql.substr(0, longest_sql)) {
        const bool space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
        if (!space)
            out += c;
        else if (!out.empty() && out.back() != ' ')
            out += ' ';
    }
    while (!out.empty() && (static_cast<unsigned char>(out.back()) & 0xC0) == 0x80) out.pop_back();
    return out;
}

std::size_t bucket_of(std::chrono::nanoseconds took) {
    const auto seconds = std::chrono::duration<double>{took}.count();
    if (seconds <= first_bucket) return 0;
    return std::min<std::size_t>(
        63, static_cast<std::size_t>(std::log(seconds / first_bucket) / std::log(bucket_growth)) + 1);
}

std::string percentiles(std::vector<float> times) {
    json_object out;
    if (times.empty()) {
        for (const auto* name : {"p50", "p95", "p99", "max"}) out.raw(name, "null");
        return out.finish();
    }
    std::sort(times.begin(), times.end());
    const auto at = [&times](double share) {
        return number_text(
            double{times[static_cast<std::size_t>(share * static_cast<double>(times.size() - 1))]});
    };
    out.raw("p50", at(0.5)).raw("p95", at(0.95)).raw("p99", at(0.99)).raw("max", at(1));
    return out.finish();
}

std::string config_json(const pool_config& c) {
    json_object out;
    out.number("max_connections", c.max_connections()).number("min_connections", c.min_connections());
    out.raw("max_lifetime_seconds", seconds_text(c.max_lifetime()));
    out.raw("max_idle_seconds", seconds_text(c.max_idle_time()));
    out.raw("health_check_seconds", seconds_text(c.health_check_period()));
    out.raw("acquire_timeout_ms", number_text(c.acquire_timeout()));
    out.raw("statement_timeout_ms", number_text(c.statement_timeout()));
    return out.finish();
}

std::string connections_json(const pool_description& of) {
    std::string out = "[";
    for (const auto& one : of.connections) {
        json_object entry;
        entry.text("state", to_string(one.state))
            .number("backend_pid", one.backend_pid)
            .text("server", one.server);
        entry.raw("age_seconds", seconds_text(one.age)).raw("state_seconds", seconds_text(one.since));
        entry.raw("expires_in_seconds", one.expires.count() == 0 ? "null" : seconds_text(one.expires));
        std::string_view file = one.acquired_at.file_name();
        file = file.substr(file.rfind('/') + 1);
        entry.text("acquired_at", one.acquired_at.line() == 0
                                      ? std::string{}
                                      : fmt::format("{}:{}", file, one.acquired_at.line()));
        entry.text("sql", shortened_sql(one.sql));
        out += (out.size() > 1 ? "," : "") + entry.finish();
    }
    return out + "]";
}

std::string waiting_json(const pool_description& of) {
    std::string out = "[";
    for (const auto& one : of.waiting) {
        json_object entry;
        entry.raw("since_ms", number_text(one.since))
            .raw("for_statement", one.for_statement ? "true" : "false");
        out += (out.size() > 1 ? "," : "") + entry.finish();
    }
    return out + "]";
}

/// Where it is and who asks; how (certificates, files with passwords, timeouts) is nobody's business here.
std::string shown_server(const connect_config& of) {
    auto hosts = of.hosts();
    for (auto& one : hosts) one.password.clear();
    connect_config out;
    out.hosts(std::move(hosts)).database(of.database()).user(of.user());
    const auto text = redacted(out);
    return text.substr(0, text.find('?'));
}

} // namespace

void monitor::add(std::string_view sql, std::string_view table, std::uint64_t rows,
                  const observed& e) noexcept {
    try {
        const std::lock_guard lock{mutex_};
        ++queries_;
        ++all_queries_;
        if (e.error) {
            ++query_errors_;
            ++all_query_errors_;
        }
        if (query_times_.size() < most_times)
            query_times_.push_back(static_cast<float>(milli{e.elapsed}.count()));
        auto key = shortened_sql(sql);
        if (e.elapsed >= slow_) {
            slow_queries_.push_front(
                {now_instant(), e.elapsed, key, std::string{table},
                 e.error ? std::string{e.error->server() ? e.error->server()->sqlstate : "-"} : std::string{},
                 rows});
            if (slow_queries_.size() > most_slow) slow_queries_.pop_back();
        }
        const bool known = statements_.contains(key);
        if (!known && statements_.size() >= most_statements) return;
        auto& one = statements_[std::move(key)];
        if (!known) one.table = table;
        ++one.calls;
        one.errors += e.error ? 1 : 0;
        one.rows += rows;
        one.total += e.elapsed;
        one.longest = std::max<std::chrono::nanoseconds>(one.longest, e.elapsed);
        ++one.buckets[bucket_of(e.elapsed)];
    } catch (...) { // out of memory: a sample less
    }
}

void monitor::query_finished(query_event& e) noexcept {
    next_->query_finished(e);
    add(e.sql, e.table, e.rows, e);
}

void monitor::batch_finished(batch_event& e) noexcept {
    next_->batch_finished(e);
    query_event whole; // metrics know queries alone
    static_cast<observed&>(whole) = e;
    whole.command = "BATCH";
    next_->query_finished(whole);
    add("(a batch of " + std::to_string(e.statements) + " statements)", "", 0, e);
}

void monitor::acquire_finished(acquire_event& e) noexcept {
    next_->acquire_finished(e);
    const std::lock_guard lock{mutex_};
    if (e.result == acquire_result::ok) ++acquires_;
    if (e.result == acquire_result::timeout) ++timeouts_;
    if (wait_times_.size() < most_times) {
        try {
            wait_times_.push_back(static_cast<float>(milli{e.elapsed}.count()));
        } catch (...) {
        }
    }
}

std::string monitor::tick(const pool& of, const service_counts& counts) {
    const auto stats = of.stats();
    const std::lock_guard lock{mutex_};
    const auto now = std::chrono::steady_clock::now();
    const auto seconds = std::max(0.001, std::chrono::duration<double>{now - last_tick_}.count());
    last_tick_ = now;
    const auto rate = [seconds](std::uint64_t count) {
        return number_text(static_cast<double>(count) / seconds);
    };
    json_object out;
    out.time("at", now_instant())
        .number("max", stats.max)
        .number("min", stats.min)
        .number("total", stats.total);
    out.number("idle", stats.idle).number("in_use", stats.in_use).number("constructing", stats.constructing);
    out.number("waiting", stats.waiting).raw("healthy", stats.healthy ? "true" : "false");
    out.text("breaker", to_string(stats.breaker));
    out.raw("acquires_per_second", rate(std::exchange(acquires_, 0)));
    out.raw("queries_per_second", rate(std::exchange(queries_, 0)));
    out.raw("errors_per_second", rate(std::exchange(query_errors_, 0)));
    out.raw("timeouts_per_second", rate(std::exchange(timeouts_, 0)));
    out.raw("acquire_wait_ms", percentiles(std::exchange(wait_times_, {})));
    out.raw("query_ms", percentiles(std::exchange(query_times_, {})));
    out.raw("http_requests_per_second", rate(counts.http_requests - last_.http_requests));
    out.raw("alerts_per_second", rate(counts.alerts - last_.alerts));
    out.raw("events_per_second", rate(counts.events - last_.events));
    out.raw("published_per_second", rate(counts.published - last_.published));
    out.number("clients", signed_count(counts.clients));
    last_ = counts;
    samples_.push_back(out.finish());
    if (samples_.size() > most_samples) samples_.pop_front();
    return samples_.back();
}

std::string monitor::pool_json(const pool& of) const {
    const auto all = of.describe();
    const auto config = of.config();
    const auto& s = all.stats;
    const std::lock_guard lock{mutex_};
    json_object totals;
    const std::pair<const char*, std::uint64_t> counts[] = {
        {"acquires", s.acquires},
        {"waited_acquires", s.waited_acquires},
        {"timeouts", s.timeouts},
        {"canceled", s.canceled},
        {"failed_acquires", s.failed_acquires},
        {"shared_statements", s.shared_statements},
        {"shared_runs", s.shared_runs},
        {"connects", s.connects},
        {"connect_failures", s.connect_failures},
        {"closed_by_lifetime", s.closed_by_lifetime},
        {"closed_by_idle_time", s.closed_by_idle_time},
        {"closed_broken", s.closed_broken},
        {"health_check_failures", s.health_check_failures},
        {"retries", s.retries},
        {"breaker_openings", s.breaker_openings},
        {"leaks", s.leaks},
        {"queries", all_queries_},
        {"query_errors", all_query_errors_}};
    for (const auto& [name, count] : counts) totals.number(name, signed_count(count));
    std::string series = "[";
    for (const auto& one : samples_) (series += series.size() > 1 ? "," : "") += one;
    std::string slow = "[";
    for (const auto& one : slow_queries_) {
        json_object entry;
        entry.time("at", one.at)
            .raw("duration_ms", number_text(one.took))
            .text("sql", one.sql)
            .text("table", one.table);
        entry.number("rows", signed_count(one.rows)).text("sqlstate", one.sqlstate);
        slow += (slow.size() > 1 ? "," : "") + entry.finish();
    }
    json_object out;
    out.text("name", all.name)
        .text("server", shown_server(config.server()))
        .raw("config", config_json(config));
    out.raw("now", samples_.empty() ? "null" : samples_.back());
    out.number("retry_after_ms",
               std::chrono::duration_cast<std::chrono::milliseconds>(all.retry_after).count());
    out.text("last_connect_error", all.last_connect_error).raw("totals", totals.finish());
    out.raw("connections", connections_json(all)).raw("waiting_callers", waiting_json(all));
    out.raw("series", series + "]").raw("slow_queries", slow + "]").raw("slow_query_ms", number_text(slow_));
    return out.finish();
}

std::string monitor::statements_json(std::size_t limit) const {
    const std::lock_guard lock{mutex_};
    std::vector<const std::pair<const std::string, statement>*> order;
    for (const auto& one : statements_) order.push_back(&one);
    std::sort(order.begin(), order.end(), [](auto* a, auto* b) { return a->second.total > b->second.total; });
    if (order.size() > limit) order.resize(limit);
    std::string list = "[";
    for (const auto* one : order) {
        const auto& s = one->second;
        std::uint64_t seen = 0;
        std::size_t bucket = 0;
        while (bucket < 63 && (seen += s.buckets[bucket]) * 100 < s.calls * 95) ++bucket;
        const auto p95 = std::min(first_bucket * std::pow(bucket_growth, static_cast<double>(bucket)) * 1000,
                                  milli{s.longest}.count());
        json_object entry;
        entry.text("sql", one->first).text("table", s.table).number("calls", signed_count(s.calls));
        entry.number("errors", signed_count(s.errors)).number("rows", signed_count(s.rows));
        entry.raw("total_ms", number_text(s.total));
        entry.raw("mean_ms", number_text(milli{s.total}.count() / static_cast<double>(s.calls)));
        entry.raw("p95_ms", number_text(p95)).raw("max_ms", number_text(s.longest));
        list += (list.size() > 1 ? "," : "") + entry.finish();
    }
    json_object out;
    out.time("since", std::chrono::floor<std::chrono::microseconds>(since_)).raw("statements", list + "]");
    return out.finish();
}

} // namespace tusk::alerthist
