#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <tusk/core/error.hpp>

#include "server.hpp"

namespace simulation {

/// What a client may say of a write when its call is over.
enum class verdict { acknowledged, unknown, failed };

/// What a failure lets its caller say: it may have taken effect only where the failure does not exclude it.
inline verdict verdict_of(const tusk::failure& f) {
    if (f == tusk::condition::in_doubt) return verdict::unknown;
    if (f.sent() == tusk::sent_state::none || f.sent() == tusk::sent_state::answered) return verdict::failed;
    if (f.retry() == tusk::retry_advice::safe || f.retry() == tusk::retry_advice::transaction)
        return verdict::failed;
    return verdict::unknown;
}

/// The clients' account of what they wrote, token by token, to be compared with the servers' at the end.
class journal {
public:
    std::int64_t new_token() noexcept { return next_++; }
    /// These were written together.
    void note(std::vector<std::int64_t> tokens, verdict v, std::string why = {}) {
        entries_.push_back({std::move(tokens), v, std::move(why)});
    }
    std::size_t count(verdict v) const {
        std::size_t n = 0;
        for (const auto& e : entries_) n += e.what == v ? 1 : 0;
        return n;
    }
    /// Every acknowledged token is there once, no failed one is, unknown ones at most once, and what was
    /// written together is there together.
    void compare(const ledger& with) const {
        std::map<std::int64_t, int> times;
        for (const auto token : with.tokens) ++times[token];
        for (const auto& e : entries_) {
            const int first = times[e.tokens.front()];
            for (const auto token : e.tokens) {
                EXPECT_EQ(times[token], first) << "half a transaction: token " << token << " " << e.why;
                if (e.what == verdict::acknowledged)
                    EXPECT_EQ(times[token], 1) << "acknowledged token " << token;
                else
                    EXPECT_LE(times[token], e.what == verdict::unknown ? 1 : 0)
                        << "token " << token << ": " << e.why;
            }
            for (const auto token : e.tokens) times.erase(token);
        }
        EXPECT_TRUE(times.empty()) << "a token that nobody wrote: "
                                   << (times.empty() ? 0 : times.begin()->first);
    }

private:
    struct entry {
        std::vector<std::int64_t> tokens;
        verdict what;
        std::string why;
    };
    std::int64_t next_ = 1;
    std::vector<entry> entries_;
};

} // namespace simulation
