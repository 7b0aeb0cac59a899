#include <atomic>
#include <mutex>
#include <stdexcept>
#include <thread>

#include <fmt/format.h>

#include <tusk/types/array.hpp>

#include "bodies.hpp"
#include "client.hpp"
#include "measurements.hpp"

namespace bench_services {

namespace {

constexpr std::uint64_t alerts_per_body = 20;
constexpr std::chrono::milliseconds between_restarts{700};
constexpr std::chrono::milliseconds pause_after_refusal{50};

/// Threads that post, and post again what was refused, until they are told to stop.
class senders {
public:
    senders(std::uint16_t port, std::uint64_t first, std::uint64_t count) : next_{first} {
        for (std::uint64_t i = 0; i < count; ++i) threads_.emplace_back([this, port] { run(port); });
    }
    ~senders() { join(); }
    senders(const senders&) = delete;
    senders& operator=(const senders&) = delete;

    /// Throws what went wrong: alerthist itself is never stopped, so no connection may break.
    void stop() {
        join();
        if (!problem_.empty()) throw std::runtime_error{"restarts: " + problem_};
    }

    std::uint64_t next() const { return next_; }
    std::uint64_t refused() const { return refused_; }
    const std::vector<std::int64_t>& acknowledged() const { return acknowledged_; }

private:
    void join() {
        stopping_ = true;
        for (auto& one : threads_) one.join();
        threads_.clear();
    }

    void run(std::uint16_t port) {
        try {
            client to{port};
            while (!stopping_) {
                const auto first = next_.fetch_add(alerts_per_body);
                const auto body = webhook_body(first, alerts_per_body);
                if (deliver(to, body)) note(first);
            }
        } catch (const std::exception& e) {
            const std::lock_guard lock{mutex_};
            problem_ = e.what();
        }
    }

    /// False when it is time to stop.
    bool deliver(client& to, const std::string& body) {
        while (!stopping_) {
            const auto got = to.post("/webhook", body);
            if (got.status == 200) return true;
            if (got.status != 503) throw std::runtime_error{fmt::format("{} {}", got.status, got.body)};
            ++refused_;
            std::this_thread::sleep_for(pause_after_refusal);
        }
        return false;
    }

    void note(std::uint64_t first) {
        const std::lock_guard lock{mutex_};
        for (std::uint64_t i = 0; i < alerts_per_body; ++i)
            acknowledged_.push_back(static_cast<std::int64_t>(first + i));
    }

    std::atomic<std::uint64_t> next_;
    std::atomic<bool> stopping_ = false;
    std::atomic<std::uint64_t> refused_ = 0;
    std::mutex mutex_;
    std::vector<std::int64_t> acknowledged_; // guarded by mutex_
    std::string problem_;                    // guarded by mutex_
    std::vector<std::thread> threads_;
};

finding count_of(std::string name, std::int64_t count, std::string details) {
    finding out;
    out.name = std::move(name);
    out.goal = "0";
    out.measured = static_cast<double>(count);
    out.reached = count == 0;
    out.is_count = true;
    out.details = std::move(details);
    return out;
}

} // namespace

void measure_restarts(scene& on, const scale& how, std::uint64_t& next, std::vector<finding>& to) {
    const auto first = static_cast<std::int64_t>(next);
    senders all{on.port(), next, how.senders};
    for (std::uint64_t i = 0; i < how.restarts; ++i) {
        std::this_thread::sleep_for(between_restarts);
        const auto again = on.postgres().restart();
        if (!again) throw tusk::error{again.error()};
    }
    std::this_thread::sleep_for(between_restarts);
    all.stop();
    next = all.next();
    auto check = on.sql();
    check.exec("create temporary table acknowledged as select unnest($1::bigint[]) as number",
               all.acknowledged());
    check.exec(
        "create temporary table kept as select number from (select (annotations ->> 'number')::bigint as "
        "number from alert_events) e where number >= $1",
        first);
    const auto lost = check.one<std::int64_t>(
        "select count(*) from (select number from acknowledged except select number from kept) missing");
    const auto twice = check.one<std::int64_t>("select count(*) - count(distinct number) from kept");
    const auto load = fmt::format("{} acknowledged, {} answered 503 and repeated, {} restarts",
                                  all.acknowledged().size(), all.refused(), how.restarts);
    to.push_back(count_of("acknowledged alerts lost over restarts", lost, load));
    to.push_back(count_of("alerts duplicated over restarts", twice, ""));
    if (all.acknowledged().empty()) throw std::runtime_error{"restarts: nothing was acknowledged"};
}

} // namespace bench_services
