#include <unistd.h>

#include <gtest/gtest.h>

#include <services/alerthist/config.hpp>

namespace config_test {

using namespace tusk::alerthist;
using namespace std::chrono_literals;

/// A user with a name and a home, and nothing set.
tusk::environment plain_environment() {
    tusk::environment env;
    env.set_os_user("ops").set_home_directory("/home/ops");
    return env;
}

config_sources sources(const std::string& yaml, const tusk::environment& env = plain_environment()) {
    config_sources out;
    out.file_text("c.yaml", yaml).environment(env);
    return out;
}

config loaded(const config_sources& from) {
    auto out = load_config(from);
    EXPECT_TRUE(out) << out.error().text();
    return out ? std::move(*out) : config{};
}

std::string problems(const config_sources& from) {
    const auto out = load_config(from);
    if (out) return {};
    EXPECT_EQ(out.error().code(), make_error_code(tusk::errc::invalid_configuration));
    return std::string{out.error().text()};
}

TEST(alerthist_config, has_defaults_for_everything) {
    const auto c = loaded(sources(""));
    EXPECT_EQ(c.listen, "127.0.0.1:8080");
    EXPECT_GE(c.threads, 1U);
    EXPECT_EQ(c.read_timeout, 30s);
    EXPECT_EQ(c.shutdown_timeout, 30s);
    EXPECT_EQ(c.shutdown_delay, 0s);
    EXPECT_FALSE(c.embedded_dir);
    EXPECT_EQ(c.pool.server().hosts().at(0).display(), "localhost:5432");
    EXPECT_EQ(c.pool.server().database(), "alerthist");
    EXPECT_EQ(c.pool.server().user(), "ops");
    EXPECT_EQ(c.pool.server().application_name(), "alerthist");
    EXPECT_EQ(c.pool.max_connections(), 20U);
    EXPECT_EQ(c.pool.min_connections(), 2U);
    EXPECT_EQ(c.max_request_size, 10U << 20);
    EXPECT_EQ(c.max_alerts_per_request, 1000U);
    EXPECT_EQ(c.log_level, "info");
    EXPECT_EQ(c.format, log_format::logfmt);
}

TEST(alerthist_config, reads_every_key_of_the_file) {
    const auto c = loaded(sources(R"(
server:
  listen: "[::1]:9000"
  threads: 3
  read_timeout: 1s
  write_timeout: 2s
  idle_timeout: 3s
  shutdown_timeout: 4s
  shutdown_delay: 500ms
database:
  host: db.example
  port: 5433
  database: history
  user: writer
  password: "it's \\ secret"
  ssl_mode: disable
  max_conns: 9
  min_conns: 4
  max_conn_lifetime: 2h
  max_conn_idle_time: 10m
  health_check_period: 15s
  connect_timeout: 1500ms
  acquire_timeout: 3s
  statement_timeout: 20s
webhook:
  max_request_size: 1MiB
  max_alerts_per_request: 10
log:
  level: debug
  format: json
)"));
    EXPECT_EQ(c.listen, "[::1]:9000");
    EXPECT_EQ(c.threads, 3U);
    EXPECT_EQ(c.read_timeout, 1s);
    EXPECT_EQ(c.write_timeout, 2s);
    EXPECT_EQ(c.idle_timeout, 3s);
    EXPECT_EQ(c.shutdown_timeout, 4s);
    EXPECT_EQ(c.shutdown_delay, 500ms);
    EXPECT_EQ(c.pool.server().hosts().at(0).display(), "db.example:5433");
    EXPECT_EQ(c.pool.server().database(), "history");
    EXPECT_EQ(c.pool.server().user(), "writer");
    EXPECT_EQ(c.pool.server().password(), "it's \\ secret");
    EXPECT_EQ(c.pool.server().ssl_mode(), tusk::ssl_mode::disable);
    EXPECT_EQ(c.pool.max_connections(), 9U);
    EXPECT_EQ(c.pool.min_connections(), 4U);
    EXPECT_EQ(c.pool.max_lifetime(), 2h);
    EXPECT_EQ(c.pool.max_idle_time(), 10min);
    EXPECT_EQ(c.pool.health_check_period(), 15s);
    EXPECT_EQ(c.pool.server().connect_timeout(), 1500ms);
    EXPECT_EQ(c.pool.acquire_timeout(), 3s);
    EXPECT_EQ(c.pool.statement_timeout(), 20s);
    EXPECT_EQ(c.max_request_size, 1U << 20);
    EXPECT_EQ(c.max_alerts_per_request, 10U);
    EXPECT_EQ(c.log_level, "debug");
    EXPECT_EQ(c.format, log_format::json);
}

TEST(alerthist_config, reads_every_variable_over_the_file) {
    auto env = plain_environment();
    env.set("DB_HOST", "/run/postgresql").set("DB_PORT", "6543").set("DB_NAME", "n").set("DB_USER", "u");
    env.set("DB_PASSWORD", "p w'd")
        .set("DB_SSL_MODE", "require")
        .set("DB_MAX_CONNS", "7")
        .set("DB_MIN_CONNS", "0");
    env.set("DB_MAX_CONN_LIFETIME", "30m")
        .set("DB_MAX_CONN_IDLE_TIME", "1m")
        .set("DB_HEALTH_CHECK_PERIOD", "5s");
    env.set("DB_CONNECT_TIMEOUT", "2s");
    const auto c =
        loaded(sources("database: {host: x, port: 1, database: x, user: x, password: x, ssl_mode: allow, "
                       "max_conns: 3, min_conns: 3, max_conn_lifetime: 1s, max_conn_idle_time: 1s, "
                       "health_check_period: 1s, connect_timeout: 1s}",
                       env));
    EXPECT_EQ(c.pool.server().hosts().at(0).display(), "/run/postgresql:6543");
    EXPECT_EQ(c.pool.server().database(), "n");
    EXPECT_EQ(c.pool.server().user(), "u");
    EXPECT_EQ(c.pool.server().password(), "p w'd");
    EXPECT_EQ(c.pool.server().ssl_mode(), tusk::ssl_mode::require);
    EXPECT_EQ(c.pool.max_connections(), 7U);
    EXPECT_EQ(c.pool.min_connections(), 0U);
    EXPECT_EQ(c.pool.max_lifetime(), 30min);
    EXPECT_EQ(c.pool.max_idle_time(), 1min);
    EXPECT_EQ(c.pool.health_check_period(), 5s);
    EXPECT_EQ(c.pool.server().connect_timeout(), 2s);
}

TEST(alerthist_config, a_stronger_url_replaces_the_server_and_is_completed_by_its_neighbours) {
    auto env = plain_environment();
    env.set("DATABASE_URL", "postgres://u@db:5444/history").set("DB_PASSWORD", "se/cr%et&");
    const auto c =
        loaded(sources("database: {host: other, port: 1, user: x, password: y, max_conns: 4}", env));
    EXPECT_EQ(c.pool.server().hosts().at(0).display(), "db:5444");
    EXPECT_EQ(c.pool.server().user(), "u");
    EXPECT_EQ(c.pool.server().database(), "history");
    EXPECT_EQ(c.pool.server().password(), "se/cr%et&");
    EXPECT_EQ(c.pool.max_connections(), 4U) << "the pool's settings are not the server's";

    auto flags = sources("database: {url: 'postgres://file/x'}", env);
    flags.database_url("postgres://flag:5445/flags?pool_max_conns=11").listen("127.0.0.1:1");
    const auto d = loaded(flags);
    EXPECT_EQ(d.pool.server().hosts().at(0).display(), "flag:5445");
    EXPECT_EQ(d.pool.server().password(), "");
    EXPECT_EQ(d.pool.max_connections(), 11U);
    EXPECT_EQ(d.listen, "127.0.0.1:1");

    const auto e = loaded(sources("database: {url: 'host=a user=b', database: c}"));
    EXPECT_EQ(e.pool.server().hosts().at(0).display(), "a:5432");
    EXPECT_EQ(e.pool.server().database(), "c");
}

TEST(alerthist_config, a_single_setting_overrides_a_weaker_url) {
    auto env = plain_environment();
    env.set("DB_HOST", "db2").set("DB_PORT", "5555");
    const auto c = loaded(sources("database: {url: 'postgres://u@db/x?sslmode=disable'}", env));
    EXPECT_EQ(c.pool.server().hosts().at(0).display(), "db2:5555");
    EXPECT_EQ(c.pool.server().ssl_mode(), tusk::ssl_mode::disable);
}

TEST(alerthist_config, libpq_variables_count_where_nothing_else_is_said) {
    auto env = plain_environment();
    env.set("PGHOST", "pg").set("PGDATABASE", "pgdb");
    const auto c = loaded(sources("", env));
    EXPECT_EQ(c.pool.server().hosts().at(0).display(), "pg:5432");
    EXPECT_EQ(c.pool.server().database(), "pgdb");
}

TEST(alerthist_config, an_empty_value_is_no_value) {
    auto env = plain_environment();
    env.set("DB_PORT", "").set("DATABASE_URL", "");
    const auto c = loaded(sources("database: {port: , max_conns: ''}\nserver:\n", env));
    EXPECT_EQ(c.pool.server().hosts().at(0).display(), "localhost:5432");
    EXPECT_EQ(c.pool.max_connections(), 20U);
}

TEST(alerthist_config, a_small_maximum_lowers_the_default_minimum) {
    EXPECT_EQ(loaded(sources("database: {max_conns: 1}")).pool.min_connections(), 1U);
}

TEST(alerthist_config, embedded_takes_a_directory_or_finds_one) {
    auto flags = sources("database: {max_conns: 3}");
    flags.database_url("embedded:///data/x");
    const auto c = loaded(flags);
    EXPECT_EQ(c.embedded_dir, "/data/x");
    EXPECT_EQ(c.pool.max_connections(), 3U);
    flags.database_url("embedded://some/dir");
    EXPECT_EQ(loaded(flags).embedded_dir, "some/dir");

    flags.database_url("embedded://");
    const bool root = ::geteuid() == 0;
    EXPECT_EQ(loaded(flags).embedded_dir,
              root ? "/var/lib/tusk/alerthist" : "/home/ops/.local/share/tusk/alerthist");
    auto env = plain_environment();
    env.set("XDG_DATA_HOME", "/xdg");
    flags.environment(env);
    EXPECT_EQ(loaded(flags).embedded_dir, root ? "/var/lib/tusk/alerthist" : "/xdg/tusk/alerthist");
}

TEST(alerthist_config, embedded_does_not_go_with_a_server) {
    auto env = plain_environment();
    env.set("DB_HOST", "x").set("DATABASE_URL", "embedded://");
    EXPECT_EQ(problems(sources("", env)), "DB_HOST: has no meaning beside an embedded:// URL");
}

TEST(alerthist_config, names_every_problem_at_once) {
    auto env = plain_environment();
    env.set("DB_PORT", "seventy").set("DB_SSL_MODE", "verify_full").set("DB_MAX_CONN_LIFETIME", "30");
    env.set("DB_PASSWORD", "hunter2");
    auto from = sources(R"(server:
  listen: nowhere
  threads: 0
database:
  max_conns: many
webhook: {max_request_size: 10MB, max_alerts_per_request: 0}
log: {level: loud, format: xml}
)",
                        env);
    EXPECT_EQ(
        problems(from),
        "c.yaml:2: server.listen: \"nowhere\": HOST:PORT is accepted, such as 127.0.0.1:8080, [::1]:8080 or "
        ":8080 for all addresses\n"
        "c.yaml:3: server.threads: \"0\": a whole number from 1 to 256 is accepted\n"
        "c.yaml:6: webhook.max_request_size: \"10MB\": a size from 1KiB to 1GiB is accepted, such as 10MiB, "
        "or a number of bytes\n"
        "c.yaml:6: webhook.max_alerts_per_request: \"0\": a whole number from 1 to 100000 is accepted\n"
        "c.yaml:7: log.level: \"loud\": one of trace, debug, info, warn, error, critical, off is accepted\n"
        "c.yaml:7: log.format: \"xml\": one of logfmt, json is accepted\n"
        "c.yaml:5: database.max_conns: \"many\": a whole number from 1 to 100000 is accepted\n"
        "DB_MAX_CONN_LIFETIME: \"30\": a duration such as 500ms, 30s, 5m or 1h is accepted, or 0\n"
        "DB_PORT: \"seventy\": a whole number from 1 to 65535 is accepted\n"
        "DB_SSL_MODE: \"verify_full\": one of disable, allow, prefer, require, verify-ca, verify-full is "
        "accepted; did you mean \"verify-full\"?");
}

TEST(alerthist_config, refuses_each_bad_value) {
    for (const std::string bad : {"server: {listen: '1.2.3.4'}",
                                  "server: {listen: 'a:65536'}",
                                  "server: {listen: 'a:'}",
                                  "server: {listen: '::1:80'}",
                                  "server: {listen: 'a b:80'}",
                                  "server: {threads: 257}",
                                  "server: {threads: -1}",
                                  "server: {threads: 1.5}",
                                  "server: {read_timeout: 0}",
                                  "server: {write_timeout: 5}",
                                  "server: {idle_timeout: -5s}",
                                  "server: {shutdown_timeout: 0s}",
                                  "server: {shutdown_delay: soon}",
                                  "database: {port: 0}",
                                  "database: {port: 65536}",
                                  "database: {port: ' 5432'}",
                                  "database: {ssl_mode: on}",
                                  "database: {max_conns: 0}",
                                  "database: {min_conns: -1}",
                                  "database: {max_conn_lifetime: 1 hour}",
                                  "database: {max_conn_idle_time: x}",
                                  "database: {health_check_period: 1y}",
                                  "database: {connect_timeout: ten}",
                                  "database: {acquire_timeout: 0}",
                                  "database: {statement_timeout: 1}",
                                  "database: {max_conns: 3, min_conns: 4}",
                                  "database: {url: 'mysql://x'}",
                                  "database: {url: 'postgres://h:port/x'}",
                                  "database: {url: 'embedded:///a?b=c'}",
                                  "database: {url: 'postgres://h/x?pool_max_conns=x'}",
                                  "database: {password: \"a\\0b\"}",
                                  "webhook: {max_request_size: 1}",
                                  "webhook: {max_request_size: 2GiB}",
                                  "webhook: {max_request_size: 99999999999999999999}",
                                  "webhook: {max_alerts_per_request: 100001}"})
        EXPECT_NE(problems(sources(bad)), "") << bad;
}

TEST(alerthist_config, never_shows_a_password) {
    auto env = plain_environment();
    env.set("DB_PASSWORD", "hunter2").set("DB_PORT", "x");
    auto from = sources("database: {password: \"hunter2\\0\", url: 'postgres://u:hunter2@h:bad/x'}", env);
    EXPECT_EQ(problems(from).find("hunter2"), std::string::npos) << problems(from);
    EXPECT_EQ(problems(sources("database: {url: 'mysql://u:hunter2@h'}")).find("hunter2"), std::string::npos);
    EXPECT_EQ(problems(sources("database: {password: [hunter2]}")).find("hunter2"), std::string::npos);
    EXPECT_EQ(
        problems(sources("database: {host: 'x', url: 'host=y password=hunter2 port=z'}")).find("hunter2"),
        std::string::npos);

    auto good = plain_environment();
    good.set("DATABASE_URL", "postgres://u:hunter2@h/x");
    EXPECT_EQ(describe(loaded(sources("", good))).find("hunter2"), std::string::npos);
}

TEST(alerthist_config, unknown_keys_are_errors_with_a_suggestion) {
    EXPECT_EQ(
        problems(sources("database:\n  max_connections: 3\n  usr: x\n")),
        "c.yaml:2: database.max_connections: unknown key; known are url, host, port, database, user, "
        "password, ssl_mode, "
        "max_conns, min_conns, max_conn_lifetime, max_conn_idle_time, health_check_period, connect_timeout, "
        "acquire_timeout, statement_timeout\n"
        "c.yaml:3: database.usr: unknown key; did you mean \"user\"?");
    EXPECT_EQ(problems(sources("databse: {host: x}")),
              "c.yaml:1: databse: unknown key; did you mean \"database\"?");
    EXPECT_EQ(problems(sources("log: {levle: x}")),
              "c.yaml:1: log.levle: unknown key; did you mean \"level\"?");
}

TEST(alerthist_config, refuses_files_of_the_wrong_shape) {
    EXPECT_EQ(problems(sources("just words")), "c.yaml:1: the file must consist of sections: server, "
                                               "database, webhook, auth, limits, cors, classification, "
                                               "publishing, observe, log");
    EXPECT_EQ(problems(sources("log: loud")), "c.yaml:1: log: must hold settings: level, format");
    EXPECT_EQ(problems(sources("log: {level: [info]}")), "c.yaml:1: log.level: must be a single value");
    EXPECT_EQ(problems(sources("log:\n  level: info\n  level: warn")), "c.yaml:3: log.level: is set twice");
    EXPECT_EQ(problems(sources("? [a]\n: b")), "c.yaml:1: a key must be a word");
    EXPECT_EQ(problems(sources("log: {level: info")).substr(0, 7), "c.yaml:");
    config_sources missing;
    missing.file("/nowhere/c.yaml").environment(plain_environment());
    EXPECT_EQ(problems(missing), "/nowhere/c.yaml: cannot be read");
}

TEST(alerthist_config, reads_the_named_file) {
    auto env = plain_environment();
    env.add_file("/etc/alerthist.yaml", "server: {listen: '0.0.0.0:1234'}");
    config_sources from;
    from.file("/etc/alerthist.yaml").environment(env);
    EXPECT_EQ(loaded(from).listen, "0.0.0.0:1234");
}

TEST(alerthist_config, is_described_by_its_own_keys) {
    const auto text = describe(loaded(sources("server: {shutdown_delay: 250ms}")));
    EXPECT_NE(text.find("server.shutdown_delay: 250ms\n"), std::string::npos);
    EXPECT_NE(text.find("server.read_timeout: 30s\n"), std::string::npos);
    EXPECT_NE(text.find("database.max_conns: 20\n"), std::string::npos);
}

} // namespace config_test
