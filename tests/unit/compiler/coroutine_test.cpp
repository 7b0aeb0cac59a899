#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gtest/gtest.h>

#include <tusk/client/options.hpp>
#include <tusk/client/tx_options.hpp>
#include <tusk/testing/run_async.hpp>

// g++ 12.2 destroys some temporaries of a `co_await` expression twice. These tests pin the forms that are
// safe; run under AddressSanitizer they fail when a compiler or a change of an interface breaks one of them.

namespace coroutine_test {

namespace asio = boost::asio;

/// Counts its living copies.
class counted {
public:
    counted() { ++alive; }
    counted(const counted&) { ++alive; }
    counted(counted&&) noexcept { ++alive; }
    counted& operator=(const counted&) = default;
    counted& operator=(counted&&) = default;
    ~counted() { --alive; }
    static inline int alive = 0;
};

/// An owning class with chained setters: the shape of Tusk's options.
class settings {
public:
    settings() = default;
    settings& text(std::string t) {
        text_ = std::move(t);
        return *this;
    }
    const std::string& text() const { return text_; }

private:
    std::string text_;
    counted life_;
};

struct aggregate {
    std::string text;
    counted life;
};

const std::string long_text = "longer than what a small string holds inside itself";

asio::awaitable<std::size_t> take(settings s) { co_return s.text().size(); }
asio::awaitable<std::size_t> take_aggregate(aggregate a) { co_return a.text.size(); }
asio::awaitable<int> answer(int n) { co_return n; }

/// Arguments are encoded by an ordinary function that returns the awaitable.
template <class... A>
asio::awaitable<std::size_t> eager(const A&... args) {
    const std::string encoded = (std::string{} + ... + std::string{args});
    return take(settings{}.text(encoded));
}

class coroutines : public ::testing::Test {
protected:
    void SetUp() override { counted::alive = 0; }
    void TearDown() override { EXPECT_EQ(counted::alive, 0); }
};

TEST_F(coroutines, a_class_with_chained_setters_may_be_made_inside_co_await) {
    tusk::testing::run_async([]() -> asio::awaitable<void> {
        EXPECT_EQ(co_await take(settings{}.text(long_text)), long_text.size());
    }());
}

TEST_F(coroutines, a_named_aggregate_may_be_passed) {
    tusk::testing::run_async([]() -> asio::awaitable<void> {
        aggregate a{long_text, {}};
        EXPECT_EQ(co_await take_aggregate(a), long_text.size());
    }());
}

TEST_F(coroutines, eager_functions_take_temporaries) {
    tusk::testing::run_async([]() -> asio::awaitable<void> {
        EXPECT_EQ(co_await eager(std::string{long_text}, "x"), long_text.size() + 1);
    }());
}

TEST_F(coroutines, closures_that_capture_by_reference_may_be_made_inside_co_await) {
    const auto run = [](auto f) -> asio::awaitable<int> { co_return co_await f(20); };
    tusk::testing::run_async([](auto call) -> asio::awaitable<void> {
        int seen = 0;
        const int got = co_await call([&](int n) -> asio::awaitable<int> {
            seen = n;
            return answer(n + 1);
        });
        EXPECT_EQ(seen, 20);
        EXPECT_EQ(got, 21);
    }(run));
}

TEST_F(coroutines, results_are_bound_before_they_are_tested) {
    tusk::testing::run_async([]() -> asio::awaitable<void> {
        const int n = co_await answer(3);
        if (n == 3) co_return;
        ADD_FAILURE();
    }());
}

TEST_F(coroutines, tusks_own_options_are_safe) {
    const auto take_options = [](tusk::options o, tusk::tx_options t) -> asio::awaitable<unsigned> {
        static_cast<void>(o);
        co_return t.retries();
    };
    tusk::testing::run_async([](auto take_both) -> asio::awaitable<void> {
        using std::chrono::seconds;
        EXPECT_EQ(co_await take_both(tusk::options{}.timeout(seconds{1}),
                                     tusk::tx_options{}.serializable().retries(2)),
                  2U);
    }(take_options));
}

} // namespace coroutine_test
