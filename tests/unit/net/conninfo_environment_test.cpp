// PG… variables, service files and their order of precedence.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <sys/stat.h>
#include <unistd.h>

#include <tests/temporary_directory.hpp>
#include <tusk/net/conninfo.hpp>
#include <tusk/net/service_file.hpp>

namespace conninfo_environment_test {

using namespace std::chrono_literals;
using tusk::connect_config;
using tusk::environment;

environment plain_environment() {
    environment env;
    env.set_os_user("me").set_home_directory("/home/me");
    return env;
}

std::string failure_text(std::string_view text, const environment& env) {
    const auto config = tusk::parse_connect_config(text, env);
    return config ? "accepted" : config.error().message();
}

TEST(conninfo_environment, every_variable_is_read) {
    auto env = plain_environment();
    env.set("PGHOST", "a,b")
        .set("PGHOSTADDR", "10.0.0.1,10.0.0.2")
        .set("PGPORT", "1,2")
        .set("PGDATABASE", "d");
    env.set("PGUSER", "u").set("PGPASSWORD", "p").set("PGOPTIONS", "-c a=b").set("PGAPPNAME", "app");
    env.set("PGCONNECT_TIMEOUT", "9").set("PGSSLMODE", "require").set("PGSSLNEGOTIATION", "direct");
    env.set("PGSSLROOTCERT", "/r").set("PGSSLCERT", "/c").set("PGSSLKEY", "/k").set("PGSSLPASSWORD", "s");
    env.set("PGSSLCRL", "/crl").set("PGSSLCRLDIR", "/crls").set("PGSSLSNI", "0");
    env.set("PGSSLMINPROTOCOLVERSION", "TLSv1.3").set("PGSSLMAXPROTOCOLVERSION", "TLSv1.3");
    env.set("PGCHANNELBINDING", "disable").set("PGREQUIREAUTH", "md5").set("PGTARGETSESSIONATTRS", "primary");
    env.set("PGLOADBALANCEHOSTS", "random")
        .set("PGMINPROTOCOLVERSION", "3.2")
        .set("PGMAXPROTOCOLVERSION", "latest");
    env.set("PGCLIENTENCODING", "UTF8").set("PGGSSENCMODE", "disable").set("PGKRBSRVNAME", "x");
    env.set("PGTZ", "UTC").set("PGDATESTYLE", "ISO").set("PGGEQO", "off").set("PGPASSFILE", "/pf");
    const auto c = tusk::parse_connect_config("", env).value();
    ASSERT_EQ(c.hosts().size(), 2u);
    EXPECT_EQ(c.hosts()[1].display(), "b:2");
    EXPECT_EQ(c.hosts()[1].hostaddr, "10.0.0.2");
    EXPECT_EQ(c.database(), "d");
    EXPECT_EQ(c.user(), "u");
    EXPECT_EQ(c.password(), "p");
    EXPECT_EQ(c.options(), "-c a=b");
    EXPECT_EQ(c.application_name(), "app");
    EXPECT_EQ(c.connect_timeout(), 9s);
    EXPECT_EQ(c.ssl_mode(), tusk::ssl_mode::require);
    EXPECT_EQ(c.ssl_negotiation(), tusk::ssl_negotiation::direct);
    EXPECT_EQ(c.ssl_root_cert(), "/r");
    EXPECT_EQ(c.ssl_cert(), "/c");
    EXPECT_EQ(c.ssl_key(), "/k");
    EXPECT_EQ(c.ssl_password(), "s");
    EXPECT_EQ(c.ssl_crl(), "/crl");
    EXPECT_EQ(c.ssl_crl_dir(), "/crls");
    EXPECT_FALSE(c.ssl_sni());
    EXPECT_EQ(c.ssl_min_protocol_version(), tusk::ssl_protocol_version::tls1_3);
    EXPECT_EQ(c.ssl_max_protocol_version(), tusk::ssl_protocol_version::tls1_3);
    EXPECT_EQ(c.channel_binding(), tusk::channel_binding::disable);
    EXPECT_EQ(to_string(c.require_auth()), "md5");
    EXPECT_EQ(c.target_session_attrs(), tusk::target_session_attrs::primary);
    EXPECT_EQ(c.load_balance_hosts(), tusk::load_balance_hosts::random);
    EXPECT_EQ(c.min_protocol_version(), tusk::protocol_minor::v3_2);
    const connect_config::setting_list sent{{"datestyle", "ISO"}, {"timezone", "UTC"}, {"geqo", "off"}};
    EXPECT_EQ(c.runtime_parameters(), sent);
    EXPECT_EQ(c.passfile(), ""); // the password is there
}

TEST(conninfo_environment, the_string_wins_and_even_an_empty_value_of_it_hides_a_variable) {
    auto env = plain_environment();
    env.set("PGHOST", "env")
        .set("PGPORT", "7")
        .set("PGUSER", "envuser")
        .set("PGSSLMODE", "disable")
        .set("PGTZ", "UTC");
    const auto c =
        tusk::parse_connect_config("host=h port='' user='' sslmode=require TimeZone=Asia/Tokyo", env).value();
    EXPECT_EQ(c.hosts()[0].display(), "h:5432");
    EXPECT_EQ(c.user(), "me");
    EXPECT_EQ(c.ssl_mode(), tusk::ssl_mode::require);
    EXPECT_EQ(c.runtime_parameters(), (connect_config::setting_list{{"timezone", "Asia/Tokyo"}}));
    EXPECT_EQ(tusk::parse_connect_config("postgres://h", env).value().hosts()[0].port, 7);
    EXPECT_EQ(tusk::parse_connect_config("postgres://h", env).value().user(), "envuser");
    EXPECT_EQ(tusk::parse_connect_config("database=d", env).value().database(), "d");
}

TEST(conninfo_environment, an_empty_variable_counts_as_unset) {
    auto env = plain_environment();
    env.set("PGSSLMODE", "")
        .set("PGPORT", "")
        .set("PGSERVICE", "")
        .set("PGCONNECT_TIMEOUT", "")
        .set("PGUSER", "");
    const auto c = tusk::parse_connect_config("", env).value();
    EXPECT_EQ(c.ssl_mode(), tusk::ssl_mode::prefer);
    EXPECT_EQ(c.user(), "me");
}

TEST(conninfo_environment, a_bad_variable_is_named) {
    for (const char* variable :
         {"PGSSLMODE", "PGPORT", "PGCONNECT_TIMEOUT", "PGCHANNELBINDING", "PGTARGETSESSIONATTRS",
          "PGCLIENTENCODING", "PGHOSTADDR", "PGREQUIREAUTH", "PGGSSENCMODE", "PGREQUIREPEER"}) {
        auto env = plain_environment();
        env.set(variable, "bogus");
        const auto text = failure_text("", env);
        EXPECT_NE(text.find(std::string{"(from "} + variable + ")"), std::string::npos) << text;
        EXPECT_EQ(text.find("bogus"), std::string::npos) << text;
    }
}

TEST(conninfo_environment, the_old_requiressl_variable_and_the_word_default) {
    auto env = plain_environment();
    env.set("PGREQUIRESSL", "1").set("PGTZ", "Default").set("PGDATESTYLE", "default");
    const auto c = tusk::parse_connect_config("", env).value();
    EXPECT_EQ(c.ssl_mode(), tusk::ssl_mode::require);
    EXPECT_TRUE(c.runtime_parameters().empty());
    env.set("PGSSLMODE", "allow");
    EXPECT_EQ(tusk::parse_connect_config("", env).value().ssl_mode(), tusk::ssl_mode::allow);
}

TEST(conninfo_environment, certificates_of_the_home_directory_are_used_where_they_exist) {
    auto env = plain_environment();
    env.add_file("/home/me/.postgresql/root.crt", "").add_file("/home/me/.postgresql/root.crl", "");
    env.add_file("/home/me/.postgresql/postgresql.key", "");
    auto c = tusk::parse_connect_config("host=h", env).value();
    EXPECT_EQ(c.ssl_root_cert(), "/home/me/.postgresql/root.crt");
    EXPECT_EQ(c.ssl_crl(), "/home/me/.postgresql/root.crl");
    EXPECT_EQ(c.ssl_key(), ""); // a key alone is no use
    env.add_file("/home/me/.postgresql/postgresql.crt", "");
    c = tusk::parse_connect_config("host=h", env).value();
    EXPECT_EQ(c.ssl_cert(), "/home/me/.postgresql/postgresql.crt");
    EXPECT_EQ(c.ssl_key(), "/home/me/.postgresql/postgresql.key");
    EXPECT_EQ(tusk::parse_connect_config("host=h sslcert=/c", env).value().ssl_key(),
              "/home/me/.postgresql/postgresql.key");
    EXPECT_EQ(tusk::parse_connect_config("host=h sslcertmode=disable", env).value().ssl_cert(), "");
    EXPECT_EQ(tusk::parse_connect_config("host=h sslcertmode=disable sslcert=/c", env).value().ssl_cert(),
              "");
    EXPECT_EQ(tusk::parse_connect_config("host=h sslmode=disable", env).value().ssl_root_cert(), "");
    EXPECT_EQ(tusk::parse_connect_config("host=/sockets", env).value().ssl_root_cert(), "");
    EXPECT_EQ(tusk::parse_connect_config("host=h sslrootcert=system", env).value().ssl_root_cert(), "system");
}

constexpr std::string_view service_text = "# comment\n"
                                          "host=outside\n"
                                          "[other]\n"
                                          "host=other\n"
                                          "\n"
                                          "  [shop]  \r\n"
                                          "  host=db1,db2  \n"
                                          "port=6432\n"
                                          "# user=nobody\n"
                                          "user=shop\n"
                                          "user=second\n"
                                          "sslmode=require\n"
                                          "search_path=a b\n"
                                          "pool_max_conns=3\n"
                                          "[shop]\n"
                                          "dbname=late\n"
                                          "[empty]";

TEST(conninfo_service, its_settings_stand_between_string_and_environment) {
    auto env = plain_environment();
    env.add_file("/home/me/.pg_service.conf", std::string{service_text});
    env.set("PGUSER", "envuser").set("PGDATABASE", "envdb").set("PGSSLMODE", "disable");
    const auto c = tusk::parse_connect_config("service=shop port=7000", env).value();
    ASSERT_EQ(c.hosts().size(), 2u);
    EXPECT_EQ(c.hosts()[1].display(), "db2:7000");
    EXPECT_EQ(c.user(), "shop");      // the first in the section
    EXPECT_EQ(c.database(), "envdb"); // the section ended before
    EXPECT_EQ(c.ssl_mode(), tusk::ssl_mode::require);
    EXPECT_EQ(c.runtime_parameters(), (connect_config::setting_list{{"search_path", "a b"}}));
    EXPECT_EQ(c.pool_settings(), (connect_config::setting_list{{"pool_max_conns", "3"}}));

    env.set("PGSERVICE", "other");
    EXPECT_EQ(tusk::parse_connect_config("", env).value().hosts()[0].host, "other");
    EXPECT_EQ(tusk::parse_connect_config("postgres://?service=empty", env).value().user(), "envuser");
}

TEST(conninfo_service, the_file_is_looked_for_in_the_key_the_variable_home_and_the_system) {
    auto env = plain_environment();
    env.set("PGSYSCONFDIR", "/sys").add_file("/sys/pg_service.conf", "[s]\nhost=system\n[only]\nhost=only\n");
    EXPECT_EQ(tusk::parse_connect_config("service=s", env).value().hosts()[0].host, "system");
    env.add_file("/home/me/.pg_service.conf", "[s]\nhost=home\n");
    EXPECT_EQ(tusk::parse_connect_config("service=s", env).value().hosts()[0].host, "home");
    EXPECT_EQ(tusk::parse_connect_config("service=only", env).value().hosts()[0].host, "only");
    env.set("PGSERVICEFILE", "/mine").add_file("/mine", "[s]\nhost=mine\n");
    EXPECT_EQ(tusk::parse_connect_config("service=s", env).value().hosts()[0].host, "mine");
    env.add_file("/theirs", "[s]\nhost=theirs\n");
    EXPECT_EQ(tusk::parse_connect_config("service=s servicefile=/theirs", env).value().hosts()[0].host,
              "theirs");

    environment debian = plain_environment();
    debian.add_file("/etc/postgresql-common/pg_service.conf", "[s]\nhost=debian\n");
    EXPECT_EQ(tusk::parse_connect_config("service=s", debian).value().hosts()[0].host, "debian");
}

TEST(conninfo_service, a_missing_section_or_file_is_an_error_that_says_where_was_looked) {
    auto env = plain_environment();
    EXPECT_NE(failure_text("service=s", env).find("there is no service file"), std::string::npos);
    env.add_file("/home/me/.pg_service.conf", "[t]\n");
    EXPECT_NE(failure_text("service=s", env)
                  .find("no section of that name in service file \"/home/me/.pg_service.conf\""),
              std::string::npos);
    env.set("PGSERVICEFILE", "/missing");
    EXPECT_NE(failure_text("service=t", env).find("\"/missing\" is missing or cannot be read"),
              std::string::npos);
    EXPECT_NE(failure_text("service=", env).find("\"/missing\" is missing"), std::string::npos);
    env.set("PGSERVICEFILE", "/directory").add_directory("/directory");
    EXPECT_NE(failure_text("service=t", env).find("cannot be read"), std::string::npos);
    environment::file large{"[t]\n", 0644};
    large.truncated = true;
    env.set("PGSERVICEFILE", "/large").add_file("/large", large);
    EXPECT_NE(failure_text("service=t", env).find("is too large"), std::string::npos);
}

TEST(conninfo_service, a_malformed_line_is_an_error_with_its_number) {
    const std::pair<std::string, std::string_view> cases[] = {
        {"[s]\nhost\n", "line 2: expected key=value"},
        {"[s]\n\n=x\n", "line 3: expected key=value"},
        {"[s]\nhost = a\n", "line 2: no blanks are allowed around \"=\""},
        {"[s]\nservice=t\n", "line 2: a service cannot name another service"},
        {"[s]\nservicefile=t\n", "line 2: a service cannot name another service"},
        {"[s]\nldap://host/dc=x\n", "line 2: LDAP lookups are not supported"},
        {std::string{"[s]\nhost=a\0b\n", 13}, "line 2: NUL byte"},
        {"[s]\nHOST=a\n", "the key host must be written in lower case"},
        {"[s]\nsslmode=on\n", "sslmode (from service file \"/home/me/.pg_service.conf\"): accepted values"},
    };
    for (const auto& [text, message] : cases) {
        auto env = plain_environment();
        env.add_file("/home/me/.pg_service.conf", text);
        EXPECT_NE(failure_text("service=s", env).find(message), std::string::npos)
            << failure_text("service=s", env);
    }
    auto env = plain_environment();
    env.add_file("/home/me/.pg_service.conf", "[t]\nnonsense\n[s]\nhost=a\n");
    EXPECT_EQ(failure_text("service=s", env), "accepted"); // other sections are not judged
}

TEST(conninfo_service, a_section_name_is_matched_whole) {
    using tusk::conninfo::parse_service;
    EXPECT_FALSE(*parse_service("[shop2]\nhost=a\n", "shop", "f"));
    EXPECT_FALSE(*parse_service("[sho]\nhost=a\n", "shop", "f"));
    EXPECT_FALSE(*parse_service("[ shop ]\nhost=a\n", "shop", "f"));
    EXPECT_TRUE(*parse_service("[shop] trailing\nhost=a\n", "shop", "f"));
    EXPECT_EQ((*parse_service("[shop]\nhost= a=b \n", "shop", "f"))->find("host")->value, " a=b");
}

class temporary_directory : public tests::temporary_directory {
public:
    std::string write(const char* name, std::string_view text, ::mode_t mode) const {
        const auto file = tests::temporary_directory::write(name, text).string();
        EXPECT_EQ(::chmod(file.c_str(), mode), 0);
        return file;
    }
    std::string path() const { return tests::temporary_directory::path().string(); }
};

TEST(conninfo_process_environment, reads_variables_files_and_the_user_database) {
    const temporary_directory directory;
    const auto env = environment::process();
    ASSERT_EQ(::setenv("TUSK_CONNINFO_TEST", "value", 1), 0);
    EXPECT_EQ(env.variable("TUSK_CONNINFO_TEST"), "value");
    ASSERT_EQ(::setenv("TUSK_CONNINFO_TEST", "", 1), 0);
    EXPECT_EQ(env.variable("TUSK_CONNINFO_TEST"), std::nullopt);
    ::unsetenv("TUSK_CONNINFO_TEST");
    EXPECT_TRUE(env.home_directory());

    const auto path = directory.write("file", "text\n", 0640);
    EXPECT_TRUE(env.exists(path));
    const auto file = env.read_file(path);
    ASSERT_TRUE(file);
    EXPECT_EQ(file->text, "text\n");
    EXPECT_EQ(file->mode, 0640u);
    EXPECT_TRUE(file->regular);
    EXPECT_FALSE(file->truncated);

    EXPECT_FALSE(env.exists(path + "x"));
    EXPECT_FALSE(env.read_file(path + "x"));
    const auto as_file = env.read_file(directory.path());
    ASSERT_TRUE(as_file);
    EXPECT_FALSE(as_file->regular);
    EXPECT_FALSE(env.read_file(directory.path(), false));

    const auto large = directory.write("large", std::string(environment::max_file_size + 1, 'x'), 0600);
    ASSERT_TRUE(env.read_file(large));
    EXPECT_TRUE(env.read_file(large)->truncated);
    EXPECT_EQ(env.read_file(large)->text.size(), environment::max_file_size);
}

TEST(conninfo_process_environment, a_pipe_is_no_password_file_and_is_not_waited_for) {
    const temporary_directory directory;
    const auto path = directory.path() + "/pipe";
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    const auto c = tusk::parse_connect_config("user=u host=h passfile='" + path + "'").value();
    ASSERT_EQ(c.warnings().size(), 1u);
    EXPECT_NE(c.warnings()[0].find("is not a plain file"), std::string::npos);
}

TEST(conninfo_process_environment, real_password_and_service_files_are_used) {
    const temporary_directory directory;
    const auto passfile = directory.write("pgpass", "h:5432:d:u:secret\n", 0600);
    const auto service =
        directory.write("service", "[s]\nhost=h\nuser=u\ndbname=d\npassfile=" + passfile + "\n", 0644);
    const auto c =
        tusk::parse_connect_config("service=s port=5432 password='' servicefile='" + service + "'").value();
    EXPECT_EQ(c.password_for(c.hosts()[0]), "secret");
    ASSERT_EQ(::chmod(passfile.c_str(), 0640), 0);
    const auto open =
        tusk::parse_connect_config("service=s port=5432 password='' servicefile='" + service + "'").value();
    EXPECT_EQ(open.password_for(open.hosts()[0]), "");
    EXPECT_EQ(open.warnings().size(), 1u);
}

} // namespace conninfo_environment_test
