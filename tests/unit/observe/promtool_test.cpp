#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "events.hpp"
#include <tusk/observe/metrics_observer.hpp>
#include <tusk/observe/pool_gauges.hpp>
#include <tusk/observe/prometheus.hpp>

namespace promtool_test {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

/// Prometheus' own linter: from the environment, or unpacked into the build tree's dependencies.
fs::path find_promtool() {
    if (const char* given = std::getenv("TUSK_PROMTOOL")) return given;
    return fs::path{TUSK_TEST_SOURCE_DIR} / "build/deps/prometheus/usr/bin/promtool";
}

class promtool : public ::testing::Test {
protected:
    void SetUp() override {
        if (!fs::exists(tool_)) GTEST_SKIP() << "no promtool at " << tool_ << "; set TUSK_PROMTOOL";
        fs::create_directories(folder_);
    }
    void TearDown() override { fs::remove_all(folder_); }

    /// Exit status of `promtool check metrics`; what it said is in `said_`.
    int check(const std::string& exposition) {
        std::ofstream{folder_ / "metrics"} << exposition;
        const auto command = "'" + tool_.string() + "' check metrics < '" + (folder_ / "metrics").string() +
                             "' > '" + (folder_ / "said").string() + "' 2>&1";
        const int status = std::system(command.c_str());
        std::ostringstream said;
        said << std::ifstream{folder_ / "said"}.rdbuf();
        said_ = said.str();
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

    fs::path tool_ = find_promtool();
    fs::path folder_ = fs::path{::testing::TempDir()} / ("tusk-promtool-" + std::to_string(::getpid()));
    std::string said_;
};

TEST_F(promtool, finds_no_fault_with_all_families) {
    tusk::observe::registry in;
    tusk::observe::metrics_observer observer{in};
    const auto watching = watch_pool(in, [](tusk::observe::pool_gauges& out) { out.name = "main"; });
    const tusk::failure lost{tusk::errc::connection_lost, "gone"};
    events::connect(observer, "main", 20ms);
    events::query(observer, "SELECT", "users", 3ms);
    events::query(observer, "", "odd \"table\"\\\n", 3ms, &lost);
    events::acquire(observer, "main", 1ms);
    events::release(observer, "main", 4ms);
    events::close(observer, "main", tusk::close_reason::idle);
    events::health(observer, "main", false);

    const auto text = to_prometheus(in);
    const auto families = in.collect().families().size();
    EXPECT_EQ(families, 20U) << "a family is missing from this test";
    EXPECT_EQ(check(text), 0) << said_ << text;
    EXPECT_EQ(said_, "");
}

TEST_F(promtool, finds_the_faults_that_declarations_refuse) {
    EXPECT_NE(check("# TYPE tasks counter\ntasks 1\n"), 0);
    EXPECT_NE(said_, "");
    EXPECT_NE(check("# HELP depth Depth\n# TYPE depth gauge\ndepth{a=\"\xFF\"} 1 x\n"), 0);
}

} // namespace promtool_test
