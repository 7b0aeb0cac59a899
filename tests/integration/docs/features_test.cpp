// docs/features.md and docs/faults.md promise nothing without a test.
#include <regex>

#include <gtest/gtest.h>

#include "snippets.hpp"

using namespace docs_test;

namespace features_test {

const std::filesystem::path root{TUSK_SOURCE};

/// One row of a table: its cells without blanks around them.
struct row {
    std::size_t line = 0;
    std::vector<std::string> cells;
};

/// The rows of all tables, without their heads and rules.
std::vector<row> rows_of(const std::string& page) {
    std::istringstream in{page};
    std::vector<row> out;
    std::size_t number = 0;
    for (std::string line; std::getline(in, line);) {
        ++number;
        if (!line.starts_with("| ") || line.starts_with("| Capability") || line.starts_with("| Fault |") ||
            line.starts_with("| ---"))
            continue;
        row r;
        r.line = number;
        std::istringstream cells{line.substr(1)};
        for (std::string cell; std::getline(cells, cell, '|');) {
            const auto begin = cell.find_first_not_of(' ');
            const auto end = cell.find_last_not_of(' ');
            r.cells.push_back(begin == std::string::npos ? "" : cell.substr(begin, end - begin + 1));
        }
        out.push_back(std::move(r));
    }
    return out;
}

struct proof {
    std::string shown; ///< The path in the link's text.
    std::string file;
    std::vector<std::string> tests; ///< "suite.name"
};

/// `[file](../file) suite.name, suite.name` as often as it stands there.
std::vector<proof> proofs_in(const std::string& cell) {
    static const std::regex link{R"(\[([^\]]*)\]\(\.\./([^)]*)\)([^\[]*))"};
    static const std::regex name{R"([A-Za-z_0-9]+\.[A-Za-z_0-9]+)"};
    std::vector<proof> out;
    for (std::sregex_iterator i{cell.begin(), cell.end(), link}, end; i != end; ++i) {
        proof p{(*i)[1], (*i)[2], {}};
        const std::string names = (*i)[3];
        for (std::sregex_iterator n{names.begin(), names.end(), name}; n != end; ++n)
            p.tests.push_back(n->str());
        out.push_back(std::move(p));
    }
    return out;
}

/// The file has TEST, TEST_F or TEST_P of this suite and name.
bool has_test(const std::string& source, const std::string& test) {
    const auto dot = test.find('.');
    const std::regex there{"TEST(_F|_P)?\\(\\s*" + test.substr(0, dot) + "\\s*,\\s*" + test.substr(dot + 1) +
                           "\\s*\\)"};
    return std::regex_search(source, there);
}

/// How many proofs a table has; those that do not exist fail.
std::size_t check_proofs(const std::string& name) {
    const auto page = contents(root / "docs" / name);
    std::size_t found = 0;
    for (const auto& r : rows_of(page))
        for (const auto& p : r.cells.empty() ? std::vector<proof>{} : proofs_in(r.cells.back())) {
            const auto where = "docs/" + name + ":" + std::to_string(r.line) + ": ";
            EXPECT_EQ(p.shown, p.file) << where << "the link leads to another file than it names";
            EXPECT_FALSE(p.tests.empty()) << where << "no test of " << p.file << " is named";
            if (!std::filesystem::is_regular_file(root / p.file)) {
                ADD_FAILURE() << where << p.file << " does not exist";
                continue;
            }
            const auto source = contents(root / p.file);
            for (const auto& test : p.tests) {
                ++found;
                EXPECT_TRUE(has_test(source, test)) << where << p.file << " has no test " << test;
            }
        }
    return found;
}

TEST(feature_table, every_proof_of_the_feature_table_exists) {
    EXPECT_GT(check_proofs("features.md"), 100U);
    EXPECT_GT(check_proofs("features-pool.md"), 40U);
    EXPECT_GT(check_proofs("features-orm.md"), 90U);
    EXPECT_GT(check_proofs("features-testing.md"), 50U);
    EXPECT_GT(check_proofs("features-migrate.md"), 90U);
    EXPECT_GT(check_proofs("seeds.md"), 50U);
}

TEST(feature_table, every_tick_has_a_proof_and_every_no_a_reason) {
    std::size_t ticks = 0;
    for (const auto& r : rows_of(contents(root / "docs" / "features.md"))) {
        const auto where = "docs/features.md:" + std::to_string(r.line);
        ASSERT_EQ(r.cells.size(), 4U) << where;
        ASSERT_TRUE(r.cells[1] == "✓" || r.cells[1] == "no") << where << ": " << r.cells[1];
        EXPECT_FALSE(r.cells[0].empty()) << where;
        EXPECT_FALSE(r.cells[2].empty()) << where << ": how, or why not";
        EXPECT_EQ(proofs_in(r.cells[3]).empty(), r.cells[1] == "no") << where;
        ticks += r.cells[1] == "✓" ? 1 : 0;
    }
    EXPECT_GT(ticks, 100U);
}

TEST(fault_table, every_fault_has_a_proof_or_a_reason) {
    EXPECT_GT(check_proofs("faults.md"), 250U);
    for (const auto& r : rows_of(contents(root / "docs" / "faults.md"))) {
        const auto where = "docs/faults.md:" + std::to_string(r.line);
        ASSERT_EQ(r.cells.size(), 3U) << where;
        EXPECT_FALSE(r.cells[0].empty()) << where;
        const bool excused =
            r.cells[1].starts_with("Does not apply: ") || r.cells[1].starts_with("Not tested: ");
        EXPECT_TRUE(excused || !proofs_in(r.cells[2]).empty()) << where << ": neither a test nor a reason";
    }
}

TEST(feature_table, a_proof_that_does_not_exist_is_noticed) {
    const auto rows = rows_of("| Capability | Tusk | How | Proof |\n| --- | --- | --- | --- |\n"
                              "| reads | ✓ | `one` | [a.cpp](../a.cpp) a.b, a.c; [d.cpp](../d.cpp) e.f |\n");
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].line, 3U);
    ASSERT_EQ(rows[0].cells.size(), 4U);
    const auto proofs = proofs_in(rows[0].cells[3]);
    ASSERT_EQ(proofs.size(), 2U);
    EXPECT_EQ(proofs[0].file, "a.cpp");
    EXPECT_EQ(proofs[0].tests, (std::vector<std::string>{"a.b", "a.c"}));
    EXPECT_EQ(proofs[1].tests, (std::vector<std::string>{"e.f"}));
    EXPECT_TRUE(has_test("TEST_F(a,\n       b) {", "a.b"));
    EXPECT_FALSE(has_test("TEST_F(a, bc) {", "a.b"));
    EXPECT_FALSE(has_test("TEST(x, b) {", "a.b"));
}

} // namespace features_test
