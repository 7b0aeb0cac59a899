#include <tusk/testing/gtest.hpp>
#include <tusk/types.hpp>

#include <algorithm>
#include <string_view>
#include <tuple>

namespace oid_test {

using namespace tusk;

class catalog : public tusk::testing::database_test {};

bool before_14() { return tusk::testing::test_server::shared().major_version() < 14; }

/// Multiranges came with PostgreSQL 14, and so did two types of BRIN's.
bool exists_here(const built_in_type& type) {
    const std::string_view name = type.name;
    return !before_14() || (name.find("multirange") == name.npos && name.find("brin_") == name.npos);
}

/// How the table spells a name: "char" is quoted, to tell it from char(n).
std::string spelled(const std::string& name) { return name == "char" ? "\"char\"" : name; }

TEST_F(catalog, every_constant_is_the_servers) {
    auto db = connect();
    // One after another, so that a failure names the type.
    for (const built_in_type& type : built_in_types()) {
        if (!exists_here(type)) continue;
        const auto found = db.maybe<std::tuple<std::string, oid_t>>(
            "select typname::text, typarray from pg_type where oid = $1", type.type);
        ASSERT_TRUE(found) << type.name << " " << type.type;
        EXPECT_EQ(spelled(std::get<0>(*found)), type.name) << type.type;
        // The rows of the catalog's own tables had no array types before 14.
        const bool has_none = before_14() && std::get<1>(*found) == 0;
        EXPECT_EQ(std::get<1>(*found), has_none ? 0 : type.array) << type.name;
    }
}

TEST_F(catalog, no_built_in_type_is_missing) {
    // Base, pseudo, range and multirange types, without the arrays: those hang on their elements.
    const auto rows = connect().all<std::tuple<oid_t, std::string>>(
        "select oid, typname::text from pg_type t where oid < 10000 and typtype in ('b', 'p', 'r', 'm') "
        "and not exists (select from pg_type e where e.typarray = t.oid)");
    EXPECT_GT(rows.size(), 90u);
    const auto known = built_in_types();
    for (const auto& row : rows) {
        const oid_t type = std::get<0>(row);
        EXPECT_TRUE(std::any_of(known.begin(), known.end(),
                                [type](const built_in_type& b) { return b.type == type; }))
            << std::get<1>(row) << " " << type;
    }
}

TEST_F(catalog, what_is_read_in_binary_can_be_sent_in_binary) {
    auto db = connect();
    for (const built_in_type& type : built_in_types()) {
        if (!type.binary || !exists_here(type)) continue;
        EXPECT_TRUE(
            db.one<bool>("select typsend <> 0 and typreceive <> 0 from pg_type where oid = $1", type.type))
            << type.name;
    }
}

TEST_F(catalog, array_delimiters_are_the_servers) {
    const auto rows = connect().all<std::tuple<oid_t, std::string>>(
        "select oid, typdelim::text from pg_type where oid < 10000 and typarray <> 0");
    for (const auto& [type, delimiter] : rows)
        EXPECT_EQ(std::string(1, detail::array_delimiter({}, type)), delimiter) << type_name(type);
}

} // namespace oid_test
