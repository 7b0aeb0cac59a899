#include <gtest/gtest.h>

#include <tusk/net/passfile.hpp>

namespace conninfo_passfile_test {

using tusk::conninfo::find_password;

struct lookup {
    std::string_view text;
    std::optional<std::string> expected; ///< For host db, port 5432, database shop, user me.
};

const lookup lookups[] = {
    {"", std::nullopt},
    {"db:5432:shop:me:secret", "secret"},
    {"db:5432:shop:me:secret\n", "secret"},
    {"db:5432:shop:me:secret\r\n", "secret"},
    {"db:5432:shop:me:a b ", "a b "},
    {"\n\n# comment\ndb:5432:shop:me:secret\n", "secret"},
    {"#db:5432:shop:me:secret\n", std::nullopt},
    {" db:5432:shop:me:secret\n", std::nullopt},
    {"*:*:*:*:any", "any"},
    {"db:*:shop:*:some", "some"},
    {"db*:5432:shop:me:x", std::nullopt},
    {"other:5432:shop:me:x\ndb:5432:shop:me:second", "second"},
    {"db:5432:shop:me:first\ndb:5432:shop:me:second", "first"},
    {"*:*:*:*:first\ndb:5432:shop:me:second", "first"},
    {"db:5433:shop:me:x", std::nullopt},
    {"db:5432:shop:you:x", std::nullopt},
    {"db:5432:shop:me", std::nullopt},
    {"db:5432:shop:me:", ""},
    {"db:5432:shop:me:\n*:*:*:*:later", ""}, // the first match ends the search, even when it is empty
    {R"(db:5432:shop:me:a\:b)", "a:b"},
    {R"(db:5432:shop:me:a\\b)", R"(a\b)"},
    {R"(db:5432:shop:me:a\b)", "ab"},
    {R"(db:5432:shop:me:ab\)", R"(ab\)"},
    {"db:5432:shop:me:a:b", "a"},
    {R"(d\b:5432:shop:me:x)", "x"},
    {R"(db\:5432:shop:me:x)", std::nullopt},
    {R"(db\)", std::nullopt},
    {R"(\*:5432:shop:me:x)", std::nullopt},
    {":5432:shop:me:x", std::nullopt},
    {"db:5432:shop:me:secret", "secret"},
    {std::string_view{"db:5432:shop:me:se\0ret\n*:*:*:*:next", 35}, "next"},
    {"DB:5432:shop:me:x", std::nullopt},
};

TEST(conninfo_passfile, the_first_matching_line_gives_the_password) {
    for (const auto& [text, expected] : lookups)
        EXPECT_EQ(find_password(text, "db", "5432", "shop", "me"), expected) << text;
}

TEST(conninfo_passfile, colons_and_backslashes_in_fields_are_escaped) {
    EXPECT_EQ(find_password(R"(\:\:1:1:d:u:p)", "::1", "1", "d", "u"), "p");
    EXPECT_EQ(find_password("::1:1:d:u:p", "::1", "1", "d", "u"), "p"); // as libpq
    EXPECT_EQ(find_password(R"(h:1:d\\e:u:p)", "h", "1", R"(d\e)", "u"), "p");
    EXPECT_EQ(find_password(R"(h:1:d:u\:v:p)", "h", "1", "d", "u:v"), "p");
    EXPECT_EQ(find_password(R"(\*:1:d:u:p)", "*", "1", "d", "u"), "p");
}

tusk::environment with_passfile(std::string text, unsigned mode = 0600) {
    tusk::environment env;
    env.set_os_user("me").set_home_directory("/home/me").add_directory("/var/run/postgresql");
    env.add_file("/home/me/.pgpass", std::move(text), mode);
    return env;
}

TEST(conninfo_passfile, each_host_has_its_own_password) {
    const auto env = with_passfile("a:1:*:*:pa\nb:2:*:*:pb\n10.0.0.9:*:*:*:addr\n");
    const auto c = tusk::parse_connect_config("host=a,b,c,b port=1,2,3,1", env).value();
    std::vector<std::string> found;
    for (const auto& host : c.hosts()) found.push_back(c.password_for(host));
    EXPECT_EQ(found, (std::vector<std::string>{"pa", "pb", "", ""}));
    EXPECT_EQ(c.password(), "");
    EXPECT_EQ(c.passfile(), "/home/me/.pgpass");
}

TEST(conninfo_passfile, a_name_goes_before_an_address) {
    const auto env = with_passfile("10.0.0.9:*:*:*:addr\nname:*:*:*:name\n");
    const auto named = tusk::parse_connect_config("host=name hostaddr=10.0.0.9", env).value();
    EXPECT_EQ(named.password_for(named.hosts()[0]), "name");
    const auto bare = tusk::parse_connect_config("hostaddr=10.0.0.9", env).value();
    EXPECT_EQ(bare.password_for(bare.hosts()[0]), "addr");
}

TEST(conninfo_passfile, localhost_means_the_default_socket_directory_too) {
    const auto env =
        with_passfile("localhost:*:*:*:local\n/srv/pg:*:*:*:other\n/var/run/postgresql:*:*:*:never\n");
    for (const char* text : {"", "host=/var/run/postgresql", "host=localhost"}) {
        const auto c = tusk::parse_connect_config(text, env).value();
        EXPECT_EQ(c.password_for(c.hosts()[0]), "local") << text;
    }
    const auto c = tusk::parse_connect_config("host=/srv/pg", env).value();
    EXPECT_EQ(c.password_for(c.hosts()[0]), "other");
}

TEST(conninfo_passfile, a_given_password_leaves_the_file_alone) {
    const auto env = with_passfile("*:*:*:*:file\n", 0644);
    const auto c = tusk::parse_connect_config("host=a password=given", env).value();
    EXPECT_EQ(c.password_for(c.hosts()[0]), "given");
    EXPECT_TRUE(c.warnings().empty());
    const auto empty =
        tusk::parse_connect_config("host=a password=''", with_passfile("*:*:*:*:file\n")).value();
    EXPECT_EQ(empty.password_for(empty.hosts()[0]), "file");
}

TEST(conninfo_passfile, a_file_that_others_may_read_is_ignored_with_a_warning) {
    for (const unsigned mode : {0640u, 0604u, 0660u, 0601u, 0610u, 0777u}) {
        const auto c = tusk::parse_connect_config("host=a", with_passfile("*:*:*:*:file\n", mode)).value();
        EXPECT_EQ(c.password_for(c.hosts()[0]), "") << mode;
        ASSERT_EQ(c.warnings().size(), 1u) << mode;
        EXPECT_NE(c.warnings()[0].find("/home/me/.pgpass"), std::string::npos);
        EXPECT_NE(c.warnings()[0].find("0600"), std::string::npos);
        EXPECT_EQ(c.warnings()[0].find("file\n"), std::string::npos);
    }
    for (const unsigned mode : {0600u, 0400u, 0700u}) {
        const auto c = tusk::parse_connect_config("host=a", with_passfile("*:*:*:*:file\n", mode)).value();
        EXPECT_EQ(c.password_for(c.hosts()[0]), "file") << mode;
        EXPECT_TRUE(c.warnings().empty()) << mode;
    }
}

TEST(conninfo_passfile, what_is_no_plain_file_is_ignored_with_a_warning_and_a_missing_one_silently) {
    auto env = with_passfile("*:*:*:*:file\n");
    env.add_directory("/d");
    EXPECT_EQ(tusk::parse_connect_config("passfile=/d", env).value().warnings().size(), 1u);
    const auto missing = tusk::parse_connect_config("passfile=/missing", env).value();
    EXPECT_TRUE(missing.warnings().empty());
    EXPECT_EQ(missing.password_for(missing.hosts()[0]), "");
    EXPECT_EQ(tusk::parse_connect_config("", tusk::environment{}.set_os_user("u")).value().passfile(), "");
}

TEST(conninfo_passfile, is_named_by_the_string_the_variable_or_home) {
    auto env = with_passfile("*:*:*:*:home\n");
    env.add_file("/v", "*:*:*:*:variable\n").add_file("/k", "*:*:*:*:key\n");
    const auto password = [&](std::string_view text) {
        const auto c = tusk::parse_connect_config(text, env).value();
        return c.password_for(c.hosts()[0]);
    };
    EXPECT_EQ(password("host=h"), "home");
    env.set("PGPASSFILE", "/v");
    EXPECT_EQ(password("host=h"), "variable");
    EXPECT_EQ(password("host=h passfile=/k"), "key");
}

} // namespace conninfo_passfile_test
