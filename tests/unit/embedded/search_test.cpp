// The search for server programs, in a tree of shell scripts that print a version.
#include <gtest/gtest.h>

#include <tusk/embedded/detail/search.hpp>

#include "support.hpp"

namespace tusk::embedded {
namespace search_test {

using detail::parse_version;
using detail::search_context;
using test::temporary_directory;
using test::write_text;

class search : public ::testing::Test {
protected:
    search() {
        context.system_dir = root / "system";
        context.program_dir = root / "build/dev/bin";
    }

    std::filesystem::path install(const std::string& where, const std::string& version) {
        const auto bin = root / where;
        write_text(bin / "postgres", "#!/bin/sh\necho 'postgres (PostgreSQL) " + version + " (Debian)'\n",
                   0755);
        write_text(bin / "initdb", "#!/bin/sh\n", 0755);
        return bin;
    }

    result<binaries> find(const find_options& options = {}) const {
        return detail::find_in(context, options);
    }

    temporary_directory root;
    search_context context;
};

TEST_F(search, prefers_the_highest_system_version) {
    install("system/9.6/bin", "9.6.24"); // not a major version of today's scheme
    install("system/15/bin", "15.18");
    const auto newest = install("system/17/bin", "17.2");
    install("system/16/bin", "16.6");
    const auto found = find();
    ASSERT_TRUE(found) << found.error().message();
    EXPECT_EQ(found->bin_dir, newest);
    EXPECT_EQ(found->major, 17);
    EXPECT_EQ(found->version, "17.2");
    EXPECT_EQ(found->postgres(), newest / "postgres");
}

TEST_F(search, takes_the_wanted_version) {
    install("system/15/bin", "15.18");
    install("system/17/bin", "17.2");
    const auto found = find(find_options{}.version(15));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->version, "15.18");
}

TEST_F(search, goes_through_the_places_in_order) {
    const auto extra = install("npm/native/bin", "18.1");
    context.pg_dirs = (root / "absent").string() + ":" + (root / "npm").string();
    EXPECT_EQ(find()->bin_dir, extra);
    const auto installed = install("build/dev/lib/tusk/postgresql/13/bin", "13.5");
    EXPECT_EQ(find()->bin_dir, installed);
    const auto unpacked = install("build/deps/postgresql/usr/lib/postgresql/14/bin", "14.1");
    EXPECT_EQ(find()->bin_dir, unpacked);
    const auto in_path = install("somewhere", "16.1");
    context.path = "/nonexistent::" + in_path.string();
    EXPECT_EQ(find()->bin_dir, in_path);
    const auto system = install("system/15/bin", "15.18");
    EXPECT_EQ(find()->bin_dir, system);
    const auto demanded = install("mine", "12.1");
    context.pg_bin = demanded.string();
    EXPECT_EQ(find()->bin_dir, demanded);
}

TEST_F(search, a_version_that_is_not_here_is_looked_for_there) {
    const auto in_path = install("somewhere", "16.1");
    context.path = in_path.string();
    install("system/15/bin", "15.18");
    EXPECT_EQ(find(find_options{}.version(16))->bin_dir, in_path);
    context.pg_bin = install("mine", "14.9").string();
    EXPECT_EQ(find(find_options{}.version(16))->bin_dir, in_path);
}

TEST_F(search, packages_of_npm_are_found_by_version) {
    const auto seventeen = install("build/deps/postgresql-17/native/bin", "17.5");
    const auto thirteen = install("build/deps/postgresql-13/native/bin", "13.21");
    install("system/15/bin", "15.18");
    EXPECT_EQ(find(find_options{}.version(17))->bin_dir, seventeen);
    EXPECT_EQ(find(find_options{}.version(13))->bin_dir, thirteen);
    EXPECT_EQ(find()->major, 15);
}

TEST_F(search, a_wrong_environment_variable_is_an_error) {
    install("system/17/bin", "17.2");
    context.pg_bin = (root / "absent").string();
    const auto found = find();
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code(), errc::environment);
    EXPECT_NE(found.error().message().find("TUSK_PG_BIN"), std::string::npos) << found.error().message();
    EXPECT_NE(found.error().message().find("no executable initdb"), std::string::npos)
        << found.error().message();
}

TEST_F(search, a_given_directory_is_the_only_place) {
    install("system/17/bin", "17.2");
    const auto mine = install("mine", "16.0");
    EXPECT_EQ(find(find_options{}.bin_dir(mine))->bin_dir, mine);
    EXPECT_FALSE(find(find_options{}.bin_dir(mine).version(17)));
    EXPECT_FALSE(find(find_options{}.bin_dir(root / "absent")));
}

TEST_F(search, a_relative_directory_is_made_absolute) {
    const auto mine = install("mine", "16.0");
    const auto found = find(find_options{}.bin_dir(std::filesystem::relative(mine)));
    ASSERT_TRUE(found) << found.error().message();
    EXPECT_TRUE(found->bin_dir.is_absolute());
    EXPECT_EQ(found->bin_dir.lexically_normal(), mine);
}

TEST_F(search, a_directory_without_initdb_does_not_count) {
    const auto half = install("system/16/bin", "16.6");
    std::filesystem::remove(half / "initdb");
    const auto whole = install("system/15/bin", "15.18");
    EXPECT_EQ(find()->bin_dir, whole);
}

TEST_F(search, a_program_that_fails_does_not_count) {
    const auto broken = install("system/16/bin", "16.6");
    write_text(broken / "postgres", "#!/bin/sh\necho 'cannot open shared object file'; exit 127\n", 0755);
    const auto found = find();
    ASSERT_FALSE(found);
    EXPECT_NE(found.error().message().find("cannot open shared object file"), std::string::npos);
}

TEST_F(search, versions_before_11_do_not_count) {
    install("system/10/bin", "10.23");
    const auto found = find();
    ASSERT_FALSE(found);
    EXPECT_NE(found.error().message().find("older than 11"), std::string::npos) << found.error().message();
}

TEST_F(search, the_error_names_every_place_and_the_remedy) {
    install("system/15/bin", "15.18");
    const auto mine = install("mine", "16.0");
    context.pg_dirs = mine.string();
    context.path = "/nonexistent";
    const auto found = find(find_options{}.version(17));
    ASSERT_FALSE(found);
    const auto text = found.error().message();
    for (const auto& part :
         {std::string{"TUSK_PG_BIN (not set)"}, (root / "system/*/bin").string() + ": version 15",
          std::string{"PATH:"}, std::string{"deps/postgresql/usr/lib/postgresql/*/bin"},
          std::string{"lib/tusk/postgresql/*/bin"}, std::string{"TUSK_PG_DIRS"},
          mine.string() + " has version 16.0", std::string{"apt-get install postgresql-17"},
          std::string{"set TUSK_PG_BIN"}})
        EXPECT_NE(text.find(part), std::string::npos) << part << "\nin\n" << text;
}

TEST_F(search, lists_each_installation_once) {
    const auto first = install("system/15/bin", "15.18");
    const auto second = install("system/17/bin", "17.2");
    context.pg_bin = first.string();
    std::filesystem::create_directory_symlink(second, root / "link");
    context.path = (root / "link").string();
    const auto all = detail::list_in(context);
    ASSERT_EQ(all.size(), 2u);
    EXPECT_EQ(all[0].bin_dir, first);
    EXPECT_EQ(all[1].bin_dir, second);
}

TEST(server_version, is_read_from_what_postgres_prints) {
    EXPECT_EQ(parse_version("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n")->text, "15.18");
    EXPECT_EQ(parse_version("postgres (PostgreSQL) 17beta1\n")->major, 17);
    EXPECT_EQ(parse_version("postgres (PostgreSQL) 18devel")->text, "18devel");
    EXPECT_EQ(parse_version("postgres (PostgreSQL) 9.6.24\n")->major, 9);
    EXPECT_FALSE(parse_version("postgres (PostgreSQL) \n"));
    EXPECT_FALSE(parse_version("postgres (PostgreSQL) devel\n"));
    EXPECT_FALSE(parse_version("mysqld 8.0\n"));
    EXPECT_FALSE(parse_version(""));
}

} // namespace search_test
} // namespace tusk::embedded
