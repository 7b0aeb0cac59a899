// Messages of a real server that get lost, come twice, change places or are bent: a sample. All positions are
// tried from memory (tests/unit/client/damage_test.cpp). TUSK_SEED=n repeats a run.
#include <cstdlib>
#include <functional>
#include <random>
#include <set>

#include "support.hpp"

#include <tusk/client/batch.hpp>

namespace faults_test {

namespace messages_test {

unsigned chosen_seed() {
    const char* given = std::getenv("TUSK_SEED");
    return given != nullptr ? static_cast<unsigned>(std::strtoul(given, nullptr, 10))
                            : std::random_device{}();
}

/// What a client does; every answer is right or an error.
class workload {
public:
    explicit workload(subject& s) : s_{s} {}

    void run() {
        const std::function<void()> steps[] = {[&] { numbers(); }, [&] { add(); },     [&] { batch(); },
                                               [&] { copies(); },  [&] { commits(); }, [&] { numbers(); },
                                               [&] { add(); }};
        for (const auto& step : steps) {
            if (!s_.is_open()) return;
            const auto start = std::chrono::steady_clock::now();
            step();
            EXPECT_LT(std::chrono::steady_clock::now() - start, 12s) << "past every deadline";
        }
    }

private:
    static options limit() { return options{}.timeout(150ms); }
    void numbers() {
        const auto got = s_.db().try_all<int>(limit(), "select generate_series(1, 5)");
        if (!got) return;
        // Rows in the other order cannot be told from the right ones.
        EXPECT_EQ(std::multiset<int>(got->begin(), got->end()), (std::multiset<int>{1, 2, 3, 4, 5}));
    }
    void add() {
        const int n = ++counter_;
        const auto got = s_.db().try_one<int>(limit(), "select $1::int4 + 1", n);
        if (got) {
            EXPECT_EQ(*got, n + 1);
        }
    }
    void batch() {
        tusk::batch b;
        auto first = b.one<int>("select $1::int4 + 1", 100);
        auto second = b.one<std::string>("select $1::text", "x");
        if (s_.db().try_run(b, limit())) return;
        EXPECT_EQ(first.get(), 101);
        EXPECT_EQ(second.get(), "x");
    }
    void copies() {
        const auto f = s_.copy_in(10, limit());
        int rows = 0;
        if (!f && s_.is_open() && !s_.copy_out(rows, limit())) {
            EXPECT_GE(rows, 9);
        }
    }
    void commits() { static_cast<void>(s_.transact("insert into t values (1)", limit())); }

    subject& s_;
    int counter_ = 0;
};

void inflict(const tusk::testing::fault_link& link, std::mt19937& random) {
    const auto place = std::uniform_int_distribution<std::uint64_t>{1, 60}(random);
    auto at = link.at_any_message(place);
    const auto bit = static_cast<std::uint8_t>(1U << std::uniform_int_distribution<>{0, 7}(random));
    switch (std::uniform_int_distribution<>{0, 4}(random)) {
    case 0: at.drop(); break;
    case 1: at.duplicate(); break;
    case 2: at.swap_with_next(); break;
    case 3: at.flip(bit); break;
    default: at.flip(bit, std::uniform_int_distribution<std::size_t>{1, 4}(random)); break;
    }
}

TEST_P(faults, damaged_messages_never_become_wrong_answers) {
    const unsigned seed = chosen_seed();
    SCOPED_TRACE("TUSK_SEED=" + std::to_string(seed));
    std::mt19937 random{seed};
    for (int i = 0; i < 20 && !HasFailure(); ++i) {
        proxy().heal();
        inflict(proxy().to_client(), random);
        auto made = open_subject(GetParam(), config().connect_timeout(300ms));
        if (made) workload{**made}.run();
    }
    proxy().heal();
    const auto db = connected();
    ASSERT_NE(db, nullptr);
    EXPECT_EQ(db->db().one<int>("select 1"), 1);
    EXPECT_TRUE(server_is_quiet());
}

} // namespace messages_test

} // namespace faults_test
