// What the keys mean: defaults, hosts, values, rejections.
#include <gtest/gtest.h>

#include <tusk/net/conninfo.hpp>

namespace conninfo_test {

using namespace std::chrono_literals;
using tusk::connect_config;

tusk::environment plain_environment() {
    tusk::environment env;
    env.set_os_user("me").add_directory("/run/postgresql").add_directory("/tmp");
    return env;
}

connect_config parse(std::string_view text) {
    return tusk::parse_connect_config(text, plain_environment()).value();
}

tusk::failure failure_of(std::string_view text) {
    const auto config = tusk::parse_connect_config(text, plain_environment());
    return config ? tusk::failure{} : config.error();
}

std::string hosts_of(const connect_config& config) {
    std::string out;
    for (const auto& host : config.hosts()) out += (out.empty() ? "" : " ") + host.display();
    return out;
}

TEST(conninfo, an_empty_string_means_all_defaults) {
    const auto config = parse("");
    EXPECT_EQ(hosts_of(config), "/run/postgresql:5432");
    EXPECT_EQ(config.user(), "me");
    EXPECT_EQ(config.database(), "me");
    EXPECT_EQ(config.password(), "");
    EXPECT_EQ(config.application_name(), "");
    EXPECT_EQ(config.options(), "");
    EXPECT_EQ(config.connect_timeout(), 5s);
    EXPECT_EQ(config.ssl_mode(), tusk::ssl_mode::prefer);
    EXPECT_EQ(config.ssl_negotiation(), tusk::ssl_negotiation::postgres);
    EXPECT_TRUE(config.ssl_sni());
    EXPECT_EQ(config.ssl_min_protocol_version(), tusk::ssl_protocol_version::tls1_2);
    EXPECT_EQ(config.ssl_max_protocol_version(), tusk::ssl_protocol_version::any);
    EXPECT_EQ(config.channel_binding(), tusk::channel_binding::prefer);
    EXPECT_TRUE(config.require_auth().empty());
    EXPECT_EQ(config.target_session_attrs(), tusk::target_session_attrs::any);
    EXPECT_EQ(config.load_balance_hosts(), tusk::load_balance_hosts::disable);
    EXPECT_TRUE(config.keepalives());
    EXPECT_EQ(config.keepalives_idle(), 0s);
    EXPECT_EQ(config.tcp_user_timeout(), 0ms);
    EXPECT_EQ(config.min_protocol_version(), tusk::protocol_minor::v3_0);
    EXPECT_EQ(config.max_protocol_version(), tusk::protocol_minor::v3_0);
    EXPECT_EQ(config.statement_cache_capacity(), 512u);
    EXPECT_TRUE(config.runtime_parameters().empty());
    EXPECT_TRUE(config.pool_settings().empty());
    EXPECT_TRUE(config.driver_settings().empty());
    EXPECT_TRUE(config.warnings().empty());
}

TEST(conninfo, the_default_host_is_the_first_socket_directory_that_exists) {
    tusk::environment env;
    env.set_os_user("me");
    EXPECT_EQ(hosts_of(tusk::parse_connect_config("", env).value()), "localhost:5432");
    env.add_directory("/tmp");
    EXPECT_EQ(hosts_of(tusk::parse_connect_config("", env).value()), "/tmp:5432");
    env.add_directory("/run/postgresql");
    EXPECT_EQ(hosts_of(tusk::parse_connect_config("", env).value()), "/run/postgresql:5432");
    env.add_directory("/var/run/postgresql");
    EXPECT_EQ(hosts_of(tusk::parse_connect_config("", env).value()), "/var/run/postgresql:5432");
}

struct hosts_case {
    std::string_view text, expected;
};

const hosts_case hosts_cases[] = {
    {"host=db", "db:5432"},
    {"host=db port=6432", "db:6432"},
    {"port=6432", "/run/postgresql:6432"},
    {"host='' port=''", "/run/postgresql:5432"},
    {"host=a,b", "a:5432 b:5432"},
    {"host=a,b port=1", "a:1 b:1"},
    {"host=a,b port=1,2", "a:1 b:2"},
    {"host=a,b port=,2", "a:5432 b:2"},
    {"host=a,b port=,", "a:5432 b:5432"},
    {"host=a,,c port=1,2,3", "a:1 /run/postgresql:2 c:3"},
    {"host=, port=1,2", "/run/postgresql:1 /run/postgresql:2"},
    {"port=' +12 '", "/run/postgresql:12"},
    {"port=00012", "/run/postgresql:12"},
    {"port=65535", "/run/postgresql:65535"},
    {"host=::1", "[::1]:5432"},
    {"hostaddr=::1", "[::1]:5432"},
    {"hostaddr=127.0.0.1", "127.0.0.1:5432"},
    {"hostaddr=fe80::1%eth0", "[fe80::1%eth0]:5432"},
    {"host=db hostaddr=10.0.0.1", "db:5432"},
    {"host=a,b hostaddr=10.0.0.1,10.0.0.2 port=7", "a:7 b:7"},
    {"hostaddr=10.0.0.1,,::1", "10.0.0.1:5432 /run/postgresql:5432 [::1]:5432"},
    {"host=/srv/sockets,db", "/srv/sockets:5432 db:5432"},
    {"host=@abstract", "@abstract:5432"},
    {"postgres://a:1,b:2/d", "a:1 b:2"},
    {"postgres://a,b:2/d", "a:5432 b:2"},
    {"postgres://[::1]:1,[::2]:2", "[::1]:1 [::2]:2"},
    {"postgres://%2Fsrv%2Fsockets:6000/d", "/srv/sockets:6000"},
    {"postgres:///d?host=/srv/sockets&port=6000", "/srv/sockets:6000"},
    {"postgres://a%2Cb:1", "a:1 b:1"},
};

TEST(conninfo, hosts_addresses_and_ports_are_matched_one_to_one) {
    for (const auto& [text, expected] : hosts_cases) {
        const auto config = tusk::parse_connect_config(text, plain_environment());
        ASSERT_TRUE(config) << text << ": " << config.error().message();
        EXPECT_EQ(hosts_of(*config), expected) << text;
    }
}

TEST(conninfo, a_host_knows_whether_it_is_a_socket) {
    const auto socket = parse("host=/srv/pg port=6000").hosts()[0];
    EXPECT_TRUE(socket.is_unix_socket());
    EXPECT_EQ(socket.socket_path(), "/srv/pg/.s.PGSQL.6000");
    const auto abstract = parse("host=@pg").hosts()[0];
    EXPECT_TRUE(abstract.is_unix_socket());
    EXPECT_EQ(abstract.socket_path(), "@pg/.s.PGSQL.5432");
    const auto tcp = parse("host=db").hosts()[0];
    EXPECT_FALSE(tcp.is_unix_socket());
    EXPECT_EQ(tcp.socket_path(), "");
    const auto overridden = parse("host=/srv/pg hostaddr=127.0.0.1").hosts()[0];
    EXPECT_FALSE(overridden.is_unix_socket());
    EXPECT_EQ(overridden.hostaddr, "127.0.0.1");
}

TEST(conninfo, user_and_database_have_their_defaults) {
    EXPECT_EQ(parse("user=u").database(), "u");
    EXPECT_EQ(parse("user=u dbname=").database(), "u");
    EXPECT_EQ(parse("user=").user(), "me");
    EXPECT_EQ(parse("database=d").database(), "d");
    EXPECT_EQ(parse("dbname=a database=b").database(), "b");
    EXPECT_EQ(parse("postgres://u:p%20w@h/d").password(), "p w");
    const auto config = tusk::parse_connect_config("host=a", tusk::environment{});
    ASSERT_FALSE(config);
    EXPECT_NE(config.error().message().find("PGUSER"), std::string::npos);
}

TEST(conninfo, every_key_reaches_its_field) {
    const auto c =
        parse("passfile=/p application_name=app options='-c geqo=off' connect_timeout=7 sslmode=verify-ca "
              "sslnegotiation=direct sslrootcert=/root sslcert=/cert sslkey=/key sslpassword=s3 sslcrl=/crl "
              "sslcrldir=/crls sslsni=0 ssl_min_protocol_version=tlsv1.1 ssl_max_protocol_version=TLSv1.3 "
              "channel_binding=require require_auth=scram-sha-256,none target_session_attrs=prefer-standby "
              "load_balance_hosts=random keepalives=0 keepalives_idle=1 keepalives_interval=2 "
              "keepalives_count=3 tcp_user_timeout=4 min_protocol_version=3.0 max_protocol_version=latest");
    EXPECT_EQ(c.passfile(), "/p");
    EXPECT_EQ(c.application_name(), "app");
    EXPECT_EQ(c.options(), "-c geqo=off");
    EXPECT_EQ(c.connect_timeout(), 7s);
    EXPECT_EQ(c.ssl_mode(), tusk::ssl_mode::verify_ca);
    EXPECT_EQ(c.ssl_negotiation(), tusk::ssl_negotiation::direct);
    EXPECT_EQ(c.ssl_root_cert(), "/root");
    EXPECT_EQ(c.ssl_cert(), "/cert");
    EXPECT_EQ(c.ssl_key(), "/key");
    EXPECT_EQ(c.ssl_password(), "s3");
    EXPECT_EQ(c.ssl_crl(), "/crl");
    EXPECT_EQ(c.ssl_crl_dir(), "/crls");
    EXPECT_FALSE(c.ssl_sni());
    EXPECT_EQ(c.ssl_min_protocol_version(), tusk::ssl_protocol_version::tls1_1);
    EXPECT_EQ(c.ssl_max_protocol_version(), tusk::ssl_protocol_version::tls1_3);
    EXPECT_EQ(c.channel_binding(), tusk::channel_binding::require);
    EXPECT_EQ(to_string(c.require_auth()), "scram-sha-256,none");
    EXPECT_EQ(c.target_session_attrs(), tusk::target_session_attrs::prefer_standby);
    EXPECT_EQ(c.load_balance_hosts(), tusk::load_balance_hosts::random);
    EXPECT_FALSE(c.keepalives());
    EXPECT_EQ(c.keepalives_idle(), 1s);
    EXPECT_EQ(c.keepalives_interval(), 2s);
    EXPECT_EQ(c.keepalives_count(), 3);
    EXPECT_EQ(c.tcp_user_timeout(), 4ms);
    EXPECT_EQ(c.max_protocol_version(), tusk::protocol_minor::v3_2);
    EXPECT_TRUE(c.runtime_parameters().empty());
}

TEST(conninfo, every_word_of_a_choice_is_accepted_and_named_back) {
    for (std::string_view word : {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"})
        EXPECT_EQ(to_string(parse("sslmode=" + std::string{word}).ssl_mode()), word);
    for (std::string_view word : {"any", "read-write", "read-only", "primary", "standby", "prefer-standby"})
        EXPECT_EQ(to_string(parse("target_session_attrs=" + std::string{word}).target_session_attrs()), word);
    for (std::string_view word : {"disable", "prefer", "require"})
        EXPECT_EQ(to_string(parse("channel_binding=" + std::string{word}).channel_binding()), word);
    for (std::string_view word : {"disable", "random"})
        EXPECT_EQ(to_string(parse("load_balance_hosts=" + std::string{word}).load_balance_hosts()), word);
    for (std::string_view word : {"postgres", "direct"})
        EXPECT_EQ(to_string(parse("sslnegotiation=" + std::string{word}).ssl_negotiation()), word);
    for (std::string_view word : {"TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"})
        EXPECT_EQ(
            to_string(parse("ssl_min_protocol_version=" + std::string{word}).ssl_min_protocol_version()),
            word);
    for (std::string_view word : {"3.0", "3.2"})
        EXPECT_EQ(to_string(parse("max_protocol_version=" + std::string{word}).max_protocol_version()), word);
}

TEST(conninfo, connect_timeout_is_whole_seconds_and_zero_or_less_means_never) {
    EXPECT_EQ(parse("connect_timeout=0").connect_timeout(), 0ms);
    EXPECT_EQ(parse("connect_timeout=-3").connect_timeout(), 0ms);
    EXPECT_EQ(parse("connect_timeout=1").connect_timeout(), 1s);
    EXPECT_EQ(parse("connect_timeout=2147483647").connect_timeout(), 2147483647s);
}

TEST(conninfo, negative_socket_settings_mean_the_systems_default) {
    EXPECT_EQ(parse("keepalives_idle=-1").keepalives_idle(), 0s);
    EXPECT_EQ(parse("keepalives_count=-1").keepalives_count(), 0);
    EXPECT_EQ(parse("tcp_user_timeout=-1").tcp_user_timeout(), 0ms);
    EXPECT_TRUE(parse("keepalives=2").keepalives());
}

TEST(conninfo, unknown_keys_go_to_the_server_in_order) {
    const auto config =
        parse("host=a search_path='a, b' statement_timeout=5s TimeZone=UTC timezone=Asia/Tokyo my.var=1 "
              "replication=database");
    const connect_config::setting_list expected{{"search_path", "a, b"},
                                                {"statement_timeout", "5s"},
                                                {"timezone", "Asia/Tokyo"},
                                                {"my.var", "1"},
                                                {"replication", "database"}};
    EXPECT_EQ(config.runtime_parameters(), expected);
}

TEST(conninfo, keys_for_pool_and_driver_are_kept_back) {
    const auto config = parse("postgres://h?pool_max_conns=10&pool_min_conns=2&statement_cache_capacity=0&"
                              "default_query_exec_mode=exec&description_cache_capacity=7&geqo=off");
    EXPECT_EQ(config.pool_settings(),
              (connect_config::setting_list{{"pool_max_conns", "10"}, {"pool_min_conns", "2"}}));
    EXPECT_EQ(config.statement_cache_capacity(), 0u);
    EXPECT_EQ(config.driver_settings(), (connect_config::setting_list{{"default_query_exec_mode", "exec"},
                                                                      {"description_cache_capacity", "7"}}));
    EXPECT_EQ(config.runtime_parameters(), (connect_config::setting_list{{"geqo", "off"}}));
}

TEST(conninfo, keys_of_features_that_are_absent_are_ignored_when_harmless) {
    for (const char* text : {"gssencmode=disable", "gssencmode=prefer", "krbsrvname=x", "gsslib=gssapi",
                             "sslcompression=0", "client_encoding=UTF8", "client_encoding=utf-8",
                             "client_encoding=", "sslcertmode=allow", "requirepeer=", "gssdelegation=0"})
        EXPECT_EQ(parse(text), parse("")) << text;
}

TEST(conninfo, fallback_application_name_is_used_when_there_is_no_other) {
    EXPECT_EQ(parse("fallback_application_name=f").application_name(), "f");
    EXPECT_EQ(parse("fallback_application_name=f application_name=a").application_name(), "a");
}

TEST(conninfo, system_roots_demand_full_verification) {
    EXPECT_EQ(parse("host=h sslrootcert=system").ssl_mode(), tusk::ssl_mode::verify_full);
    EXPECT_EQ(parse("host=h sslrootcert=system sslmode=verify-full").ssl_root_cert(), "system");
    for (const char* mode : {"disable", "allow", "prefer", "require", "verify-ca"})
        EXPECT_TRUE(failure_of(std::string{"host=h sslrootcert=system sslmode="} + mode)) << mode;
}

TEST(conninfo, direct_negotiation_demands_tls) {
    EXPECT_EQ(parse("host=h sslnegotiation=direct").ssl_mode(), tusk::ssl_mode::require);
    EXPECT_EQ(parse("host=h sslnegotiation=direct sslrootcert=system").ssl_mode(),
              tusk::ssl_mode::verify_full);
    EXPECT_FALSE(failure_of("host=h sslnegotiation=direct sslmode=verify-ca"));
    for (const char* mode : {"disable", "allow", "prefer"})
        EXPECT_TRUE(failure_of(std::string{"host=h sslnegotiation=direct sslmode="} + mode)) << mode;
}

TEST(conninfo, asking_for_a_newer_minimum_raises_the_maximum) {
    EXPECT_EQ(parse("min_protocol_version=3.2").max_protocol_version(), tusk::protocol_minor::v3_2);
    EXPECT_TRUE(failure_of("min_protocol_version=3.2 max_protocol_version=3.0"));
}

TEST(conninfo, require_auth_allows_or_forbids) {
    const auto positive = parse("require_auth=scram-sha-256,md5").require_auth();
    EXPECT_TRUE(positive.allows("md5"));
    EXPECT_FALSE(positive.allows("password"));
    EXPECT_FALSE(positive.allows("none"));
    const auto negative = parse("require_auth=!password,!none").require_auth();
    EXPECT_TRUE(negative.negated);
    EXPECT_TRUE(negative.allows("scram-sha-256"));
    EXPECT_FALSE(negative.allows("password"));
    EXPECT_EQ(to_string(negative), "!password,!none");
    EXPECT_TRUE(parse("require_auth=").require_auth().allows("password"));
}

TEST(conninfo, setters_chain_and_validate_checks_them) {
    connect_config config;
    config.host("db", 6432)
        .user("u")
        .password("p")
        .ssl_mode(tusk::ssl_mode::require)
        .runtime_parameter("geqo", "on");
    config.runtime_parameter("GEQO", "off");
    EXPECT_FALSE(tusk::validate(config));
    EXPECT_EQ(config.database(), "u");
    EXPECT_EQ(config.runtime_parameters(), (connect_config::setting_list{{"geqo", "off"}}));
    EXPECT_TRUE(tusk::validate(connect_config{}.host("db"))); // no user
    EXPECT_TRUE(tusk::validate(connect_config{config}.hosts({})));
    EXPECT_TRUE(tusk::validate(connect_config{config}.host("db", 0)));
    EXPECT_TRUE(tusk::validate(connect_config{config}.user(std::string{"a\0b", 3})));
    EXPECT_TRUE(tusk::validate(connect_config{config}.runtime_parameter("x", std::string{"\0", 1})));
    EXPECT_TRUE(tusk::validate(connect_config{config}.ssl_root_cert("system")));
    connect_config hosts{config};
    hosts.hosts({tusk::host_address{}});
    EXPECT_TRUE(tusk::validate(hosts));
}

} // namespace conninfo_test
