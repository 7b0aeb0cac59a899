#include <tusk/observe/otlp_exporter.hpp>

#include <condition_variable>

#include <gtest/gtest.h>

#include "events.hpp"
#include <tusk/observe/prometheus.hpp>

namespace otlp_exporter_test {

using namespace std::chrono_literals;
using namespace tusk::observe;

/// A transport of the program's own, which is what the interface is for: it keeps what it is given and
/// answers what it is told to.
class kept final : public otlp_transport {
public:
    struct posted {
        std::string url, body;
    };
    struct book {
        std::mutex mutex;
        std::condition_variable changed;
        std::vector<posted> all;
        std::vector<http_answer> answers; ///< The last one stays.
        bool stopped = false;
        bool blocked = false;
    };
    explicit kept(std::shared_ptr<book> to) : to_{std::move(to)} {}

    tusk::result<http_answer> post(const otlp_endpoint& to, std::string_view type,
                                   std::string_view body) override {
        EXPECT_EQ(type, "application/json");
        std::unique_lock lock{to_->mutex};
        to_->all.push_back({to.url, std::string{body}});
        to_->changed.notify_all();
        to_->changed.wait(lock, [&] { return !to_->blocked || to_->stopped; });
        if (to_->stopped) return tusk::failure{tusk::errc::canceled, "stopped"};
        if (to_->answers.empty()) return http_answer{200, "{}", {}};
        const auto out = to_->answers.front();
        if (to_->answers.size() > 1) to_->answers.erase(to_->answers.begin());
        return out;
    }
    void stop() noexcept override {
        const std::scoped_lock lock{to_->mutex};
        to_->stopped = true;
        to_->changed.notify_all();
    }

private:
    std::shared_ptr<book> to_;
};

class exporter : public ::testing::Test {
protected:
    std::unique_ptr<otlp_exporter> start(otlp_config c, const registry* metrics = nullptr) {
        return std::make_unique<otlp_exporter>(std::move(c), metrics, std::make_unique<kept>(book));
    }
    std::size_t posts(std::string_view part = "") const {
        const std::scoped_lock lock{book->mutex};
        return static_cast<std::size_t>(
            std::ranges::count_if(book->all, [&](const auto& p) { return p.url.find(part) != p.url.npos; }));
    }
    static void query(otlp_exporter& to, int times = 1) {
        for (int i = 0; i < times; ++i) events::query(*to.tracer(), "SELECT", "users", 1ms);
    }
    /// Long enough that only what a test asks for happens.
    static otlp_config patient() { return otlp_config{}.span_delay(1h).metric_interval(1h); }

    std::shared_ptr<kept::book> book = std::make_shared<kept::book>();
    registry in;
};

TEST_F(exporter, sends_what_there_is_when_asked) {
    in.counter("orders_total", "Orders").with().add();
    const auto e = start(patient(), &in);
    query(*e, 3);
    EXPECT_TRUE(e->flush(5s));
    EXPECT_EQ(posts("/v1/traces"), 1U);
    EXPECT_EQ(posts("/v1/metrics"), 1U);
    const auto s = e->stats();
    EXPECT_EQ(s.spans_sent, 3U);
    EXPECT_EQ(s.metrics_sent, 1U);
    EXPECT_EQ(s.last_problem, "");
}

TEST_F(exporter, sends_a_full_batch_at_once_and_the_rest_at_the_end) {
    auto e = start(patient().span_batch(4));
    query(*e, 4);
    {
        std::unique_lock lock{book->mutex};
        EXPECT_TRUE(book->changed.wait_for(lock, 10s, [&] { return !book->all.empty(); }));
    }
    query(*e, 3);
    EXPECT_EQ(posts(), 1U);
    e.reset();
    EXPECT_EQ(posts(), 2U);
}

TEST_F(exporter, sends_after_the_delay) {
    const auto e = start(patient().span_delay(20ms));
    query(*e);
    std::unique_lock lock{book->mutex};
    EXPECT_TRUE(book->changed.wait_for(lock, 10s, [&] { return !book->all.empty(); }));
}

TEST_F(exporter, sends_metrics_in_their_interval) {
    in.counter("orders_total", "Orders").with().add();
    const auto e = start(patient().metric_interval(20ms), &in);
    std::unique_lock lock{book->mutex};
    EXPECT_TRUE(book->changed.wait_for(lock, 10s, [&] { return book->all.size() >= 3; }));
}

TEST_F(exporter, cuts_into_batches) {
    const auto e = start(patient().span_batch(100).span_queue(1'000));
    query(*e, 99);
    e->flush(5s);
    query(*e, 99);
    EXPECT_TRUE(e->flush(5s));
    EXPECT_EQ(e->stats().spans_sent, 198U);
}

TEST_F(exporter, never_makes_the_program_wait) {
    book->blocked = true;
    auto e = start(patient().span_queue(10).span_batch(10));
    query(*e, 10); // taken over by the thread, which blocks
    {
        std::unique_lock lock{book->mutex};
        ASSERT_TRUE(book->changed.wait_for(lock, 10s, [&] { return !book->all.empty(); }));
    }
    query(*e, 25);
    EXPECT_EQ(e->stats().spans_dropped, 15U);
    const auto before = tusk::steady_clock::now();
    EXPECT_FALSE(e->flush(50ms));
    EXPECT_LT(tusk::steady_clock::now() - before, 3s);
    {
        const std::scoped_lock lock{book->mutex};
        book->blocked = false;
        book->changed.notify_all();
    }
    EXPECT_TRUE(e->flush(5s));
    EXPECT_EQ(e->stats().spans_sent, 20U);
}

TEST_F(exporter, keeps_what_may_be_sent_again) {
    book->answers = {{503, "", 1h}, {200, "{}", {}}};
    const auto e = start(patient().span_timeout(24h));
    query(*e, 2);
    EXPECT_FALSE(e->flush(5s));
    EXPECT_EQ(e->stats().spans_sent, 0U);
    EXPECT_NE(e->stats().last_problem.find("503"), std::string::npos);
    EXPECT_TRUE(e->flush(5s));
    EXPECT_EQ(e->stats().spans_sent, 2U);
    const std::scoped_lock lock{book->mutex};
    ASSERT_EQ(book->all.size(), 2U);
    EXPECT_EQ(book->all[0].body, book->all[1].body) << "the same spans, not encoded anew";
}

TEST_F(exporter, drops_what_is_refused_and_counts_it) {
    book->answers = {{400, "", {}}};
    const auto e = start(patient());
    query(*e, 2);
    EXPECT_FALSE(e->flush(5s));
    EXPECT_EQ(e->stats().spans_failed, 2U);
    EXPECT_EQ(posts(), 1U);
}

TEST_F(exporter, counts_what_was_rejected_of_what_was_taken) {
    book->answers = {{200, R"({"partialSuccess":{"rejectedSpans":"1","errorMessage":"too old"}})", {}}};
    const auto e = start(patient());
    query(*e, 3);
    EXPECT_TRUE(e->flush(5s));
    EXPECT_EQ(e->stats().spans_sent, 2U);
    EXPECT_EQ(e->stats().spans_failed, 1U);
    EXPECT_NE(e->stats().last_problem.find("too old"), std::string::npos);
}

TEST_F(exporter, that_is_switched_off_records_and_sends_nothing) {
    const auto off = otlp_config::from_environment([](std::string_view name) {
        return name == "OTEL_SDK_DISABLED" ? std::optional<std::string>{"true"} : std::nullopt;
    });
    auto e = start(off, &in);
    query(*e, 3);
    EXPECT_EQ(e->tracer()->waiting(), 0U);
    EXPECT_TRUE(e->flush(1s));
    e.reset();
    EXPECT_EQ(posts(), 0U);
}

TEST_F(exporter, that_has_gone_leaves_a_tracer_that_works) {
    auto e = start(patient().span_batch(2));
    const auto tracer = e->tracer();
    e.reset();
    for (int i = 0; i < 5; ++i) events::query(*tracer, "SELECT", "users", 1ms);
    EXPECT_EQ(tracer->waiting(), 5U);
}

TEST_F(exporter, is_counted) {
    book->answers = {{400, "", {}}};
    const auto e = start(patient());
    const auto counting = e->count_in(in);
    query(*e, 2);
    e->flush(5s);
    const auto page = to_prometheus(in);
    EXPECT_NE(page.find("otlp_spans_total{result=\"failed\"} 2\n"), page.npos) << page;
    EXPECT_NE(page.find("otlp_requests_total 1\n"), page.npos) << page;
}

TEST_F(exporter, a_callback_that_throws_stops_nothing) {
    const auto bad = in.on_collect([](snapshot&) { throw std::runtime_error{"no pool"}; });
    const auto e = start(patient(), &in);
    query(*e);
    EXPECT_FALSE(e->flush(5s));
    EXPECT_NE(e->stats().last_problem.find("no pool"), std::string::npos);
}

} // namespace otlp_exporter_test
