// What a person may see: no secret in the printed URL, none in any message.
#include <gtest/gtest.h>

#include <tusk/net/conninfo.hpp>

namespace conninfo_redacted_test {

using tusk::connect_config;
using tusk::redacted;

tusk::environment plain_environment() {
    tusk::environment env;
    env.set_os_user("me");
    return env;
}

connect_config parse(std::string_view text) {
    return tusk::parse_connect_config(text, plain_environment()).value();
}

TEST(conninfo_redacted, prints_a_url) {
    EXPECT_EQ(redacted(parse("host=db user=u password=hunter2")),
              "postgresql://u:***@db:5432/u?sslmode=prefer");
    EXPECT_EQ(redacted(parse("postgres://u@a:1,[::1]:2/d?connect_timeout=10&search_path=x")),
              "postgresql://u@a:1,[::1]:2/d?connect_timeout=10&sslmode=prefer&search_path=x");
    EXPECT_EQ(redacted(parse("host=/run/pg user='a@b:c' dbname='x/y?z'")),
              "postgresql://a%40b%3Ac@%2Frun%2Fpg:5432/x%2Fy%3Fz?sslmode=prefer");
    EXPECT_EQ(redacted(parse("hostaddr=::1 user=u")), "postgresql://u@:5432/u?hostaddr=::1&sslmode=prefer");
}

TEST(conninfo_redacted, hides_every_secret) {
    auto env = plain_environment();
    env.set_home_directory("/home/me").add_file("/home/me/.pgpass", "*:*:*:*:hunter2\n");
    const auto c = tusk::parse_connect_config(
                       "host=db sslpassword=hunter2 options='-c app.key=hunter2' app.token=hunter2", env)
                       .value();
    ASSERT_EQ(c.password_for(c.hosts()[0]), "hunter2");
    const auto text = redacted(c);
    EXPECT_EQ(text.find("hunter2"), std::string::npos) << text;
    EXPECT_NE(text.find("me:***@"), std::string::npos) << text;
    EXPECT_NE(text.find("sslpassword=***"), std::string::npos) << text;
    EXPECT_NE(text.find("app.token=***"), std::string::npos) << text;
}

TEST(conninfo_redacted, parses_back_to_the_same_configuration) {
    for (const char* text :
         {"", "host=db", "postgres://u:p@a:1,b:2,[fe80::1%25eth0]:3/d",
          "host=a,b hostaddr=10.0.0.1,::1 port=1,2", "hostaddr=10.0.0.1,::1",
          "host=@abstract dbname='sp ace%41+#&='", "user='\xc3\xa9' application_name='a=b&c'",
          "require_auth=!md5,!password target_session_attrs=standby load_balance_hosts=random "
          "channel_binding=require",
          "keepalives=0 keepalives_idle=3 keepalives_interval=4 keepalives_count=5 tcp_user_timeout=6",
          "host=h sslmode=verify-full sslrootcert='/a b' sslcert=/c sslkey=/k sslcrl=/l sslcrldir=/ld "
          "sslsni=0",
          "ssl_min_protocol_version=TLSv1 ssl_max_protocol_version=TLSv1.3", "min_protocol_version=3.2",
          "ssl_min_protocol_version=''", "host=h sslnegotiation=direct",
          "connect_timeout=0 statement_cache_capacity=9",
          "default_query_exec_mode=exec pool_max_conns=4 search_path='a, b' timezone=UTC",
          "passfile=/p replication=database"}) {
        auto expected = parse(text);
        if (!expected.password().empty()) expected.password("***");
        EXPECT_EQ(parse(redacted(expected)), expected) << text << " -> " << redacted(expected);
    }
}

TEST(conninfo_redacted, no_message_holds_a_piece_of_the_password) {
    // The password breaks the string at each of these, unquoted and not percent-encoded; 0 stands for the
    // password.
    const std::string secrets[] = {"zq xw", "zq'xw",  "zq xw=1", "zq@xw",   "zq/xw",  "zq?xw",
                                   "zq%xw", "zq:xw/", "zq[xw",   "zq#xw/1", "zq,xw/", "zq&xw=1=2"};
    const std::string shapes[] = {"password=0",
                                  "password='0",
                                  "password=0 sslmode=bad",
                                  "host=h password=0 port=bad",
                                  "postgres://u:0@h/d",
                                  "postgres://u:0@h:bad/d",
                                  "postgres://u:0@[h/d",
                                  "postgres://h/d?password=0",
                                  "postgres://h/d?password=0&sslmode=bad",
                                  "postgres://h/d?password=0&connect_timeout=x",
                                  "postgresql:/u:0@h/d",
                                  "sslpassword=0 requirepeer=x",
                                  "port=0",
                                  "sslmode=0",
                                  "hostaddr=0",
                                  "require_auth=0",
                                  "service=0",
                                  "client_encoding=0"};
    int rejected = 0;
    for (const auto& shape : shapes) {
        for (const auto& secret : secrets) {
            std::string text = shape;
            text.replace(text.find('0'), 1, secret);
            const auto config = tusk::parse_connect_config(text, plain_environment());
            if (config) continue;
            ++rejected;
            const auto message = config.error().message();
            EXPECT_EQ(message.find("zq"), std::string::npos) << text << " -> " << message;
            EXPECT_EQ(message.find("xw"), std::string::npos) << text << " -> " << message;
        }
    }
    EXPECT_GT(rejected, 100);
}

} // namespace conninfo_redacted_test
