#include <tusk/observe/fan_out.hpp>

#include <array>
#include <new>

namespace tusk::observe {

namespace {

constexpr std::size_t most_observers = 8;

/// What the observers keep in `context` between the start and the end of an event. Made only for those that
/// keep something: most do not.
using contexts = std::array<void*, most_observers>;

class several final : public observer {
public:
    explicit several(std::vector<std::shared_ptr<observer>> to) : to_{std::move(to)} {
        for (const auto& one : to_) each_[count_++] = one.get();
    }

    void connect_started(connect_event& e) noexcept override {
        start(e, [](observer& o, auto& of) { o.connect_started(of); });
    }
    void connect_finished(connect_event& e) noexcept override {
        finish(e, [](observer& o, auto& of) { o.connect_finished(of); });
    }
    void query_started(query_event& e) noexcept override {
        start(e, [](observer& o, auto& of) { o.query_started(of); });
    }
    void query_finished(query_event& e) noexcept override {
        finish(e, [](observer& o, auto& of) { o.query_finished(of); });
    }
    void prepared(prepare_event& e) noexcept override {
        tell(e, [](observer& o, auto& of) { o.prepared(of); });
    }
    void canceled(cancel_event& e) noexcept override {
        tell(e, [](observer& o, auto& of) { o.canceled(of); });
    }
    void batch_started(batch_event& e) noexcept override {
        start(e, [](observer& o, auto& of) { o.batch_started(of); });
    }
    void batch_finished(batch_event& e) noexcept override {
        finish(e, [](observer& o, auto& of) { o.batch_finished(of); });
    }
    void copy_started(copy_event& e) noexcept override {
        start(e, [](observer& o, auto& of) { o.copy_started(of); });
    }
    void copy_finished(copy_event& e) noexcept override {
        finish(e, [](observer& o, auto& of) { o.copy_finished(of); });
    }
    void transaction_finished(transaction_event& e) noexcept override {
        tell(e, [](observer& o, auto& of) { o.transaction_finished(of); });
    }
    void acquire_finished(acquire_event& e) noexcept override {
        tell(e, [](observer& o, auto& of) { o.acquire_finished(of); });
    }
    void released(release_event& e) noexcept override {
        tell(e, [](observer& o, auto& of) { o.released(of); });
    }
    void connection_closed(connection_closed_event& e) noexcept override {
        tell(e, [](observer& o, auto& of) { o.connection_closed(of); });
    }
    void health_checked(health_event& e) noexcept override {
        tell(e, [](observer& o, auto& of) { o.health_checked(of); });
    }
    void breaker_changed(breaker_event& e) noexcept override {
        tell(e, [](observer& o, auto& of) { o.breaker_changed(of); });
    }
    void retried(retry_event& e) noexcept override {
        tell(e, [](observer& o, auto& of) { o.retried(of); });
    }
    void under_pressure(pressure_event& e) noexcept override {
        tell(e, [](observer& o, auto& of) { o.under_pressure(of); });
    }
    void leaked(leak_event& e) noexcept override {
        tell(e, [](observer& o, auto& of) { o.leaked(of); });
    }
    void notice(const server_error& n) noexcept override {
        for (const auto& one : to_) one->notice(n);
    }

private:
    template <class Event, class Call>
    void tell(Event& e, Call call) noexcept {
        for (std::size_t i = 0; i < count_; ++i) call(*each_[i], e);
    }

    template <class Event, class Call>
    void start(Event& e, Call call) noexcept {
        contexts* kept = nullptr;
        for (std::size_t i = 0; i < count_; ++i) {
            e.context = nullptr;
            call(*each_[i], e);
            if (e.context == nullptr) continue;
            if (kept == nullptr) kept = new (std::nothrow) contexts{};
            if (kept != nullptr) (*kept)[i] = e.context;
        }
        e.context = kept;
    }

    template <class Event, class Call>
    void finish(Event& e, Call call) noexcept {
        const std::unique_ptr<contexts> kept{static_cast<contexts*>(e.context)};
        e.context = nullptr;
        for (std::size_t i = 0; i < count_; ++i) {
            if (kept) e.context = (*kept)[i];
            call(*each_[i], e);
        }
        e.context = nullptr;
    }

    std::array<observer*, most_observers> each_{}; // the same, one step nearer
    std::size_t count_ = 0;
    std::vector<std::shared_ptr<observer>> to_;
};

} // namespace

std::shared_ptr<observer> fan_out(std::vector<std::shared_ptr<observer>> to) {
    std::erase(to, nullptr);
    if (to.size() > most_observers) throw error{errc::invalid_argument, "fan_out takes up to 8 observers"};
    if (to.size() == 1) return std::move(to.front());
    return std::make_shared<several>(std::move(to));
}

} // namespace tusk::observe
