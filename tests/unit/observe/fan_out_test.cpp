#include <tusk/observe/fan_out.hpp>

#include <gtest/gtest.h>

#include "events.hpp"

namespace fan_out_test {

using namespace std::chrono_literals;

/// Keeps a number of its own from the start of an event to its end.
class keeper final : public tusk::observer {
public:
    explicit keeper(bool keeps) : keeps_{keeps} {}
    void query_started(tusk::query_event& e) noexcept override {
        EXPECT_EQ(e.context, nullptr);
        if (keeps_) e.context = &number_;
    }
    void query_finished(tusk::query_event& e) noexcept override {
        EXPECT_EQ(e.context, keeps_ ? &number_ : nullptr);
        ++queries;
    }
    void released(tusk::release_event&) noexcept override { ++releases; }
    void notice(const tusk::server_error&) noexcept override { ++notices; }

    int queries = 0, releases = 0, notices = 0;

private:
    bool keeps_;
    int number_ = 0;
};

TEST(fan_out, tells_everybody_and_keeps_what_each_keeps) {
    const auto first = std::make_shared<keeper>(true), second = std::make_shared<keeper>(false),
               third = std::make_shared<keeper>(true);
    const auto all = tusk::observe::fan_out({first, second, nullptr, third});
    events::query(*all, "SELECT", "users", 1ms);
    events::query(*all, "SELECT", "users", 1ms);
    events::release(*all, "main", 1ms);
    all->notice({});
    for (const auto& one : {first, second, third}) {
        EXPECT_EQ(one->queries, 2);
        EXPECT_EQ(one->releases, 1);
        EXPECT_EQ(one->notices, 1);
    }
}

TEST(fan_out, of_one_is_that_one) {
    const auto only = std::make_shared<keeper>(true);
    EXPECT_EQ(tusk::observe::fan_out({nullptr, only}), only);
}

TEST(fan_out, of_nobody_is_quiet) {
    const auto none = tusk::observe::fan_out({});
    events::query(*none, "SELECT", "users", 1ms);
}

TEST(fan_out, refuses_more_than_it_takes) {
    EXPECT_THROW(tusk::observe::fan_out(
                     std::vector<std::shared_ptr<tusk::observer>>(9, std::make_shared<keeper>(false))),
                 tusk::error);
}

} // namespace fan_out_test
