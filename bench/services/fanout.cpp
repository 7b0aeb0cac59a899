#include <atomic>
#include <cstring>
#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fmt/format.h>

#include "bodies.hpp"
#include "client.hpp"
#include "measurements.hpp"

namespace bench_services {

namespace {

using clock_type = std::chrono::steady_clock;
/// For what is still under way when the last body was sent.
constexpr std::chrono::seconds patience{20};

/// One WebSocket and what it has received.
struct listener {
    explicit listener(link over) : connection{std::move(over)} {}
    link connection;
    std::string bytes;
    std::uint64_t events = 0;
    std::uint64_t last = 0; ///< The number of the last event.
};

/// Takes a whole frame off `bytes` from `at` on; false when there is none yet. Source: RFC 6455 section 5.2.
bool take_frame(std::string_view bytes, std::size_t& at, std::string_view& payload, unsigned& opcode) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[at + i]); };
    if (bytes.size() - at < 2) return false;
    std::size_t size = byte(1) & 0x7F, head = 2;
    if (size == 126) head = 4;
    if (size == 127) head = 10;
    if (bytes.size() - at < head) return false;
    if (head > 2) {
        size = 0;
        for (std::size_t i = 2; i < head; ++i) size = size << 8 | byte(i);
    }
    if (bytes.size() - at - head < size) return false;
    opcode = byte(0) & 0x0F;
    payload = bytes.substr(at + head, size);
    at += head + size;
    return true;
}

/// The annotation "number" of an event; 0 for other frames.
std::uint64_t number_of(std::string_view frame) {
    if (!frame.starts_with(R"({"type":"alert_)")) return 0;
    for (const std::string_view name : {R"("number": ")", R"("number":")"}) {
        const auto* found =
            static_cast<const char*>(::memmem(frame.data(), frame.size(), name.data(), name.size()));
        if (found) return std::strtoull(found + name.size(), nullptr, 10);
    }
    throw std::runtime_error{"fan-out: an event that nobody sent: " + std::string{frame}};
}

class listeners {
public:
    listeners(std::uint16_t port, std::uint64_t count, std::uint64_t first, std::uint64_t events)
        : first_{first}, sent_(events), poll_{::epoll_create1(EPOLL_CLOEXEC)} {
        all_.reserve(count);
        for (std::uint64_t i = 0; i < count; ++i) {
            std::string rest;
            all_.emplace_back(open_websocket(port, "/ws", rest)).bytes = std::move(rest);
            const auto socket = all_.back().connection.socket();
            ::fcntl(socket, F_SETFL, ::fcntl(socket, F_GETFL) | O_NONBLOCK);
            epoll_event what{};
            what.events = EPOLLIN;
            what.data.u64 = i;
            ::epoll_ctl(poll_, EPOLL_CTL_ADD, socket, &what);
        }
    }
    ~listeners() { ::close(poll_); }
    listeners(const listeners&) = delete;
    listeners& operator=(const listeners&) = delete;

    /// Before event `i` is sent.
    void about_to_send(std::uint64_t i) { sent_[i].store(clock_type::now().time_since_epoch().count()); }
    /// Reads until every event has come to everybody, or `gone_wrong`, or `until`.
    void run(const std::atomic<bool>& gone_wrong, clock_type::time_point until) {
        epoll_event ready[256];
        while (received_ < all_.size() * sent_.size() && !gone_wrong && clock_type::now() < until) {
            const int count = ::epoll_wait(poll_, ready, std::size(ready), 100);
            for (int i = 0; i < count; ++i) read(all_[ready[i].data.u64]);
        }
    }

    latencies times;
    std::uint64_t received() const { return received_; }

private:
    void read(listener& one) {
        char bytes[65536];
        const auto size = ::recv(one.connection.socket(), bytes, sizeof bytes, 0);
        if (size <= 0) throw std::runtime_error{"fan-out: a WebSocket was closed"};
        one.bytes.append(bytes, static_cast<std::size_t>(size));
        const auto now = clock_type::now();
        std::size_t at = 0;
        std::string_view payload;
        unsigned opcode = 0;
        while (take_frame(one.bytes, at, payload, opcode)) {
            if (opcode == 1) heard(one, number_of(payload), now);
            if (opcode == 8)
                throw std::runtime_error{"fan-out: a WebSocket was closed: " + std::string{payload}};
        }
        one.bytes.erase(0, at);
    }

    void heard(listener& one, std::uint64_t number, clock_type::time_point now) {
        if (number == 0) return;
        if (number < first_ || number - first_ >= sent_.size() || number <= one.last)
            throw std::runtime_error{fmt::format("fan-out: event {} came after {}", number, one.last)};
        one.last = number;
        const clock_type::duration begin{sent_[number - first_].load()};
        times.add(std::chrono::duration<double, std::milli>(now.time_since_epoch() - begin).count());
        ++received_;
    }

    std::uint64_t first_;
    std::vector<std::atomic<clock_type::rep>> sent_;
    int poll_;
    std::vector<listener> all_;
    std::uint64_t received_ = 0;
};

/// One event a body, at an even pace. One connection: an answer has the event's commit behind it, so that the
/// order is that of the numbers.
void send_events(listeners& to, std::uint16_t port, std::uint64_t first, std::uint64_t count,
                 std::uint64_t rate) {
    client over{port};
    const auto begin = clock_type::now();
    for (std::uint64_t i = 0; i < count; ++i) {
        std::this_thread::sleep_until(begin + std::chrono::nanoseconds{1'000'000'000 / rate * i});
        const auto body = webhook_body(first + i, 1);
        to.about_to_send(i);
        const auto got = over.post("/webhook", body);
        if (got.status != 200) throw std::runtime_error{fmt::format("fan-out: {} {}", got.status, got.body)};
    }
}

void allow_files(std::uint64_t count) {
    rlimit now{};
    ::getrlimit(RLIMIT_NOFILE, &now);
    if (now.rlim_cur >= count + 100) return;
    now.rlim_cur = std::min<rlim_t>(now.rlim_max, count + 100);
    ::setrlimit(RLIMIT_NOFILE, &now);
}

} // namespace

void measure_fanout(scene& on, const scale& how, std::uint64_t& next, std::vector<finding>& to) {
    allow_files(how.clients);
    const auto count = how.events_per_second * static_cast<std::uint64_t>(how.fanout.count()) / 1000;
    listeners all{on.port(), how.clients, next, count};
    const auto alerthist = on.alerthist_seconds();
    const auto begin = clock_type::now();
    std::atomic<bool> gone_wrong = false;
    std::string problem;
    std::thread sender{[&, first = next] {
        try {
            send_events(all, on.port(), first, count, how.events_per_second);
        } catch (const std::exception& e) {
            problem = e.what();
            gone_wrong = true;
        }
    }};
    std::string heard_problem;
    try {
        all.run(gone_wrong, begin + how.fanout + patience);
    } catch (const std::exception& e) {
        heard_problem = e.what();
    }
    sender.join();
    if (!problem.empty() || !heard_problem.empty()) throw std::runtime_error{problem + heard_problem};
    const auto seconds = std::chrono::duration<double>(clock_type::now() - begin).count();
    next += count;
    const auto missing = how.clients * count - all.received();
    finding out;
    out.name = fmt::format("event to {} WebSockets at {}/s, p99", how.clients, how.events_per_second);
    out.goal = "<= 100 ms";
    out.measured = all.times.percentile(0.99);
    out.unit = "ms";
    out.reached = missing == 0 && out.measured <= 100;
    out.details = fmt::format("p50 {:.1f} ms; {:.0f} frames/s in fact; alerthist uses {:.2f} processors",
                              all.times.percentile(0.5), static_cast<double>(all.received()) / seconds,
                              (on.alerthist_seconds() - alerthist) / seconds);
    to.push_back(std::move(out));
    finding lost;
    lost.name = "events that a WebSocket did not get";
    lost.goal = "0";
    lost.measured = static_cast<double>(missing);
    lost.reached = missing == 0;
    lost.is_count = true;
    lost.details = fmt::format("of {}", how.clients * count);
    to.push_back(std::move(lost));
}

} // namespace bench_services
