// Copying and removing directory trees; reading the ends of files.
#include <gtest/gtest.h>

#include <tusk/embedded/detail/posix.hpp>
#include <tusk/embedded/detail/tree.hpp>

#include "support.hpp"

namespace tusk::embedded::detail {
namespace tree_test {

namespace fs = std::filesystem;
using test::read_text;
using test::temporary_directory;
using test::write_text;

TEST(copy_tree, copies_content_and_modes) {
    const temporary_directory root;
    const std::string large(300'000, 'x');
    write_text(root / "from/base/1/large", large, 0640);
    write_text(root / "from/PG_VERSION", "15\n");
    write_text(root / "from/empty", "");
    const auto copied = copy_tree(root / "from", root / "to", own_identity());
    ASSERT_TRUE(copied) << copied.error().message();
    EXPECT_EQ(copied->files, 5u);
    EXPECT_EQ(copied->bytes, 300'003u);
    EXPECT_EQ(*copied, *measure_tree(root / "to"));
    EXPECT_EQ(read_text(root / "to/base/1/large"), large);
    EXPECT_EQ(read_text(root / "to/PG_VERSION"), "15\n");
    EXPECT_EQ(static_cast<unsigned>(fs::status(root / "to/base/1/large").permissions()), 0640u);
    EXPECT_EQ(static_cast<unsigned>(fs::status(root / "to").permissions()), 0700u);
}

TEST(copy_tree, does_not_write_over_files) {
    const temporary_directory root;
    write_text(root / "from/a", "new");
    write_text(root / "to/a", "old");
    const auto copied = copy_tree(root / "from", root / "to", own_identity());
    ASSERT_FALSE(copied);
    EXPECT_EQ(copied.error().code(), errc::environment);
    EXPECT_EQ(read_text(root / "to/a"), "old");
}

TEST(copy_tree, refuses_links) {
    const temporary_directory root;
    fs::create_directory(root / "from");
    fs::create_symlink("/etc/passwd", root / "from/link");
    EXPECT_FALSE(copy_tree(root / "from", root / "to", own_identity()));
}

TEST(copy_tree, of_nothing_is_an_error) {
    const temporary_directory root;
    const auto copied = copy_tree(root / "absent", root / "to", own_identity());
    ASSERT_FALSE(copied);
    EXPECT_NE(copied.error().message().find("absent"), std::string::npos);
}

TEST(remove_tree, removes_everything_and_follows_no_link) {
    const temporary_directory root;
    write_text(root / "outside/kept", "x");
    for (int i = 0; i < 500; ++i) write_text(root / ("tree/d/file" + std::to_string(i)), "x");
    fs::create_directory_symlink(root / "outside", root / "tree/link");
    EXPECT_EQ(remove_tree(root / "tree"), 0);
    EXPECT_FALSE(fs::exists(root / "tree"));
    EXPECT_TRUE(fs::exists(root / "outside/kept"));
    EXPECT_EQ(remove_tree(root / "tree"), 0) << "nothing to remove is no error";
}

TEST(clear_directory, keeps_the_directory) {
    const temporary_directory root;
    write_text(root / "dir/a/b", "x");
    EXPECT_EQ(clear_directory((root / "dir").c_str()), 0);
    EXPECT_TRUE(fs::is_empty(root / "dir"));
}

TEST(tail_of_file, gives_the_last_lines) {
    const temporary_directory root;
    write_text(root / "log", "one\ntwo\nthree\n\n");
    EXPECT_EQ(tail_of_file(root / "log", 2), "two\nthree");
    EXPECT_EQ(tail_of_file(root / "log", 9), "one\ntwo\nthree");
    EXPECT_EQ(tail_of_file(root / "log", 0), "");
    EXPECT_EQ(tail_of_file(root / "absent", 3), "");
}

TEST(tail_of_file, reads_only_the_end_of_a_large_file) {
    const temporary_directory root;
    std::string text;
    for (int i = 0; i < 50'000; ++i) text += "line " + std::to_string(i) + "\n";
    write_text(root / "log", text);
    EXPECT_EQ(tail_of_file(root / "log", 2), "line 49998\nline 49999");
    EXPECT_LE(tail_of_file(root / "log", 50'000).size(), std::size_t{64} << 10);
}

TEST(write_file, replaces_the_content_at_once) {
    const temporary_directory root;
    EXPECT_FALSE(write_file(root / "f", "one"));
    EXPECT_FALSE(write_file(root / "f", "two"));
    EXPECT_EQ(read_file(root / "f"), "two");
    EXPECT_TRUE(write_file(root / "absent/f", "x"));
    EXPECT_EQ(std::distance(fs::directory_iterator{root.path()}, {}), 1) << "no temporary file is left";
}

} // namespace tree_test
} // namespace tusk::embedded::detail
