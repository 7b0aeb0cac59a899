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
    explicit several(std::vector<std::shared_ptr<observer>> to) : to_{std::move(to)} {}

    void connect_started(connect_event& e) noexcept override { start(e, &observer::connect_started); }
    void connect_finished(connect_event& e) noexcept override { finish(e, &observer::connect_finished); }
    void query_started(query_event& e) noexcept override { start(e, &observer::query_started); }
    void query_finished(query_event& e) noexcept override { finish(e, &observer::query_finished); }
    void prepared(prepare_event& e) noexcept override { tell(e, &observer::prepared); }
    void canceled(cancel_event& e) noexcept override { tell(e, &observer::canceled); }
    void batch_started(batch_event& e) noexcept override { start(e, &observer::batch_started); }
    void batch_finished(batch_event& e) noexcept override { finish(e, &observer::batch_finished); }
    void copy_started(copy_event& e) noexcept override { start(e, &observer::copy_started); }
    void copy_finished(copy_event& e) noexcept override { finish(e, &observer::copy_finished); }
    void transaction_finished(transaction_event& e) noexcept override {
        tell(e, &observer::transaction_finished);
    }
    void acquire_finished(acquire_event& e) noexcept override { tell(e, &observer::acquire_finished); }
    void released(release_event& e) noexcept override { tell(e, &observer::released); }
    void connection_closed(connection_closed_event& e) noexcept override {
        tell(e, &observer::connection_closed);
    }
    void health_checked(health_event& e) noexcept override { tell(e, &observer::health_checked); }
    void breaker_changed(breaker_event& e) noexcept override { tell(e, &observer::breaker_changed); }
    void retried(retry_event& e) noexcept override { tell(e, &observer::retried); }
    void under_pressure(pressure_event& e) noexcept override { tell(e, &observer::under_pressure); }
    void leaked(leak_event& e) noexcept override { tell(e, &observer::leaked); }
    void notice(const server_error& n) noexcept override {
        for (const auto& one : to_) one->notice(n);
    }

private:
    template <class Event>
    using call = void (observer::*)(Event&) noexcept;

    template <class Event>
    void tell(Event& e, call<Event> what) noexcept {
        for (const auto& one : to_) (one.get()->*what)(e);
    }

    template <class Event>
    void start(Event& e, call<Event> what) noexcept {
        contexts* kept = nullptr;
        for (std::size_t i = 0; i < to_.size(); ++i) {
            e.context = nullptr;
            (to_[i].get()->*what)(e);
            if (e.context == nullptr) continue;
            if (kept == nullptr) kept = new (std::nothrow) contexts{};
            if (kept != nullptr) (*kept)[i] = e.context;
        }
        e.context = kept;
    }

    template <class Event>
    void finish(Event& e, call<Event> what) noexcept {
        const std::unique_ptr<contexts> kept{static_cast<contexts*>(e.context)};
        for (std::size_t i = 0; i < to_.size(); ++i) {
            e.context = kept ? (*kept)[i] : nullptr;
            (to_[i].get()->*what)(e);
        }
        e.context = nullptr;
    }

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
