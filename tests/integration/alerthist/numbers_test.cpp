// `make bench-services`, on a small scale: that it measures everything, and that nothing is lost or there
// twice.
#include <array>
#include <cstdio>

#include <sys/wait.h>

#include "support.hpp"

namespace numbers_test {

using namespace alerthist_test;

TEST(service_numbers, are_measured_and_nothing_is_lost) {
    const std::string command =
        std::string{ALERTHIST_BENCH} + " --quick --json --alerthist " + ALERTHIST_PROGRAM;
    std::FILE* output = ::popen(command.c_str(), "r");
    ASSERT_NE(output, nullptr);
    std::string text;
    std::array<char, 4096> bytes{};
    while (const auto size = std::fread(bytes.data(), 1, bytes.size(), output))
        text.append(bytes.data(), size);
    EXPECT_EQ(WEXITSTATUS(::pclose(output)), 0) << text;
    const auto report = json::parse(text).as_object();
    EXPECT_EQ(report.at("schema"), "tusk.bench-services/1");
    EXPECT_EQ(report.at("quick"), true);
    std::size_t counts = 0;
    const auto& findings = report.at("findings").as_array();
    EXPECT_EQ(findings.size(), 7U);
    for (const auto& one : findings) {
        const auto& finding = one.as_object();
        const auto measured = finding.at("measured").to_number<double>();
        if (finding.at("is_count") == true) {
            ++counts;
            EXPECT_EQ(measured, 0) << finding;
        } else {
            EXPECT_GT(measured, 0) << finding;
        }
    }
    EXPECT_EQ(counts, 3U) << "lost, twice, and missed by a WebSocket";
}

} // namespace numbers_test
