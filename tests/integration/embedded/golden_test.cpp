// The cache of initialised data directories.
#include <vector>

#include <tusk/embedded/detail/golden.hpp>

#include "support.hpp"

namespace tusk::embedded {
namespace golden_test {

using namespace test;

class golden_cache : public ::testing::Test {
protected:
    /// The finished entries of the cache.
    std::vector<fs::path> entries() const {
        std::vector<fs::path> found;
        for (const auto& entry : fs::directory_iterator{cache.path()})
            if (entry.is_directory()) found.push_back(entry.path());
        return found;
    }

    temporary_directory cache;
    scoped_variable variable{"TUSK_CACHE_DIR", cache.path().string()};
};

TEST_F(golden_cache, is_filled_once_and_used_again) {
    ASSERT_EQ(ask(started(), "select 1"), "1");
    ASSERT_EQ(entries().size(), 1u);
    const auto made = fs::last_write_time(entries().front() / "size");
    ASSERT_EQ(ask(started(), "select 1"), "1");
    ASSERT_EQ(entries().size(), 1u);
    EXPECT_EQ(fs::last_write_time(entries().front() / "size"), made);
}

TEST_F(golden_cache, survives_two_processes_that_race) {
    constexpr int racers = 2;
    int gate[2];
    ASSERT_EQ(::pipe(gate), 0);
    std::vector<pid_t> children;
    for (int i = 0; i < racers; ++i) {
        const pid_t child = ::fork();
        if (child == 0) {
            ::close(gate[1]);
            char byte = 0;
            [[maybe_unused]] const ssize_t n = ::read(gate[0], &byte, 1); // until the gate opens
            const auto db = server::start();
            if (!db) std::fprintf(stderr, "%s\n", db.error().message().c_str());
            const bool works = db && ask(*db, "select 1") == "1";
            ::_exit(works ? 0 : 1);
        }
        children.push_back(child);
    }
    ::close(gate[0]);
    ::close(gate[1]);
    for (const pid_t child : children) {
        int status = -1;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        EXPECT_EQ(status, 0);
    }
    EXPECT_EQ(entries().size(), 1u) << "one entry, nothing unfinished";
}

TEST_F(golden_cache, repairs_an_entry_that_lost_files) {
    ASSERT_EQ(ask(started(), "select 1"), "1");
    const auto lost = entries().front() / "data/global/pg_control";
    ASSERT_TRUE(fs::remove(lost));
    EXPECT_EQ(ask(started(), "select 1"), "1");
    EXPECT_TRUE(fs::exists(lost));
}

TEST_F(golden_cache, clears_up_after_a_builder_that_was_killed) {
    const auto programs = find_binaries();
    ASSERT_TRUE(programs);
    const auto who = detail::server_identity();
    ASSERT_TRUE(who);
    const detail::golden source{*programs, *who, "/tmp", {"--locale=C"}};
    fs::create_directories(cache / (source.key() + ".tmp-dead00/data"));
    ASSERT_EQ(ask(started(), "select 1"), "1");
    ASSERT_EQ(entries().size(), 1u);
    EXPECT_EQ(entries().front().filename(), source.key());
}

TEST_F(golden_cache, has_an_entry_for_each_kind) {
    {
        const auto db = started();
    }
    {
        const auto db = started(server_options{}.initdb_argument("--data-checksums"));
    }
    EXPECT_EQ(entries().size(), 2u);
}

TEST_F(golden_cache, passes_on_what_initdb_says) {
    const auto db = server::start(server_options{}.locale("no_SUCH.locale"));
    ASSERT_FALSE(db);
    EXPECT_EQ(db.error().code(), errc::environment);
    EXPECT_NE(db.error().message().find("invalid locale name"), std::string::npos) << db.error().message();
    EXPECT_TRUE(entries().empty());
}

} // namespace golden_test
} // namespace tusk::embedded
