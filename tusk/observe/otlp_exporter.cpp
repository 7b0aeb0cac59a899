#include <tusk/observe/otlp_exporter.hpp>

#include <algorithm>
#include <condition_variable>
#include <random>
#include <thread>

#include <tusk/observe/detail/delivery.hpp>
#include <tusk/observe/detail/otlp_json.hpp>

namespace tusk::observe {

namespace {

using time_point = steady_clock::time_point;

constexpr std::string_view json_type = "application/json";

std::function<double()> jitter() {
    return [engine = std::mt19937{std::random_device{}()}]() mutable {
        return std::uniform_real_distribution<double>{0, 1}(engine);
    };
}

sampling rules_of(const otlp_config& config) {
    if (config.is_enabled() && !config.traces().url.empty()) return config.sampler();
    return sampling{}.roots(sampling::rule::never).follow_parent(false);
}

} // namespace

class otlp_exporter::impl {
public:
    impl(otlp_config config, const registry* metrics, std::unique_ptr<otlp_transport> through)
        : config_{std::move(config)}, metrics_{metrics}, transport_{std::move(through)},
          tracer_{std::make_shared<observe::tracer>(rules_of(config_), config_.span_queue())} {
        const bool traces = config_.is_enabled() && !config_.traces().url.empty();
        sends_metrics_ = config_.is_enabled() && metrics_ != nullptr && !config_.metrics().url.empty();
        if (!traces && !sends_metrics_) return;
        tracer_->when(config_.span_batch(), [this] { wake(); });
        thread_ = std::thread{[this] { run(); }};
    }

    ~impl() {
        tracer_->when(0, {});
        if (!thread_.joinable()) return;
        if (!flush(last_words)) transport_->stop();
        {
            const std::scoped_lock lock{mutex_};
            ending_ = true;
        }
        changed_.notify_all();
        thread_.join();
    }

    const std::shared_ptr<observe::tracer>& tracer() const noexcept { return tracer_; }

    bool flush(std::chrono::milliseconds limit) {
        if (!thread_.joinable()) return true;
        std::unique_lock lock{mutex_};
        const auto wanted = ++flush_asked_;
        changed_.notify_all();
        const bool answered = flushed_.wait_for(lock, limit, [&] { return flush_done_ >= wanted; });
        return answered && flush_good_;
    }

    otlp_stats stats() const {
        const std::scoped_lock lock{mutex_};
        auto out = stats_;
        out.spans_dropped = tracer_->dropped();
        return out;
    }

private:
    void wake() noexcept {
        {
            const std::scoped_lock lock{mutex_};
            spans_wait_ = true;
        }
        changed_.notify_all();
    }

    void run() {
        auto spans_due = steady_clock::now() + config_.span_delay();
        auto metrics_due = steady_clock::now() + config_.metric_interval();
        for (;;) {
            std::uint64_t asked = 0;
            bool full = false;
            {
                std::unique_lock lock{mutex_};
                changed_.wait_until(lock, next_wake(spans_due, metrics_due),
                                    [&] { return ending_ || spans_wait_ || flush_asked_ != flush_done_; });
                if (ending_) return;
                asked = flush_asked_;
                full = std::exchange(spans_wait_, false);
            }
            const bool flushing = asked != flush_done_;
            bool good = true;
            try {
                const auto now = steady_clock::now();
                if (flushing || full || now >= spans_due) {
                    spans_due = now + config_.span_delay();
                    collect_spans();
                }
                if (sends_metrics_ && (flushing || now >= metrics_due)) {
                    metrics_due = now + config_.metric_interval();
                    good = collect_metrics(now);
                }
                good = send(flushing) && good;
            } catch (const std::exception& e) { // out of memory
                note(e.what());
                good = false;
            }
            if (flushing) end_flush(asked, good);
        }
    }

    time_point next_wake(time_point spans_due, time_point metrics_due) const {
        auto out = spans_due;
        if (sends_metrics_) out = std::min(out, metrics_due);
        for (const auto* one : {&spans_, &points_})
            if (!one->is_idle()) out = std::min(out, one->due());
        return out;
    }

    void end_flush(std::uint64_t asked, bool good) {
        {
            const std::scoped_lock lock{mutex_};
            flush_done_ = asked;
            flush_good_ = good;
        }
        flushed_.notify_all();
    }

    /// Takes over what finished, unless what was taken before is still on its way: then the queue holds it.
    void collect_spans() {
        if (sent_of_taken_ == taken_count_) {
            sent_of_taken_ = 0;
            tracer_->take(taken_, taken_count_);
        }
    }

    /// Newer numbers replace older ones that are still on their way: they are sums since the start.
    bool collect_metrics(time_point now) {
        try {
            const auto read = metrics_->collect(vocabulary::opentelemetry);
            const auto at = std::chrono::system_clock::now();
            points_.begin(detail::metrics_json(read, config_, started_, at), 1, now,
                          now + config_.metric_interval());
            return true;
        } catch (const std::exception& e) { // of a callback of the registry
            note(std::string{"metrics could not be read: "} + e.what());
            return false;
        }
    }

    /// Sends what is due, and all there is when `flushing`. Whether nothing is left that could not be sent.
    bool send(bool flushing) {
        bool good = true;
        if (!points_.is_idle() && (flushing || steady_clock::now() >= points_.due()))
            good = post(config_.metrics(), points_, false) == detail::delivered::taken;
        for (;;) {
            if (spans_.is_idle() && !next_batch()) return good;
            if (!flushing && steady_clock::now() < spans_.due()) return good;
            const auto what = post(config_.traces(), spans_, true);
            if (what != detail::delivered::taken) good = false;
            if (what == detail::delivered::again) return false;
            if (is_ending()) return false;
        }
    }

    bool is_ending() const {
        const std::scoped_lock lock{mutex_};
        return ending_;
    }

    bool next_batch() {
        if (sent_of_taken_ == taken_count_) collect_spans();
        const auto count = std::min(taken_count_ - sent_of_taken_, config_.span_batch());
        if (count == 0) return false;
        const auto now = steady_clock::now();
        const auto epoch = std::chrono::system_clock::now() -
                           std::chrono::duration_cast<detail::system_time::duration>(now.time_since_epoch());
        auto body =
            detail::spans_json(std::span{taken_}.subspan(sent_of_taken_, count), *tracer_, config_, epoch);
        sent_of_taken_ += count;
        spans_.begin(std::move(body), count, now, now + config_.span_timeout());
        return true;
    }

    detail::delivered post(const otlp_endpoint& to, detail::delivery& what, bool spans) {
        const auto items = what.items();
        const auto answer = transport_->post(to, json_type, what.body());
        const auto outcome = what.answered(answer, steady_clock::now());
        const auto partial = outcome == detail::delivered::taken ? detail::read_partial_success(answer->body)
                                                                 : detail::partial_success{};
        const std::scoped_lock lock{mutex_};
        ++stats_.attempts;
        if (outcome != detail::delivered::taken)
            stats_.last_problem =
                to.url + ": " +
                (answer ? "status " + std::to_string(answer->status) : std::string{answer.error().message()});
        else if (partial.rejected != 0 || !partial.message.empty())
            stats_.last_problem =
                to.url + ": " + std::to_string(partial.rejected) + " rejected: " + partial.message;
        count(outcome, items, partial.rejected, spans);
        return outcome;
    }

    void count(detail::delivered outcome, std::size_t items, std::uint64_t rejected, bool spans) {
        if (outcome == detail::delivered::again) return;
        const bool taken = outcome == detail::delivered::taken;
        if (!spans) {
            ++(taken ? stats_.metrics_sent : stats_.metrics_failed);
            return;
        }
        const auto lost = taken ? std::min<std::uint64_t>(rejected, items) : items;
        stats_.spans_sent += items - lost;
        stats_.spans_failed += lost;
    }

    void note(std::string problem) {
        const std::scoped_lock lock{mutex_};
        stats_.last_problem = std::move(problem);
    }

    const otlp_config config_;
    const registry* metrics_;
    std::unique_ptr<otlp_transport> transport_;
    std::shared_ptr<observe::tracer> tracer_;
    bool sends_metrics_ = false;
    const detail::system_time started_ = std::chrono::system_clock::now();

    // The thread's own.
    std::vector<finished_span> taken_;
    std::size_t taken_count_ = 0;
    std::size_t sent_of_taken_ = 0;
    detail::delivery spans_{jitter()};
    detail::delivery points_{jitter()};

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::condition_variable flushed_;
    otlp_stats stats_;
    std::uint64_t flush_asked_ = 0;
    std::uint64_t flush_done_ = 0;
    bool flush_good_ = false;
    bool spans_wait_ = false;
    bool ending_ = false;
    std::thread thread_;
};

otlp_exporter::otlp_exporter(otlp_config config, const registry* metrics,
                             std::unique_ptr<otlp_transport> through)
    : impl_{std::make_unique<impl>(std::move(config), metrics, std::move(through))} {}
otlp_exporter::~otlp_exporter() = default;
const std::shared_ptr<tracer>& otlp_exporter::tracer() const noexcept { return impl_->tracer(); }
bool otlp_exporter::flush(std::chrono::milliseconds limit) { return impl_->flush(limit); }
otlp_stats otlp_exporter::stats() const { return impl_->stats(); }

subscription otlp_exporter::count_in(registry& in) const {
    return in.on_collect([this](snapshot& into) {
        constexpr std::string_view name = "otlp_spans_total", help = "Spans by what became of them";
        const auto now = stats();
        into.counter(name, help, now.spans_sent, label{"result", "sent"});
        into.counter(name, help, now.spans_dropped, label{"result", "dropped"});
        into.counter(name, help, now.spans_failed, label{"result", "failed"});
        into.counter("otlp_requests_total", "Requests to the collector", now.attempts);
    });
}

} // namespace tusk::observe
