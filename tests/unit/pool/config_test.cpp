// Settings of a pool: connection strings, durations, presets, and what is refused by name.
#include <tusk/pool/config.hpp>

#include <gtest/gtest.h>

using namespace std::chrono_literals;
using tusk::errc;
using tusk::parse_duration;
using tusk::pool_config;

namespace config_test {

pool_config parsed(std::string_view settings) {
    auto c = pool_config::parse("postgres://me@localhost/db?" + std::string{settings});
    if (!c) {
        ADD_FAILURE() << c.error().message();
        return pool_config{};
    }
    return *c;
}

std::string refusal(std::string_view settings) {
    const auto c = pool_config::parse("postgres://me@localhost/db?" + std::string{settings});
    if (c) return "";
    EXPECT_EQ(c.error().code(), tusk::make_error_code(errc::invalid_configuration)) << c.error().message();
    return c.error().message();
}

TEST(pool_config, has_the_documented_defaults) {
    const pool_config c;
    EXPECT_EQ(c.max_connections(), 20U);
    EXPECT_EQ(c.min_connections(), 2U);
    EXPECT_EQ(c.max_lifetime(), 1h);
    EXPECT_DOUBLE_EQ(c.lifetime_jitter(), 0.1);
    EXPECT_EQ(c.max_idle_time(), 5min);
    EXPECT_EQ(c.health_check_period(), 30s);
    EXPECT_EQ(c.acquire_timeout(), 5s);
    EXPECT_EQ(c.statement_timeout(), 30s);
    EXPECT_EQ(c.ping_after_idle(), 1s);
    EXPECT_FALSE(c.validate());
}

TEST(pool_config, presets_differ_in_their_sizes) {
    const std::tuple<pool_config, unsigned, unsigned> presets[] = {{pool_config::development(), 10, 2},
                                                                   {pool_config::production(), 20, 5},
                                                                   {pool_config::high_traffic(), 50, 10},
                                                                   {pool_config::for_cores(8), 17, 2}};
    for (const auto& [c, max, min] : presets) {
        EXPECT_EQ(c.max_connections(), max);
        EXPECT_EQ(c.min_connections(), min);
        EXPECT_FALSE(c.validate());
    }
    for (const unsigned cores : {0U, 1U, 64U})
        EXPECT_FALSE(pool_config::for_cores(cores).validate()) << cores << " cores";
}

TEST(pool_config, reads_every_key) {
    const auto c = parsed(
        "pool_max_conns=7&pool_min_conns=3&pool_max_conn_lifetime=2h&pool_max_conn_lifetime_jitter=0.25&"
        "pool_max_conn_idle_time=90s&pool_health_check_period=1m&pool_acquire_timeout=250ms&"
        "pool_statement_timeout=0&pool_ping_after_idle=1500ms&pool_ping_timeout=300ms&pool_name=main");
    EXPECT_EQ(c.max_connections(), 7U);
    EXPECT_EQ(c.min_connections(), 3U);
    EXPECT_EQ(c.max_lifetime(), 2h);
    EXPECT_DOUBLE_EQ(c.lifetime_jitter(), 0.25);
    EXPECT_EQ(c.max_idle_time(), 90s);
    EXPECT_EQ(c.health_check_period(), 1min);
    EXPECT_EQ(c.acquire_timeout(), 250ms);
    EXPECT_EQ(c.statement_timeout(), 0s);
    EXPECT_EQ(c.ping_after_idle(), 1500ms);
    EXPECT_EQ(c.ping_timeout(), 300ms);
    EXPECT_EQ(c.name(), "main");
    EXPECT_EQ(c.server().database(), "db");
    EXPECT_EQ(c.server().user(), "me");
}

TEST(pool_config, a_maximum_below_the_default_minimum_lowers_that) {
    EXPECT_EQ(parsed("pool_max_conns=1").min_connections(), 1U);
    EXPECT_NE(refusal("pool_max_conns=1&pool_min_conns=2").find("min_connections (2)"), std::string::npos);
}

TEST(pool_config, names_the_key_and_the_value_that_make_no_sense) {
    const std::tuple<const char*, const char*, const char*> cases[] = {
        {"pool_max_conns=many", "pool_max_conns", "many"},
        {"pool_max_conns=-1", "pool_max_conns", "-1"},
        {"pool_max_conns=1.5", "pool_max_conns", "1.5"},
        {"pool_max_conns=", "pool_max_conns", "whole number"},
        {"pool_max_conns=4294967297", "pool_max_conns", "4294967297"},
        {"pool_max_conns=100001", "pool_max_conns", "100001"},
        {"pool_min_conns=x", "pool_min_conns", "x"},
        {"pool_max_conn_lifetime=60", "pool_max_conn_lifetime", "unit"},
        {"pool_max_conn_lifetime=1y", "pool_max_conn_lifetime", "unit"},
        {"pool_max_conn_lifetime=-1h", "pool_max_conn_lifetime", "-1h"},
        {"pool_max_conn_lifetime_jitter=0.6", "pool_max_conn_lifetime_jitter", "0.6"},
        {"pool_max_conn_lifetime_jitter=nan", "pool_max_conn_lifetime_jitter", "nan"},
        {"pool_max_conn_lifetime_jitter=10%25", "pool_max_conn_lifetime_jitter", "10%"},
        {"pool_max_conn_idle_time=soon", "pool_max_conn_idle_time", "soon"},
        {"pool_health_check_period=s", "pool_health_check_period", "number"},
        {"pool_acquire_timeout=1s1", "pool_acquire_timeout", "unit"},
        {"pool_statement_timeout=", "pool_statement_timeout", "empty"},
        {"pool_ping_after_idle=1 s", "pool_ping_after_idle", "1 s"},
    };
    for (const auto& [settings, key, part] : cases) {
        const auto message = refusal(settings);
        EXPECT_NE(message.find(key), std::string::npos) << settings << ": " << message;
        EXPECT_NE(message.find(part), std::string::npos) << settings << ": " << message;
    }
}

TEST(pool_config, refuses_an_unknown_key_and_lists_the_known_ones) {
    const auto c = pool_config::parse("postgres://me@localhost/db?pool_max_connections=5");
    ASSERT_FALSE(c);
    EXPECT_NE(c.error().message().find("pool_max_connections"), std::string::npos);
    EXPECT_NE(c.error().message().find("pool_max_conns"), std::string::npos);
}

TEST(pool_config, validation_lists_every_problem_at_once) {
    const auto f = pool_config{}
                       .name("busy")
                       .max_connections(0)
                       .min_connections(3)
                       .lifetime_jitter(0.9)
                       .acquire_timeout(-1s)
                       .ping_after_idle(-1s)
                       .validate();
    EXPECT_EQ(f.code(), tusk::make_error_code(errc::invalid_configuration));
    for (const char* part : {"\"busy\"", "max_connections", "min_connections (3)", "jitter",
                             "acquire_timeout", "ping_after_idle"})
        EXPECT_NE(f.message().find(part), std::string::npos) << part << " in " << f.message();
    EXPECT_EQ(f.message().find("max_idle_time"), std::string::npos) << "what is right is not named";
}

TEST(pool_config, a_broken_connection_string_is_that) {
    const auto c = pool_config::parse("postgres://localhost:notaport/db");
    ASSERT_FALSE(c);
    EXPECT_EQ(c.error().code(), tusk::make_error_code(errc::invalid_connection_string));
}

TEST(durations, are_numbers_with_units) {
    const std::pair<const char*, tusk::steady_clock::duration> cases[] = {
        {"0", 0s},
        {"0s", 0s},
        {"500ms", 500ms},
        {"30s", 30s},
        {"5m", 5min},
        {"1h", 1h},
        {"2d", 48h},
        {"1h30m", 90min},
        {"1.5s", 1500ms},
        {"0.25h", 15min},
        {"1d2h3m4s5ms6us7ns", 26h + 3min + 4s + 5ms + 6us + 7ns},
        {"100us", 100us},
        {"7ns", 7ns}};
    for (const auto& [text, expected] : cases) {
        const auto d = parse_duration(text);
        ASSERT_TRUE(d) << text << ": " << d.error().message();
        EXPECT_EQ(*d, expected) << text;
    }
}

TEST(durations, are_refused_with_the_remedy) {
    for (const char* text : {"", "30", "s", "1w", "-5s", "5 s", "1s ", " 1s", "1e3s", "0x10s", "infs", "nans",
                             "1s2", "1..5s", "300000000000h", "9e18d"}) {
        const auto d = parse_duration(text);
        ASSERT_FALSE(d) << text;
        EXPECT_EQ(d.error().code(), tusk::make_error_code(errc::invalid_configuration));
        EXPECT_NE(d.error().message().find("500ms"), std::string::npos) << d.error().message();
    }
}

TEST(pool_config, reads_the_environment) {
    const auto environment = [](std::vector<std::pair<std::string, std::string>> all) {
        return pool_config::from_environment([all](const char* name) -> const char* {
            for (const auto& [key, value] : all)
                if (key == name) return value.c_str();
            return nullptr;
        });
    };
    const auto c = environment({{"DB_HOST", "db.example"},
                                {"DB_PORT", "6543"},
                                {"DB_NAME", "shop"},
                                {"DB_USER", "ann"},
                                {"DB_PASSWORD", "it's \\ secret"},
                                {"DB_SSL_MODE", "require"},
                                {"DB_MAX_CONNS", "30"},
                                {"DB_MIN_CONNS", "3"},
                                {"DB_MAX_CONN_LIFETIME", "2h"},
                                {"DB_MAX_CONN_IDLE_TIME", "10m"},
                                {"DB_HEALTH_CHECK_PERIOD", "15s"},
                                {"DB_CONNECT_TIMEOUT", "1500ms"}});
    ASSERT_TRUE(c) << c.error().message();
    EXPECT_EQ(c->server().hosts().at(0).host, "db.example");
    EXPECT_EQ(c->server().hosts().at(0).port, 6543);
    EXPECT_EQ(c->server().database(), "shop");
    EXPECT_EQ(c->server().user(), "ann");
    EXPECT_EQ(c->server().password_for(c->server().hosts().at(0)), "it's \\ secret");
    EXPECT_EQ(c->server().connect_timeout(), 1500ms);
    EXPECT_EQ(c->max_connections(), 30U);
    EXPECT_EQ(c->min_connections(), 3U);
    EXPECT_EQ(c->max_lifetime(), 2h);
    EXPECT_EQ(c->max_idle_time(), 10min);
    EXPECT_EQ(c->health_check_period(), 15s);

    const auto both =
        environment({{"DATABASE_URL", "postgres://me@h/db?pool_max_conns=9"}, {"DB_MAX_CONNS", "1"}});
    ASSERT_TRUE(both) << both.error().message();
    EXPECT_EQ(both->server().database(), "db");
    EXPECT_EQ(both->max_connections(), 1U) << "what is more particular wins";
    EXPECT_EQ(both->min_connections(), 1U);

    const auto bad = environment({{"DB_MAX_CONNS", "many"}});
    ASSERT_FALSE(bad);
    EXPECT_NE(bad.error().message().find("DB_MAX_CONNS"), std::string::npos) << bad.error().message();
}

TEST(pool_config, sizes_by_the_formula) {
    EXPECT_EQ(tusk::recommended_connections(4), 9U);
    EXPECT_DOUBLE_EQ(tusk::capacity(20, 5ms), 4000);
    EXPECT_EQ(tusk::busy_connections(4000, 5ms), 20U);
    EXPECT_EQ(tusk::busy_connections(1, 5ms), 1U);
}

} // namespace config_test
