// Every value and combination that is refused, and what the message says.
#include <gtest/gtest.h>

#include <tusk/net/conninfo.hpp>

namespace conninfo_rejections_test {

struct bad_case {
    std::string text;
    std::string_view message; ///< A part of it: the key and the remedy.
};

const bad_case bad_cases[] = {
    {"sslmode=on", "sslmode: accepted values are disable, allow, prefer, require, verify-ca, verify-full"},
    {"sslmode=", "sslmode: accepted values are"},
    {"sslmode=Require", "sslmode: accepted values are"},
    {"sslmode='require '", "sslmode: accepted values are"},
    {"sslmode=verify_full", "sslmode: accepted values are"},
    {"postgres://h?sslmode=none", "sslmode: accepted values are"},
    {"sslnegotiation=requiredirect", "sslnegotiation: accepted values are postgres, direct"},
    {"channel_binding=yes", "channel_binding: accepted values are disable, prefer, require"},
    {"channel_binding=", "channel_binding: accepted values are"},
    {"target_session_attrs=read_write",
     "target_session_attrs: accepted values are any, read-write, read-only, primary, "
     "standby, prefer-standby"},
    {"target_session_attrs=", "target_session_attrs: accepted values are"},
    {"load_balance_hosts=1", "load_balance_hosts: accepted values are disable, random"},
    {"ssl_min_protocol_version=TLSv1.4",
     "ssl_min_protocol_version: accepted values are TLSv1, TLSv1.1, TLSv1.2, TLSv1.3"},
    {"ssl_max_protocol_version=SSLv3", "ssl_max_protocol_version: accepted values are"},
    {"ssl_min_protocol_version=TLSv1.3 ssl_max_protocol_version=TLSv1.2",
     "ssl_min_protocol_version is above"},
    {"ssl_max_protocol_version=TLSv1.1", "ssl_min_protocol_version is above"},
    {"sslsni=yes", "sslsni: accepted values are 0 and 1"},
    {"sslsni=", "sslsni: accepted values are 0 and 1"},
    {"sslcertmode=require", "sslcertmode: accepted values are disable and allow"},
    {"min_protocol_version=3", "min_protocol_version: accepted values are 3.0, 3.2, latest"},
    {"max_protocol_version=3.1", "max_protocol_version: accepted values are 3.0, 3.2, latest"},
    {"min_protocol_version=latest max_protocol_version=3.0",
     "min_protocol_version is above max_protocol_version"},
    {"require_auth=scram", "require_auth: accepted methods are"},
    {"require_auth=md5,", "require_auth: accepted methods are"},
    {"require_auth=,", "require_auth: accepted methods are"},
    {"require_auth='md5, password'", "require_auth: accepted methods are"},
    {"require_auth=!", "require_auth: accepted methods are"},
    {"require_auth=!!md5", "require_auth: accepted methods are"},
    {"require_auth=md5,!password", "require_auth: methods with and without \"!\" cannot be mixed"},
    {"require_auth=!md5,password", "require_auth: methods with and without \"!\" cannot be mixed"},
    {"require_auth=md5,md5", "require_auth: the method md5 is there twice"},
    {"require_auth=!md5,!md5", "require_auth: the method md5 is there twice"},
    {"client_encoding=LATIN1", "client_encoding: the client encoding is always UTF8"},
    {"client_encoding=auto", "client_encoding: the client encoding is always UTF8"},
    {"gssencmode=require", "gssencmode: GSSAPI encryption is not supported"},
    {"gssencmode=", "gssencmode: GSSAPI encryption is not supported"},
    {"requirepeer=postgres", "requirepeer: not supported"},
    {"oauth_client_secret=x", "oauth_client_secret: not supported"},
    {"scram_client_key=x", "scram_client_key: not supported"},
    {"connect_timeout=", "connect_timeout: expected whole seconds"},
    {"connect_timeout=5s", "connect_timeout: expected whole seconds"},
    {"connect_timeout=1.5", "connect_timeout: expected whole seconds"},
    {"connect_timeout=2147483648", "connect_timeout: expected whole seconds"},
    {"connect_timeout=99999999999999999999", "connect_timeout: expected whole seconds"},
    {"keepalives=on", "keepalives: expected a whole number"},
    {"keepalives_idle=1m", "keepalives_idle: expected a whole number"},
    {"keepalives_interval=", "keepalives_interval: expected a whole number"},
    {"keepalives_count=x", "keepalives_count: expected a whole number"},
    {"tcp_user_timeout=--1", "tcp_user_timeout: expected a whole number"},
    {"statement_cache_capacity=-1", "statement_cache_capacity: expected zero or more"},
    {"statement_cache_capacity=many", "statement_cache_capacity: expected a whole number"},
    {"description_cache_capacity=-1", "description_cache_capacity: expected zero or more"},
    {"default_query_exec_mode=fast", "default_query_exec_mode: accepted values are cache_statement"},
    {"port=0", "port: a port is a number from 1 to 65535"},
    {"port=65536", "port: a port is a number from 1 to 65535"},
    {"port=-1", "port: a port is a number from 1 to 65535"},
    {"port=abc", "port: a port is a number from 1 to 65535"},
    {"port=0x10", "port: a port is a number from 1 to 65535"},
    {"port='5 432'", "port: a port is a number from 1 to 65535"},
    {"port=' '", "port: a port is a number from 1 to 65535"},
    {"port=5432.", "port: a port is a number from 1 to 65535"},
    {"port=4294972728", "port: a port is a number from 1 to 65535"},
    {"host=a,b port=1,x", "port: a port is a number from 1 to 65535"},
    {"postgres://h:0/d", "port: a port is a number from 1 to 65535"},
    {"postgres://h:99999/d", "port: a port is a number from 1 to 65535"},
    {"postgres://h:5432:5433/d", "port: a port is a number from 1 to 65535"},
    {"postgres://::1/d", "port: a port is a number from 1 to 65535"},
    {"port=1,2", "port: could not match 2 ports to 1 hosts"},
    {"host=a,b,c port=1,2", "port: could not match 2 ports to 3 hosts"},
    {"host=a port=1,", "port: could not match 2 ports to 1 hosts"},
    {"postgres://a,b/d?port=1,2,3", "port: could not match 3 ports to 2 hosts"},
    {"host=a,b hostaddr=10.0.0.1", "hostaddr: could not match 2 host names to 1 addresses"},
    {"host=a hostaddr=10.0.0.1,10.0.0.2", "hostaddr: could not match 1 host names to 2 addresses"},
    {"hostaddr=db.example.com", "hostaddr: not a numeric IPv4 or IPv6 address"},
    {"hostaddr=/run/postgresql", "hostaddr: not a numeric"},
    {"hostaddr=[::1]", "hostaddr: not a numeric"},
    {"hostaddr=::1%", "hostaddr: not a numeric"},
    {"hostaddr='10.0.0.1 '", "hostaddr: not a numeric"},
    {"hostaddr=10.0.0.256", "hostaddr: not a numeric"},
    {"host=/" + std::string(100, 'x'), "host: the path of the Unix socket is longer than 107 bytes"},
    {"postgres://u:p@ss@h/d", "host: a host name holds \"@\""},
    {"Host=a", "the key host must be written in lower case"},
    {"SSLMODE=require", "the key sslmode must be written in lower case"},
    {"Client_Encoding=LATIN1", "the key client_encoding must be written in lower case"},
    {"sslmod=require", "unknown key sslmod"},
    {"postgres://h?ssl=false", "unknown key ssl;"},
    {"_pq_.x=1", "protocol options"},
    {"a?b=c", "a key has characters that no key has"},
    {"1a=c", "a key has characters that no key has"},
    {"s\xc3\xa9=c", "a key has characters that no key has"},
    {"postgres://h?a%20b=c", "a key has characters that no key has"},
    {"postgres://h?a%0Ab=c", "a key has characters that no key has"},
    {"service=x", "service: there is no service file"},
    {"service=", "service: there is no service file"},
    {"service=x servicefile=/missing", "service: the service file named by the key servicefile is missing"},
};

TEST(conninfo_rejections, name_the_key_and_the_remedy) {
    tusk::environment env;
    env.set_os_user("me");
    for (const auto& [text, message] : bad_cases) {
        const auto config = tusk::parse_connect_config(text, env);
        ASSERT_FALSE(config) << text;
        EXPECT_EQ(config.error().code(), tusk::errc::invalid_connection_string) << text;
        EXPECT_NE(config.error().message().find(message), std::string::npos)
            << text << ": " << config.error().message();
        EXPECT_THROW((void)config.value(), tusk::error) << text;
    }
}

TEST(conninfo_rejections, a_nul_byte_from_the_environment_is_refused) {
    tusk::environment env;
    env.set_os_user("me").set("PGUSER", std::string{"u\0v", 3});
    EXPECT_FALSE(tusk::parse_connect_config("", env));
}

TEST(conninfo_rejections, keys_that_are_not_on_the_list) {
    const std::vector<std::string_view> allowed{"host", "port", "user", "password", "dbname"};
    const auto said = [&](std::string_view text) {
        const auto c = tusk::parse_connect_config(text, allowed);
        return c ? std::string{} : c.error().message();
    };
    EXPECT_EQ(said("postgres://me:secret@h:5433/db"), "");
    EXPECT_EQ(said("host=h user=me dbname=db"), "");
    for (const char* key :
         {"service", "servicefile", "passfile", "sslkey", "sslrootcert", "options", "pool_max_conns"})
        EXPECT_NE(
            said("host=h " + std::string{key} + "=1").find("the key " + std::string{key} + " is not allowed"),
            std::string::npos)
            << key;
    EXPECT_NE(said("postgres://h/db?passfile=/etc/shadow").find("passfile"), std::string::npos);
    EXPECT_EQ(said("postgres://h/db?passfile=/etc/shadow").find("shadow"), std::string::npos);
    EXPECT_NE(said("host=h nonsense=1"), "") << "unknown keys are refused as ever";
}

} // namespace conninfo_rejections_test
