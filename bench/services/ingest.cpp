#include <atomic>
#include <stdexcept>
#include <thread>

#include <fmt/format.h>

#include "bodies.hpp"
#include "client.hpp"
#include "measurements.hpp"

namespace bench_services {

namespace {

using clock_type = std::chrono::steady_clock;
constexpr std::uint64_t alerts_per_body = 100;

struct sender {
    latencies times;
    std::uint64_t bodies = 0;
    std::string problem;
    std::thread thread;
};

void send_until(sender& own, std::uint16_t port, std::atomic<std::uint64_t>& next,
                clock_type::time_point until) {
    try {
        client to{port};
        const auto expected = fmt::format("\"events_created\":{}}}", alerts_per_body);
        while (clock_type::now() < until) {
            const auto body = webhook_body(next.fetch_add(alerts_per_body), alerts_per_body);
            const auto begin = clock_type::now();
            const auto got = to.post("/webhook", body);
            if (got.status != 200 || !got.body.ends_with(expected))
                throw std::runtime_error{fmt::format("{}: {}", got.status, got.body)};
            own.times.add(std::chrono::duration<double, std::milli>(clock_type::now() - begin).count());
            ++own.bodies;
        }
    } catch (const std::exception& e) {
        own.problem = e.what();
    }
}

} // namespace

void measure_ingest(scene& on, const scale& how, std::uint64_t& next, std::vector<finding>& to) {
    std::atomic<std::uint64_t> number{next};
    std::vector<sender> senders(how.senders);
    const auto alerthist = on.alerthist_seconds();
    const auto postgres = on.postgres_seconds();
    const auto begin = clock_type::now();
    for (auto& one : senders)
        one.thread = std::thread{[&] { send_until(one, on.port(), number, begin + how.ingest); }};
    latencies times;
    std::uint64_t alerts = 0;
    for (auto& one : senders) {
        one.thread.join();
        if (!one.problem.empty()) throw std::runtime_error{"ingest: " + one.problem};
        times.add(one.times);
        alerts += one.bodies * alerts_per_body;
    }
    const auto seconds = std::chrono::duration<double>(clock_type::now() - begin).count();
    const auto micros = [&](double since, double now) {
        return (now - since) * 1e6 / static_cast<double>(alerts);
    };
    next = number.load();
    auto check = on.sql();
    const auto stored = check.one<std::int64_t>("select count(*) from alert_events");
    if (static_cast<std::uint64_t>(stored) != alerts)
        throw std::runtime_error{fmt::format("ingest: {} alerts acknowledged, {} stored", alerts, stored)};
    finding out;
    out.name = "ingest, bodies of 100";
    out.goal = ">= 5000 alerts/s";
    out.measured = static_cast<double>(alerts) / seconds;
    out.unit = "alerts/s";
    out.reached = out.measured >= 5000;
    out.details =
        fmt::format("a body p50 {:.1f} ms, p99 {:.1f} ms; processor per alert: alerthist {:.0f} us, "
                    "PostgreSQL {:.0f} us",
                    times.percentile(0.5), times.percentile(0.99), micros(alerthist, on.alerthist_seconds()),
                    micros(postgres, on.postgres_seconds()));
    to.push_back(std::move(out));
}

} // namespace bench_services
