// The bookkeeping of a pool, with a clock that is moved by hand.
#include <tusk/pool/slots.hpp>

#include <gtest/gtest.h>

#include <climits>
#include <random>

using namespace std::chrono_literals;
using tusk::steady_clock;

namespace slots_test {

class thing : public tusk::detail::slot_times {
public:
    int id = 0;
};
using thing_slots = tusk::detail::slots<thing>;

class pool_of_things {
public:
    pool_of_things(unsigned min, unsigned max) { slots.limits(min, max); }

    thing_slots::item make(steady_clock::duration lifetime = steady_clock::duration::max()) {
        slots.construction_started();
        auto t = std::make_unique<thing>();
        slots.constructed(*t);
        t->id = ++made;
        t->created = now;
        if (lifetime != steady_clock::duration::max()) t->expires = now + lifetime;
        return t;
    }
    void add_idle(steady_clock::duration lifetime = steady_clock::duration::max()) {
        slots.give_back(make(lifetime), now);
    }
    /// Takes one, and keeps it.
    int take() {
        taken.push_back(slots.take());
        return taken.back()->id;
    }
    /// For so many callers, with no limit to those under way at once.
    unsigned wanted(std::size_t waiting) const { return slots.wanted({waiting, UINT_MAX, 0}); }
    std::pair<std::vector<int>, std::vector<int>> sweep(steady_clock::duration max_idle) {
        std::vector<thing_slots::item> old;
        std::vector<thing_slots::item> idle;
        slots.sweep(now, max_idle, old, idle);
        return {ids(old), ids(idle)};
    }
    static std::vector<int> ids(const std::vector<thing_slots::item>& things) {
        std::vector<int> out;
        for (const auto& t : things) out.push_back(t->id);
        return out;
    }

    std::vector<thing_slots::item> taken;
    thing_slots slots;
    steady_clock::time_point now{1000h};
    int made = 0;
};

using ids = std::vector<int>;

TEST(slots, count_every_state) {
    pool_of_things p{0, 5};
    EXPECT_EQ(p.slots.total(), 0U);
    p.slots.construction_started();
    p.slots.construction_started();
    EXPECT_EQ(p.slots.constructing(), 2U);
    EXPECT_EQ(p.slots.total(), 2U);
    p.slots.construction_failed();
    auto made = std::make_unique<thing>();
    p.slots.constructed(*made);
    EXPECT_EQ(p.slots.in_use(), 1U);
    EXPECT_EQ(p.slots.total(), 1U);
    p.slots.give_back(std::move(made), p.now);
    EXPECT_EQ(p.slots.idle(), 1U);
    auto taken = p.slots.take();
    ASSERT_NE(taken, nullptr);
    EXPECT_EQ(p.slots.take(), nullptr);
    p.slots.lost(*taken);
    EXPECT_EQ(p.slots.total(), 0U);
}

TEST(slots, give_the_one_used_last) {
    pool_of_things p{0, 5};
    for (int i = 0; i < 3; ++i) p.add_idle();
    auto third = p.slots.take();
    auto second = p.slots.take();
    EXPECT_EQ(third->id, 3);
    EXPECT_EQ(second->id, 2);
    p.now += 1s;
    p.slots.give_back(std::move(third), p.now);
    EXPECT_EQ(p.take(), 3);
    EXPECT_EQ(p.take(), 1);
}

TEST(slots, note_when_something_was_used) {
    pool_of_things p{0, 5};
    p.add_idle();
    p.now += 7s;
    auto t = p.slots.take();
    EXPECT_EQ(t->last_used, p.now - 7s);
    p.slots.give_back(std::move(t), p.now);
    t = p.slots.take();
    EXPECT_EQ(t->last_used, p.now);
}

TEST(slots, want_one_for_each_waiter_that_none_is_under_way_for) {
    pool_of_things p{0, 4};
    EXPECT_EQ(p.wanted(0), 0U);
    EXPECT_EQ(p.wanted(1), 1U);
    EXPECT_EQ(p.wanted(3), 3U);
    EXPECT_EQ(p.wanted(100), 4U) << "never more than the maximum";
    p.slots.construction_started();
    p.slots.construction_started();
    EXPECT_EQ(p.wanted(2), 0U);
    EXPECT_EQ(p.wanted(3), 1U);
    EXPECT_EQ(p.wanted(SIZE_MAX), 2U);
}

TEST(slots, want_the_minimum_without_waiters) {
    pool_of_things p{3, 4};
    EXPECT_EQ(p.wanted(0), 3U);
    p.add_idle();
    EXPECT_EQ(p.wanted(0), 2U);
    p.slots.construction_started();
    p.slots.construction_started();
    EXPECT_EQ(p.wanted(0), 0U);
}

TEST(slots, want_no_more_at_once_than_they_may) {
    pool_of_things p{0, 8};
    EXPECT_EQ(p.slots.wanted({50, 2, 0}), 2U);
    p.slots.construction_started();
    EXPECT_EQ(p.slots.wanted({50, 2, 0}), 1U);
    p.slots.construction_started();
    EXPECT_EQ(p.slots.wanted({50, 2, 0}), 0U);
}

TEST(slots, want_so_many_idle_ones_whatever_is_in_use) {
    pool_of_things p{0, 5};
    p.slots.limits(0, 5, 2);
    EXPECT_EQ(p.wanted(0), 2U);
    p.add_idle();
    p.add_idle();
    EXPECT_EQ(p.wanted(0), 0U);
    const auto one = p.slots.take();
    EXPECT_EQ(p.wanted(0), 1U);
}

TEST(slots, want_successors_for_those_that_go_soon) {
    pool_of_things p{2, 5};
    p.add_idle(10s);
    p.add_idle(1h);
    EXPECT_EQ(p.slots.expiring(p.now + 5s), 0U);
    EXPECT_EQ(p.slots.expiring(p.now + 10s), 1U);
    EXPECT_EQ(p.slots.wanted({0, 1, 1}), 1U);
}

TEST(slots, give_up_the_coldest_above_a_lowered_maximum) {
    pool_of_things p{0, 5};
    for (int i = 0; i < 4; ++i) p.add_idle();
    const auto used = p.slots.take();
    p.slots.limits(0, 2);
    EXPECT_EQ(pool_of_things::ids(p.slots.surplus()), (ids{1, 2}));
    EXPECT_EQ(p.slots.total(), 2U);
}

TEST(slots, put_back_what_was_looked_after_where_it_was) {
    pool_of_things p{0, 5};
    for (int i = 0; i < 3; ++i) {
        p.add_idle();
        p.now += 1s;
    }
    auto coldest = p.slots.take_coldest();
    EXPECT_EQ(coldest->id, 1);
    p.slots.put_back(std::move(coldest));
    EXPECT_EQ(p.slots.coldest()->id, 1);
    EXPECT_EQ(p.take(), 3);
}

TEST(slots, want_nothing_above_a_maximum_that_was_lowered) {
    pool_of_things p{0, 5};
    for (int i = 0; i < 5; ++i) p.add_idle();
    p.slots.limits(1, 2);
    EXPECT_EQ(p.wanted(10), 0U);
}

TEST(slots, sweep_what_is_too_old_even_below_the_minimum) {
    pool_of_things p{2, 5};
    p.add_idle(10s);
    p.add_idle(20s);
    p.add_idle();
    EXPECT_EQ(p.sweep(0s).first, ids{});
    p.now += 10s;
    EXPECT_EQ(p.sweep(0s).first, ids{1}) << "at its very time";
    p.now += 10s;
    EXPECT_EQ(p.sweep(0s).first, ids{2});
    EXPECT_EQ(p.slots.idle(), 1U);
    EXPECT_EQ(p.wanted(0), 1U) << "the minimum is to be made again";
}

TEST(slots, sweep_the_coldest_above_the_minimum) {
    pool_of_things p{1, 5};
    for (int i = 0; i < 3; ++i) {
        p.add_idle();
        p.now += 1s;
    }
    p.now += 7s; // idle for 10, 9 and 8 seconds
    EXPECT_EQ(p.sweep(9s).second, (ids{1, 2}));
    p.now += 100h;
    EXPECT_EQ(p.sweep(9s).second, ids{}) << "the minimum stays";
    EXPECT_EQ(p.take(), 3);
}

TEST(slots, count_those_in_use_for_the_minimum) {
    pool_of_things p{2, 5};
    auto used = p.make();
    p.add_idle();
    p.add_idle();
    p.now += 1h;
    EXPECT_EQ(p.sweep(1min).second, ids{2}) << "one in use and one idle are two";
    p.slots.give_back(std::move(used), p.now);
}

TEST(slots, never_sweep_for_idleness_when_that_is_off) {
    pool_of_things p{0, 5};
    p.add_idle();
    p.now += 10000h;
    EXPECT_EQ(p.sweep(0s).second, ids{});
    EXPECT_EQ(p.slots.idle(), 1U);
}

TEST(slots, keep_their_order_through_a_sweep) {
    pool_of_things p{0, 9};
    for (int i = 0; i < 6; ++i) p.add_idle(i % 2 == 0 ? 1s : 1h);
    p.now += 1min;
    EXPECT_EQ(p.sweep(0s).first, (ids{1, 3, 5}));
    EXPECT_EQ(p.take(), 6);
    EXPECT_EQ(p.take(), 4);
    EXPECT_EQ(p.take(), 2);
}

TEST(slots, drain_hands_everything_idle_out) {
    pool_of_things p{2, 5};
    auto used = p.make();
    p.add_idle();
    p.add_idle();
    EXPECT_EQ(pool_of_things::ids(p.slots.drain()), (ids{2, 3}));
    EXPECT_EQ(p.slots.idle(), 0U);
    EXPECT_EQ(p.slots.in_use(), 1U);
    p.slots.lost(*used);
    EXPECT_EQ(p.slots.total(), 0U);
}

TEST(slots, keep_their_sums_whatever_happens) {
    std::mt19937 random{1};
    pool_of_things p{3, 8};
    std::vector<thing_slots::item> used;
    for (int i = 0; i < 20'000; ++i) {
        switch (random() % 7) {
        case 0:
            for (auto n = p.wanted(random() % 12); n > 0; --n) p.slots.construction_started();
            break;
        case 1:
            if (p.slots.constructing() > 0) p.slots.construction_failed();
            break;
        case 2:
            if (p.slots.constructing() > 0) {
                auto t = std::make_unique<thing>();
                p.slots.constructed(*t);
                t->expires = p.now + std::chrono::seconds{random() % 100};
                used.push_back(std::move(t));
            }
            break;
        case 3:
            if (auto t = p.slots.take()) used.push_back(std::move(t));
            break;
        case 4:
            if (!used.empty()) {
                p.slots.give_back(std::move(used.back()), p.now);
                used.pop_back();
            }
            break;
        case 5:
            if (!used.empty()) {
                p.slots.lost(*used.back());
                used.pop_back();
            }
            break;
        default:
            p.now += std::chrono::seconds{random() % 10};
            const auto before = p.slots.total();
            const auto [old, idle] = p.sweep(20s);
            ASSERT_EQ(p.slots.total(), before - old.size() - idle.size());
            ASSERT_TRUE(idle.empty() || p.slots.total() >= 3U)
                << "idleness alone never goes below the minimum";
        }
        ASSERT_EQ(p.slots.in_use(), used.size());
        std::size_t counted = 0;
        p.slots.each_in_use([&](thing&) { ++counted; });
        ASSERT_EQ(counted, used.size());
        ASSERT_LE(p.slots.total(), 8U);
    }
}

} // namespace slots_test
