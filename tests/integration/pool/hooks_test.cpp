// Hooks, sessions that come back altered, and connections that leave the pool.
#include "pool_support.hpp"

using namespace pool_tests;

namespace hooks_test {

class hooks_test : public pool_fixture {};

asio::awaitable<void> name_it(tusk::connection& c) { co_await c.script("set application_name = 'hooked'"); }

TEST_F(hooks_test, before_connect_changes_the_configuration) {
    tusk::pool_hooks hooks;
    hooks.before_connect([](tusk::connect_config& c) -> asio::awaitable<void> {
        c.application_name("changed");
        co_return;
    });
    with_pool(config().hooks(hooks), [](tusk::pool& p) -> asio::awaitable<void> {
        EXPECT_EQ(co_await p.one<std::string>("show application_name"), "changed");
    });
}

TEST_F(hooks_test, after_connect_sees_each_new_connection_and_what_it_sets_stays) {
    int calls = 0;
    tusk::pool_hooks hooks;
    hooks.after_connect([&calls](tusk::connection& c) -> asio::awaitable<void> {
        ++calls;
        return name_it(c);
    });
    with_pool(config().hooks(hooks), [&](tusk::pool& p) -> asio::awaitable<void> {
        EXPECT_EQ(co_await p.one<std::string>("show application_name"), "hooked");
        EXPECT_EQ(calls, 1);
        co_await p.exec("set application_name = 'altered'");
        EXPECT_TRUE(co_await eventually([&] { return p.stats().idle == 1; }));
        EXPECT_EQ(co_await p.one<std::string>("show application_name"), "hooked");
        EXPECT_EQ(calls, 2) << "once more after the reset";
        EXPECT_EQ(p.stats().connects, 1U);
    });
}

TEST_F(hooks_test, a_hook_that_throws_is_why_connecting_failed) {
    bool angry = true;
    tusk::pool_hooks hooks;
    hooks.after_connect([&angry](tusk::connection&) -> asio::awaitable<void> {
        if (angry) throw std::runtime_error{"not this one"};
        co_return;
    });
    auto body = [&](tusk::pool_config c) -> asio::awaitable<void> {
        const auto here = co_await asio::this_coro::executor;
        tusk::pool p{here, c};
        auto r = co_await p.try_one<int>("select 1");
        EXPECT_FALSE(r);
        EXPECT_NE(r.error().message().find("not this one"), std::string::npos) << r.error().message();
        EXPECT_EQ(p.stats().total, 0U);
        angry = false;
        EXPECT_EQ(co_await p.one<int>("select 1"), 1);
        co_await p.close();
    };
    tusk::testing::run_async(body(config().hooks(hooks)));
}

TEST_F(hooks_test, a_hook_that_throws_anything_costs_no_place) {
    int calls = 0;
    tusk::pool_hooks hooks;
    hooks.after_connect([&calls](tusk::connection&) -> asio::awaitable<void> {
        if (++calls <= 5) throw 7;
        co_return;
    });
    auto body = [&](tusk::pool_config c) -> asio::awaitable<void> {
        const auto here = co_await asio::this_coro::executor;
        tusk::pool p{here, c};
        while (calls < 5) {
            const auto refused = co_await p.try_acquire();
            EXPECT_FALSE(refused);
        }
        EXPECT_EQ(co_await p.one<int>("select 1"), 1);
        EXPECT_EQ(p.stats().total, 1U);
        co_await p.close();
    };
    tusk::testing::run_async(body(config().max_connections(1).hooks(hooks)));
}

TEST_F(hooks_test, before_acquire_refuses_connections_and_callers) {
    int wanted = 0;
    tusk::pool_hooks hooks;
    hooks.before_acquire([&wanted](tusk::connection& c) -> asio::awaitable<bool> {
        if (wanted < 0) throw std::runtime_error{"closed on Sundays"};
        co_return wanted == 0 || c.backend_pid() != wanted;
    });
    with_pool(config().hooks(hooks), [&](tusk::pool& p) -> asio::awaitable<void> {
        const auto first = co_await p.one<int>("select pg_backend_pid()");
        wanted = first;
        EXPECT_NE(co_await p.one<int>("select pg_backend_pid()"), first);
        EXPECT_EQ(p.stats().closed_broken, 1U);
        wanted = -1;
        auto r = co_await p.try_acquire();
        EXPECT_FALSE(r);
        EXPECT_NE(r.error().message().find("closed on Sundays"), std::string::npos);
        EXPECT_EQ(p.stats().idle, 1U) << "the connection is none the worse for it";
        wanted = 0;
        EXPECT_EQ(co_await p.one<int>("select 1"), 1);
    });
}

TEST_F(hooks_test, after_release_and_before_close_see_them_go) {
    bool keep = true;
    int closed = 0;
    tusk::pool_hooks hooks;
    hooks.after_release([&keep](tusk::connection&) -> asio::awaitable<bool> { co_return keep; })
        .before_close([&closed](tusk::connection& c) {
            EXPECT_TRUE(c.is_open());
            ++closed;
        });
    with_pool(config().hooks(hooks), [&](tusk::pool& p) -> asio::awaitable<void> {
        EXPECT_TRUE(co_await eventually([&] { return p.stats().idle == 1; }));
        keep = false;
        co_await p.exec("select 1");
        EXPECT_TRUE(co_await eventually([&] { return p.stats().total == 0; }));
        EXPECT_EQ(closed, 1);
        keep = true;
        co_await p.exec("select 1");
        EXPECT_TRUE(co_await eventually([&] { return p.stats().idle == 1; }));
    });
    EXPECT_EQ(closed, 2);
}

TEST_F(hooks_test, should_ping_decides_instead_of_the_clock) {
    int asked = 0;
    tusk::pool_hooks hooks;
    hooks.should_ping([&asked](tusk::connection&, steady_clock::duration) {
        ++asked;
        return true;
    });
    with_pool(config().hooks(hooks), [&](tusk::pool& p) -> asio::awaitable<void> {
        const auto before = asked;
        EXPECT_EQ(co_await p.one<int>("select 1"), 1);
        EXPECT_EQ(asked, before + 1);
    });
}

// ---- sessions

TEST_F(hooks_test, an_altered_session_is_reset_and_a_clean_one_is_not) {
    with_pool(config().max_connections(1), [](tusk::pool& p) -> asio::awaitable<void> {
        const auto pid = co_await p.one<int>("select pg_backend_pid()");
        {
            auto l = co_await p.acquire();
            co_await l->script("set work_mem = '7MB'; create temp table t (a int); listen news;"
                               "select pg_advisory_lock(7); declare c cursor with hold for select 1");
        }
        {
            auto l = co_await p.acquire();
            EXPECT_EQ(l->backend_pid(), pid);
            EXPECT_FALSE(l->is_altered());
            EXPECT_EQ(co_await l->one<std::string>("show work_mem"), "4MB");
            EXPECT_EQ(co_await l->one<bool>("select to_regclass('t') is null"), true);
            EXPECT_EQ(co_await l->one<std::int64_t>("select count(*) from pg_listening_channels()"), 0);
            EXPECT_EQ(co_await l->one<std::int64_t>("select count(*) from pg_locks join pg_database d on "
                                                    "d.oid = database where locktype = 'advisory' "
                                                    "and datname = current_database()"),
                      0);
            EXPECT_EQ(co_await l->one<std::int64_t>("select count(*) from pg_cursors where name = 'c'"), 0);
        }
        EXPECT_EQ(p.stats().connects, 1U);
        EXPECT_EQ(p.stats().idle, 1U) << "a clean session goes back at once";
    });
}

TEST_F(hooks_test, a_reset_can_be_refused_or_forced) {
    with_pool(config().max_connections(1).reset(tusk::reset_policy::never),
              [](tusk::pool& p) -> asio::awaitable<void> {
                  co_await p.exec("set work_mem = '7MB'");
                  EXPECT_EQ(co_await p.one<std::string>("show work_mem"), "7MB");
              });
    with_pool(config().max_connections(1).reset(tusk::reset_policy::always),
              [](tusk::pool& p) -> asio::awaitable<void> {
                  co_await p.exec("select pg_advisory_lock(8)");
                  EXPECT_EQ(co_await p.one<std::int64_t>("select count(*) from pg_locks join pg_database d "
                                                         "on d.oid = database where locktype = 'advisory' "
                                                         "and datname = current_database()"),
                            0);
              });
}

TEST_F(hooks_test, a_parameter_that_a_function_sets_is_noticed_when_the_server_reports_it) {
    with_pool(config().max_connections(1), [](tusk::pool& p) -> asio::awaitable<void> {
        co_await p.exec("select set_config('application_name', 'sneaky', false)");
        EXPECT_NE(co_await p.one<std::string>("show application_name"), "sneaky");
    });
}

// ---- leaving

TEST_F(hooks_test, a_detached_connection_is_the_callers) {
    with_pool(config().max_connections(1), [](tusk::pool& p) -> asio::awaitable<void> {
        auto l = co_await p.acquire();
        auto mine = l.detach();
        EXPECT_FALSE(l);
        EXPECT_EQ(p.stats().total, 0U);
        EXPECT_EQ(p.stats().detached, 1U);
        EXPECT_NE(co_await p.one<int>("select pg_backend_pid()"), mine.backend_pid());
        EXPECT_EQ(co_await mine.one<int>("select 1"), 1);
    });
}

TEST_F(hooks_test, all_idle_ones_can_be_had_at_once) {
    with_pool(config(), [](tusk::pool& p) -> asio::awaitable<void> {
        {
            auto a = co_await p.acquire();
            auto b = co_await p.acquire();
        }
        auto all = co_await p.acquire_all_idle();
        EXPECT_EQ(all.size(), 2U);
        EXPECT_EQ(p.stats().in_use, 2U);
        all.clear();
        EXPECT_EQ(p.stats().idle, 2U);
    });
}

TEST_F(hooks_test, resetting_the_pool_replaces_every_connection) {
    with_pool(config(), [](tusk::pool& p) -> asio::awaitable<void> {
        auto held = co_await p.acquire();
        const auto old = held->backend_pid();
        {
            auto idle = co_await p.acquire();
        }
        EXPECT_EQ(p.stats().idle, 1U);
        p.reset();
        EXPECT_EQ(p.stats().idle, 0U);
        EXPECT_EQ(co_await held->one<int>("select 1"), 1) << "who has one keeps it";
        held.release();
        EXPECT_TRUE(co_await eventually([&] { return p.stats().total == 0; }));
        EXPECT_NE(co_await p.one<int>("select pg_backend_pid()"), old);
    });
}

} // namespace hooks_test
