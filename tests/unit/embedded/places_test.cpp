// Where things are put: directories, scratch directories and their remains, paths of sockets.
#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/wait.h>

#include <tusk/embedded/detail/identity.hpp>
#include <tusk/embedded/detail/places.hpp>
#include <tusk/embedded/detail/scratch.hpp>

#include "support.hpp"

namespace tusk::embedded::detail {
namespace places_test {

namespace fs = std::filesystem;
using test::scoped_variable;
using test::temporary_directory;
using test::write_text;

TEST(socket_path, of_107_bytes_fits_and_of_108_does_not) {
    const std::string file = "/.s.PGSQL.5432";
    EXPECT_FALSE(check_socket_path("/" + std::string(107 - file.size() - 1, 'd'), 5432));
    const auto problem = check_socket_path("/" + std::string(108 - file.size() - 1, 'd'), 5432);
    EXPECT_EQ(problem.code(), errc::environment);
    EXPECT_NE(problem.message().find("108 bytes"), std::string::npos) << problem.message();
    EXPECT_NE(problem.message().find("107"), std::string::npos) << problem.message();
}

TEST(cache_dir, is_the_one_of_the_environment) {
    const temporary_directory root;
    const scoped_variable cache{"TUSK_CACHE_DIR", (root / "a/b").string()};
    const auto dir = cache_dir();
    ASSERT_TRUE(dir) << dir.error().message();
    EXPECT_EQ(*dir, root / "a/b");
    EXPECT_TRUE(fs::is_directory(*dir));
}

TEST(cache_dir, that_cannot_be_made_is_an_error_that_names_the_variable) {
    const temporary_directory root;
    write_text(root / "file", "");
    const scoped_variable cache{"TUSK_CACHE_DIR", (root / "file/below").string()};
    const auto dir = cache_dir();
    ASSERT_FALSE(dir);
    EXPECT_NE(dir.error().message().find("TUSK_CACHE_DIR"), std::string::npos);
}

TEST(cache_dir, of_a_user_follows_xdg_and_home) {
    if (::geteuid() == 0) GTEST_SKIP() << "root has its own directories";
    const temporary_directory root;
    const scoped_variable unset{"TUSK_CACHE_DIR", std::nullopt};
    const scoped_variable home{"HOME", (root / "home").string()};
    const scoped_variable xdg{"XDG_CACHE_HOME", (root / "xdg").string()};
    EXPECT_EQ(*cache_dir(), root / "xdg/tusk");
    const scoped_variable relative{"XDG_CACHE_HOME", "not/absolute"};
    EXPECT_EQ(*cache_dir(), root / "home/.cache/tusk");
}

TEST(scratch_base, that_is_asked_for_must_be_usable) {
    const temporary_directory root;
    EXPECT_EQ(*scratch_base(root.path(), own_identity()), root.path());
    EXPECT_FALSE(scratch_base(root / "absent", own_identity()));
}

TEST(closed_parent, is_found_for_an_account_that_may_not_pass) {
    const temporary_directory root;
    fs::create_directories(root / "shut/data");
    ::chmod(root.path().c_str(), 0755);
    ::chmod((root / "shut").c_str(), 0700);
    const identity other{54321, 54321, {}, "somebody", true};
    EXPECT_EQ(first_closed_parent(root / "shut/data", other), root / "shut");
    ::chmod((root / "shut").c_str(), 0711);
    EXPECT_EQ(first_closed_parent(root / "shut/data", other), std::nullopt);
    EXPECT_EQ(first_closed_parent(root / "shut/not/yet/there", other), std::nullopt);
}

TEST(closed_parent, respects_groups) {
    const temporary_directory root;
    struct stat info{};
    ASSERT_EQ(::stat(root.path().c_str(), &info), 0);
    ::chmod(root.path().c_str(), 0710);
    EXPECT_EQ(first_closed_parent(root / "x", identity{54321, 54321, {}, "stranger", true}), root.path());
    EXPECT_EQ(first_closed_parent(root / "x", identity{54321, 54321, {info.st_gid}, "member", true}),
              std::nullopt);
}

TEST(scratch, exists_while_its_object_does) {
    const temporary_directory root;
    fs::path path;
    {
        const auto made = scratch::make(root.path(), own_identity());
        ASSERT_TRUE(made) << made.error().message();
        path = made->path();
        write_text(path / "deep/er/file", "x");
        EXPECT_TRUE(fs::is_directory(path));
        EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_all) << "nobody else may connect";
    }
    EXPECT_FALSE(fs::exists(path));
}

TEST(scratch, moves_without_being_removed) {
    const temporary_directory root;
    auto made = scratch::make(root.path(), own_identity());
    ASSERT_TRUE(made);
    scratch first = std::move(*made);
    const auto path = first.path();
    scratch second;
    second = std::move(first);
    EXPECT_EQ(second.path(), path);
    EXPECT_TRUE(fs::exists(path));
    second.release();
    EXPECT_TRUE(fs::exists(path));
}

/// Makes a scratch directory in a process that ends without cleaning up.
fs::path abandon_scratch(const fs::path& base, bool keep_after_exit) {
    const pid_t child = ::fork();
    if (child == 0) {
        auto made = scratch::make(base, own_identity(), keep_after_exit);
        ::_exit(made ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    for (const auto& entry : fs::directory_iterator{base}) return entry.path();
    return {};
}

TEST(sweep, removes_what_a_dead_process_left) {
    const temporary_directory root;
    const auto left = abandon_scratch(root.path(), false);
    ASSERT_TRUE(fs::exists(left));
    sweep(root.path(), own_identity());
    EXPECT_FALSE(fs::exists(left));
}

TEST(sweep, leaves_alone_what_is_in_use_kept_or_not_ours) {
    const temporary_directory root;
    const auto kept = abandon_scratch(root.path(), true);
    const auto in_use = scratch::make(root.path(), own_identity());
    ASSERT_TRUE(in_use);
    fs::create_directory(root / "tusk-abcdef"); // the right name, no lock file: of somebody else
    write_text(root / "tusk-long-name/lock", "");
    sweep(root.path(), own_identity());
    EXPECT_TRUE(fs::exists(kept));
    EXPECT_TRUE(fs::exists(in_use->path()));
    EXPECT_TRUE(fs::exists(root / "tusk-abcdef"));
    EXPECT_TRUE(fs::exists(root / "tusk-long-name/lock"));
}

} // namespace places_test
} // namespace tusk::embedded::detail
