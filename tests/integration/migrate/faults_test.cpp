// What happens when a run is cut off, meets another one, or loses what it stands on.
#include <atomic>
#include <csignal>
#include <mutex>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

#include <tests/integration/terminated.hpp>

#include "support.hpp"

namespace tusk::migrate {
namespace faults_test {

using std::chrono::milliseconds;

/// Files in which everything that took effect twice, or not at all, shows: a token for each statement.
file_list tokens(bool outside) {
    file_list out{{"1_a.sql",
                   "create table tokens (t text);\ninsert into tokens values ('1.2');\ninsert into tokens "
                   "values ('1.3');"},
                  {"2_b.sql", "insert into tokens values ('2.1');\nalter table tokens add n int;"}};
    if (outside)
        out.emplace_back("3_c.sql",
                         "-- atlas:txmode none\n\ninsert into tokens values ('3.1');\ncreate index "
                         "concurrently by_t on tokens (t);\ninsert into tokens values ('3.3');\ndrop index "
                         "concurrently by_t;");
    out.emplace_back("4_d.sql", "insert into tokens values ('4.1');");
    return out;
}

std::string expected_tokens(bool outside) { return outside ? "1.2 1.3 2.1 3.1 3.3 4.1" : "1.2 1.3 2.1 4.1"; }

class faults : public migrate_test, public ::testing::WithParamInterface<tx_mode> {
protected:
    bool outside() const { return GetParam() != tx_mode::all; }
    apply_options options_of_mode() const { return apply_options{}.mode(GetParam()); }

    /// The next run brings everything to its end, once, and then nothing is left.
    void expect_recovers(const std::string& where, const std::string& address) {
        const blocking::migrator m{dir(tokens(outside())), address};
        // What is applied is told before anything is done about it.
        const auto status = m.try_status();
        ASSERT_TRUE(status) << where << status.error().message();
        const auto done = m.try_apply(options_of_mode());
        ASSERT_EQ(problem_of(done), "") << where;
        EXPECT_TRUE(m.status().up_to_date()) << where;
        auto db = blocking::connection::open(address);
        EXPECT_EQ(db.one<std::string>("select string_agg(t, ' ' order by t) from tokens"),
                  expected_tokens(outside()))
            << where;
        EXPECT_EQ(db.one<std::int64_t>(
                      "select count(*) from pg_index i join pg_class c on c.oid = indexrelid where "
                      "not indisvalid or relname = 'by_t'"),
                  0)
            << where;
    }
};

/// In a process of its own: applies, and dies at the n-th event. False when there are fewer.
bool dies_at(int n, const file_list& files, const std::string& address, apply_options o) {
    const pid_t child = ::fork();
    if (child == 0) {
        int seen = 0;
        o.on_event([&](const event&) {
            if (++seen == n) ::kill(::getpid(), SIGKILL);
        });
        static_cast<void>(blocking::migrator(directory::of(files).value(), address).try_apply(o));
        ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFSIGNALED(status);
}

TEST_P(faults, a_run_that_is_killed_anywhere_is_brought_to_its_end_by_the_next) {
    int n = 1;
    for (;; ++n) {
        const auto fresh = tusk::testing::database::create();
        if (!dies_at(n, tokens(outside()), fresh.url(), options_of_mode())) break;
        expect_recovers("killed at event " + std::to_string(n) + ": ", fresh.url());
    }
    EXPECT_GT(n, 15) << "so many places there are at least";
}

TEST_P(faults, a_session_that_is_terminated_anywhere_stops_the_run_and_the_next_ends_it) {
    const auto ends_at = [&](int n, const tusk::testing::database& in) {
        int seen = 0;
        auto o = options_of_mode();
        o.on_event([&](const event& e) {
            if (++seen != n || e.kind == event_kind::all_done) return;
            auto db = in.connect();
            terminated(db, "application_name = 'tusk migrate' and datname = current_database()");
        });
        const auto r = blocking::migrator(dir(tokens(outside())), in.url()).try_apply(o);
        EXPECT_TRUE(seen <= n + 1 || r.problem) << "nothing is done without the lock";
        return seen;
    };
    for (int n = 1;; ++n) {
        const auto fresh = tusk::testing::database::create();
        if (ends_at(n, fresh) < n) break;
        expect_recovers("terminated at event " + std::to_string(n) + ": ", fresh.url());
    }
}

INSTANTIATE_TEST_SUITE_P(modes, faults, ::testing::Values(tx_mode::file, tx_mode::all, tx_mode::none),
                         [](const auto& mode) { return std::string{to_string(mode.param)}; });

TEST_F(migrate_test, twenty_runs_at_once_apply_everything_once) {
    const auto files = tokens(true);
    std::mutex m;
    std::vector<apply_report> reports;
    std::vector<std::jthread> runs;
    for (int i = 0; i < 20; ++i)
        runs.emplace_back([&] {
            auto r = apply(files, apply_options{}.wait_for_lock(milliseconds{60'000}));
            const std::lock_guard hold{m};
            reports.push_back(std::move(r));
        });
    runs.clear();
    std::size_t applied = 0;
    for (const auto& r : reports) {
        EXPECT_EQ(problem_of(r), "");
        applied += r.applied.size();
    }
    EXPECT_EQ(reports.size(), 20u);
    EXPECT_EQ(applied, 4u);
    EXPECT_EQ(one<std::string>("select string_agg(t, ' ' order by t) from tokens"), expected_tokens(true));
}

TEST_F(migrate_test, waits_for_the_lock_no_longer_than_told) {
    auto holder = connect();
    holder.exec("select pg_advisory_lock($1)", execute_lock_id);
    int waits = 0;
    auto o = apply_options{}.wait_for_lock(milliseconds{0}).on_event([&](const event& e) {
        if (e.kind == event_kind::waiting) ++waits;
    });
    EXPECT_EQ(apply(tokens(false), o).problem.code(), errc::timeout);
    EXPECT_EQ(waits, 1);
    o.wait_for_lock(milliseconds{30'000}).on_event([&](const event& e) {
        if (e.kind == event_kind::waiting) holder.close();
    });
    EXPECT_EQ(problem_of(apply(tokens(false), o)), "");
}

TEST_F(migrate_test, writes_nothing_once_the_lock_is_gone) {
    const auto r = apply({{"1_a.sql", "create table a ();\nselect pg_advisory_unlock_all();"}});
    EXPECT_NE(problem_of(r).find("does not hold the lock"), std::string::npos) << problem_of(r);
    EXPECT_FALSE(exists("a"));
}

TEST_F(migrate_test, tries_again_when_a_lock_cannot_be_had_in_time) {
    connect().script("create table busy ()");
    std::optional<blocking::connection> reader{connect()};
    reader->script("begin; select from busy");
    const file_list files{{"1_a.sql", "create table first ();\nalter table busy add a int;"}};
    int retries = 0;
    auto o = apply_options{}.allow_dirty().statement_lock_timeout(milliseconds{20}).lock_retries(2);
    o.on_event([&](const event& e) { retries += e.kind == event_kind::retrying ? 1 : 0; });
    const auto gave_up = apply(files, o);
    EXPECT_EQ(gave_up.problem, condition::lock_timeout) << problem_of(gave_up);
    EXPECT_EQ(gave_up.stopped.statement, 2u);
    EXPECT_EQ(retries, 2);
    EXPECT_FALSE(exists("first"));
    for (const auto mode : {tx_mode::file, tx_mode::none}) {
        const file_list more{{"1_a.sql", mode == tx_mode::file ? files[0].second : "select 1"},
                             {"2_b.sql", "alter table busy add b int;"}};
        if (!reader) {
            reader.emplace(connect());
            reader->script("begin; select from busy");
        }
        o.mode(mode).on_event([&](const event& e) {
            if (e.kind == event_kind::retrying) reader.reset();
        });
        const auto done = apply(mode == tx_mode::file ? file_list{more[0]} : file_list{files[0], more[1]}, o);
        EXPECT_EQ(problem_of(done), "");
        EXPECT_FALSE(reader) << "it had to wait";
    }
}

TEST_F(migrate_test, leaves_no_invalid_index_and_makes_a_good_one_at_last) {
    const file_list files{{"1_a.sql", "create table d (v int);\ninsert into d values (1), (1);"},
                          {"2_b.sql",
                           "-- atlas:txmode none\n\ncreate unique index concurrently if not exists by_v on "
                           "d (v);"}};
    std::string repaired;
    auto o = apply_options{};
    o.on_event([&](const event& e) {
        if (e.kind == event_kind::repairing) repaired = e.detail;
    });
    const auto failed = apply(files, o);
    EXPECT_EQ(failed.problem, condition::duplicate) << problem_of(failed);
    EXPECT_NE(repaired, "");
    EXPECT_FALSE(exists("by_v"));
    // As a run that was killed leaves it: the index is there, invalid, and the row says "running".
    auto db = connect();
    EXPECT_TRUE(db.try_script("create unique index concurrently by_v on d (v)"));
    db.exec("update atlas_schema_revisions.atlas_schema_revisions set error = $1 where version = '2'",
            std::string{running_mark});
    db.exec("delete from d");
    db.exec("insert into d values (1)");
    repaired.clear();
    EXPECT_EQ(problem_of(apply(files, o)), "");
    EXPECT_NE(repaired, "");
    EXPECT_TRUE(db.one<bool>("select indisvalid from pg_index where indexrelid = 'by_v'::regclass"));
}

TEST_F(migrate_test, asks_what_became_of_a_statement_that_shows_nowhere) {
    const file_list files{
        {"1_a.sql", "-- atlas:txmode none\n\ndrop database if exists tusk_not_there;\nselect 2;"}};
    const auto interrupt = [&] {
        apply({{"1_a.sql", files[0].second + "\nselect 1/0;"}});
        connect().exec(
            "update atlas_schema_revisions.atlas_schema_revisions set applied = 0, partial_hashes = null, "
            "error = $1",
            std::string{running_mark});
    };
    interrupt();
    const auto asks = apply(files);
    EXPECT_EQ(asks.problem.code(), errc::in_doubt) << problem_of(asks);
    EXPECT_NE(problem_of(asks).find("1_a.sql:3:1: "), std::string::npos);
    const auto done = apply(files, apply_options{}.resolve(resolution::done));
    EXPECT_EQ(problem_of(done), "");
    EXPECT_EQ(done.applied[0].skipped, 1u);
    EXPECT_EQ(done.applied[0].statements, 1u);
}

TEST_F(migrate_test, stops_in_the_middle_of_a_statement) {
    std::stop_source stop;
    std::jthread stopper;
    auto o = apply_options{}.stop(stop.get_token()).on_event([&](const event& e) {
        if (e.kind != event_kind::statement_runs || e.statement != 2) return;
        stopper = std::jthread{[&] {
            auto db = connect();
            while (!db.one<bool>(
                "select exists (select from pg_stat_activity where query like 'select pg_sleep(600)%' "
                "and state = 'active' and datname = current_database())"))
                std::this_thread::yield();
            stop.request_stop();
        }};
    });
    const auto r =
        apply({{"1_a.sql", "create table a ();\nselect pg_sleep(600);"}, {"2_b.sql", "select 1"}}, o);
    EXPECT_EQ(r.problem.code(), errc::canceled) << problem_of(r);
    EXPECT_FALSE(exists("a"));
    EXPECT_EQ(problem_of(apply({{"1_a.sql", "create table a ();"}, {"2_b.sql", "select 1"}})), "");
}

TEST_F(migrate_test, takes_time_in_proportion_to_its_statements) {
    const auto time_of = [&](int n) {
        std::string sql;
        for (int i = 0; i < n; ++i) sql += "select " + std::to_string(i) + ";\n";
        const auto fresh = tusk::testing::database::create();
        const blocking::migrator m{dir({{"1_a.sql", sql}}), fresh.url()};
        const auto begin = std::chrono::steady_clock::now();
        EXPECT_EQ(problem_of(m.try_apply(apply_options{}.mode(tx_mode::none))), "");
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    };
    const auto few = time_of(100);
    const auto many = time_of(1000);
    EXPECT_LT(many, 30 * few) << "ten times the statements";
    RecordProperty("statements_per_second", static_cast<int>(1000 / many));
}

TEST_F(migrate_test, applies_a_thousand_files_and_then_has_nothing_to_do) {
    file_list files;
    for (int i = 0; i < 1000; ++i)
        files.emplace_back(std::to_string(10'000 + i) + "_t.sql",
                           "create table t" + std::to_string(i) + " (id int);");
    const auto timed = [&](std::size_t expected) {
        const auto begin = std::chrono::steady_clock::now();
        EXPECT_EQ(apply(files).applied.size(), expected);
        return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begin).count();
    };
    const auto all = timed(1000);
    const auto none = timed(0);
    std::cout << "1,000 files: " << all << " ms; nothing to do: " << none << " ms\n";
    EXPECT_LT(none, all) << "what is done is not done again";
}

} // namespace faults_test
} // namespace tusk::migrate
