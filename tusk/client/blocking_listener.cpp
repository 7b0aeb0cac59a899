#include <tusk/client/blocking_listener.hpp>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <random>
#include <string>

#include <tusk/client/call.hpp>
#include <tusk/client/gap_keeper.hpp>
#include <tusk/client/notification_queue.hpp>
#include <tusk/client/reconnect.hpp>
#include <tusk/client/subscriptions.hpp>
#include <tusk/net/blocking_driver.hpp>
#include <tusk/protocol/await_notification.hpp>

namespace tusk::blocking {

namespace {

/// Something that one thread sets and poll sees.
class flag_descriptor {
public:
    flag_descriptor() : fd_{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)} {
        if (fd_ < 0) throw error{errc::environment, "no eventfd: " + std::generic_category().message(errno)};
    }
    ~flag_descriptor() { ::close(fd_); }
    flag_descriptor(const flag_descriptor&) = delete;
    flag_descriptor& operator=(const flag_descriptor&) = delete;

    int get() const noexcept { return fd_; }
    void set() noexcept { static_cast<void>(::eventfd_write(fd_, 1)); }
    void clear() noexcept {
        eventfd_t ignored = 0;
        static_cast<void>(::eventfd_read(fd_, &ignored));
    }
    /// Until it is set or the deadline has passed.
    void wait(deadline until) const noexcept {
        pollfd p{fd_, POLLIN, 0};
        while (!until.expired()) {
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(until.remaining()).count();
            if (::poll(&p, 1, static_cast<int>(std::min<long long>(left, 1'000'000'000))) > 0) return;
        }
    }

private:
    int fd_;
};

} // namespace

class listener::core {
public:
    core(std::shared_ptr<const net::connect_target> target, listener_options o)
        : target_{std::move(target)}, options_{std::move(o)},
          pause_{options_.backoff_first(), options_.backoff_most()},
          queue_{std::max(options_.queue_capacity(), least_capacity)} {
        settings_.observe_with(options_.observed_by());
        if (options_.observed_by())
            driver_.session().on_notice = [o = options_.observed_by()](const server_error& n) {
                o->notice(n);
            };
        driver_.session().on_notification = [this](notification&& n) { arrived(std::move(n)); };
        driver_.interrupt_by(wake_.get());
    }

    void change(std::string_view channel, bool wanted) {
        const std::lock_guard lock{mutex_};
        const bool changed = wanted ? subscriptions_.add(channel) : subscriptions_.remove(channel);
        if (changed && waiting_) wake_.set();
    }

    std::optional<notification_event> next(deadline until) {
        const std::lock_guard reading{reading_};
        for (;;) {
            if (auto e = queue_.pop()) return e;
            check_open();
            if (until.expired()) return std::nullopt;
            step(until);
        }
    }

    void ready(deadline until) {
        const std::lock_guard reading{reading_};
        while (!settled()) {
            check_open();
            if (until.expired())
                throw error{errc::timeout, last_error_ ? "the channels were not subscribed in time; the "
                                                         "last error: " +
                                                             last_error_.message()
                                                       : "the channels were not subscribed in time"};
            step(until);
        }
    }

    std::int32_t backend_pid() const noexcept { return pid_; }

    void close() noexcept {
        stopping_ = true;
        wake_.set();
        const std::lock_guard reading{reading_};
        driver_.close();
        pid_ = 0;
    }

private:
    void check_open() const {
        if (stopping_) throw error{errc::connection_closed, "the listener is closed"};
    }
    bool settled() {
        const std::lock_guard lock{mutex_};
        return live_ && subscriptions_.settled();
    }
    std::string changes() {
        const std::lock_guard lock{mutex_};
        return subscriptions_.changes();
    }

    /// One thing at a time: wait before connecting, connect, subscribe, read.
    void step(deadline until) {
        if (!driver_.is_open()) {
            if (steady_clock::now() < retry_at_.at()) return wake_.wait(earlier(until, retry_at_));
            if (auto f = connect()) lost(f);
            return;
        }
        const auto sql = changes();
        auto f = sql.empty() && live_ ? wait_for_more(until) : subscribe(sql);
        if (f) lost(f);
    }

    failure connect() {
        tusk::detail::connect_watch watch{settings_, target_->config().database(), target_->config().user()};
        auto f = driver_.connect(target_, deadline::in(options_.connect_timeout()));
        watch.finish(f, driver_.host().host, driver_.host().port, driver_.session());
        return f;
    }

    failure subscribe(const std::string& sql) {
        if (!sql.empty()) {
            tusk::detail::command_sink sink;
            protocol::simple_query machine{driver_.session(), sql, sink};
            driver_.run(machine, deadline::in(options_.answer_timeout()));
            if (machine.result()) return machine.take_result();
        }
        if (!live_) live_since_ = steady_clock::now();
        live_ = true;
        pid_ = driver_.session().backend_pid;
        heard();
        gaps_.subscribed();
        if (auto g = gaps_.take()) queue_.push(std::move(*g));
        const std::lock_guard lock{mutex_};
        subscriptions_.applied();
        return {};
    }

    failure wait_for_more(deadline until) {
        {
            const std::lock_guard lock{mutex_};
            if (!subscriptions_.settled()) return {};
            waiting_ = true;
        }
        protocol::await_notification machine{driver_.session()};
        driver_.run(machine, earlier(until, quiet_until_));
        {
            const std::lock_guard lock{mutex_};
            waiting_ = false;
            if (!stopping_) wake_.clear();
        }
        auto f = machine.take_result();
        if (f.code() == errc::canceled) return {}; // other channels, or the end
        if (f.code() != errc::timeout) return f;
        return quiet_until_.expired() ? ask() : failure{};
    }

    failure ask() {
        protocol::ping question{driver_.session()};
        driver_.run(question, deadline::in(options_.answer_timeout()));
        auto f = question.take_result();
        if (f == condition::timeout)
            f.add_context("the server of a listener that was idle did not answer; it counts as lost");
        if (!f) heard();
        return f;
    }

    void heard() {
        gaps_.heard();
        quiet_until_ = deadline::in(options_.keepalive());
    }

    void arrived(notification&& n) {
        if (!options_.wants(n)) return;
        if (auto g = gaps_.take()) queue_.push(std::move(*g));
        heard();
        queue_.push(std::move(n));
    }

    void lost(const failure& why) {
        driver_.session().broken = true; // also after a refused LISTEN
        driver_.close();
        pid_ = 0;
        if (stopping_) return;
        if (live_) pause_.connected_for(steady_clock::now() - live_since_);
        live_ = false;
        retry_at_ = deadline{steady_clock::now() + pause_.next(random_)};
        last_error_ = why;
        gaps_.lost(why);
        {
            const std::lock_guard lock{mutex_};
            subscriptions_.forget();
        }
        options_.report(why);
    }

    /// What one read brings is never dropped: the smallest notification has 12 bytes.
    static constexpr std::size_t least_capacity = 16384;

    const std::shared_ptr<const net::connect_target> target_;
    const listener_options options_;
    connection_settings settings_;
    flag_descriptor wake_;
    std::atomic<bool> stopping_ = false;

    std::mutex reading_; // guards what follows: whoever is in `next`
    net::blocking_driver driver_;
    tusk::detail::reconnect_delay pause_;
    tusk::detail::gap_keeper gaps_;
    tusk::detail::notification_queue queue_;
    std::minstd_rand random_{std::random_device{}()};
    failure last_error_;
    steady_clock::time_point live_since_{};
    deadline retry_at_{steady_clock::time_point{}};
    deadline quiet_until_;
    bool live_ = false;                 ///< Connected, and subscribed once.
    std::atomic<std::int32_t> pid_ = 0; ///< While live; any thread may ask.

    std::mutex mutex_; // guards what follows
    tusk::detail::subscriptions subscriptions_;
    bool waiting_ = false; ///< Somebody reads and wants to know of changes.
};

namespace {

std::shared_ptr<const net::connect_target> target_of(connect_config server) {
    auto target = net::connect_target::make(std::move(server));
    if (!target) throw error{target.error()};
    return std::move(*target);
}

} // namespace

listener::listener(connect_config server, listener_options o)
    : core_{std::make_unique<core>(target_of(std::move(server)), std::move(o))} {}

listener::listener(std::string_view conninfo, listener_options o)
    : listener{parse_connect_config(conninfo).value(), std::move(o)} {}

listener::listener(listener&&) noexcept = default;
listener& listener::operator=(listener&&) noexcept = default;

listener::~listener() {
    if (core_) core_->close();
}

void listener::listen(std::string_view channel) {
    throw_if(tusk::detail::check_channel(channel));
    core_->change(channel, true);
}

void listener::unlisten(std::string_view channel) { core_->change(channel, false); }

notification_event listener::next() { return *core_->next(deadline::never()); }

std::optional<notification_event> listener::next(steady_clock::duration timeout) {
    return core_->next(deadline::in(std::max<steady_clock::duration>(timeout, std::chrono::milliseconds{1})));
}

void listener::ready(steady_clock::duration timeout) { core_->ready(deadline::in(timeout, false)); }

std::int32_t listener::backend_pid() const noexcept { return core_->backend_pid(); }

void listener::close() noexcept { core_->close(); }

} // namespace tusk::blocking
