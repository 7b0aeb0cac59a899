#include "bank.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace bank {

verdict verdict_of(const tusk::failure& f) {
    if (f == tusk::condition::in_doubt) return verdict::unknown;
    if (f.sent() == tusk::sent_state::none) return verdict::failed;
    if (f.retry() == tusk::retry_advice::safe || f.retry() == tusk::retry_advice::transaction)
        return verdict::failed;
    // An ERROR rolls back; a FATAL may follow a commit that had succeeded.
    const bool error =
        f.sent() == tusk::sent_state::answered && f.server() != nullptr && !f.server()->is_fatal();
    return error ? verdict::failed : verdict::unknown;
}

void journal::note(std::int64_t token, verdict v, std::string why) {
    const std::lock_guard lock{mutex_};
    entries_[token] = {v, std::move(why)};
}

std::size_t journal::count(verdict v) const {
    const std::lock_guard lock{mutex_};
    return static_cast<std::size_t>(
        std::count_if(entries_.begin(), entries_.end(), [&](const auto& e) { return e.second.what == v; }));
}

std::string journal::summary() const {
    std::map<std::string, int> reasons;
    {
        const std::lock_guard lock{mutex_};
        for (const auto& [token, e] : entries_)
            if (e.what != verdict::acknowledged)
                ++reasons[(e.what == verdict::unknown ? "unknown: " : "failed: ") + e.why.substr(0, 60)];
    }
    std::string out = std::to_string(count(verdict::acknowledged)) + " acknowledged, " +
                      std::to_string(count(verdict::unknown)) + " unknown, " +
                      std::to_string(count(verdict::failed)) + " failed\n";
    for (const auto& [why, n] : reasons) out += std::to_string(n) + " " + why + "\n";
    return out;
}

void journal::compare(tusk::blocking::connection& with) const {
    EXPECT_EQ(with.one<std::int64_t>("select sum(balance)::int8 from accounts"), accounts * opening_balance)
        << "money was made or lost";
    EXPECT_EQ(
        with.one<std::int64_t>("select count(*) from (select a.id from accounts a join lateral (select "
                               "sum(case when source = a.id then -amount else amount end) as moved from "
                               "transfers where a.id in (source, target)) t on true where a.balance <> $1 + "
                               "coalesce(t.moved, 0)) wrong",
                               opening_balance),
        0)
        << "accounts that do not agree with their transfers";
    std::map<std::int64_t, int> times;
    for (const auto token : with.all<std::int64_t>("select token from transfers")) ++times[token];
    const std::lock_guard lock{mutex_};
    for (const auto& [token, e] : entries_) {
        const auto at = times.find(token);
        const int n = at == times.end() ? 0 : at->second;
        if (e.what == verdict::acknowledged)
            EXPECT_EQ(n, 1) << "token " << token << " was acknowledged";
        else if (e.what == verdict::failed)
            EXPECT_EQ(n, 0) << "token " << token << " failed: " << e.why;
        else
            EXPECT_LE(n, 1) << "token " << token << ": " << e.why;
        if (at != times.end()) times.erase(at);
    }
    EXPECT_TRUE(times.empty()) << "transfers that nobody made: " << times.size();
}

const char* schema() {
    return R"(
        create table accounts (id int4 primary key, balance int8 not null);
        insert into accounts select i, 1000 from generate_series(1, 20) i;
        create table transfers (token int8 not null, source int4 not null, target int4 not null, amount int8 not null);
        create function transfer(token int8, source int4, target int4, amount int8) returns void language sql as $$
            update accounts set balance = balance - amount where id = source;
            update accounts set balance = balance + amount where id = target;
            insert into transfers values (token, source, target, amount)
        $$;)";
}

} // namespace bank
