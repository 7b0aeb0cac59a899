#include <gtest/gtest.h>

#include "models.hpp"

using namespace orm_test;

namespace fixtures_test {

/// What reading says.
std::string reading(std::string_view yaml) {
    orm::fixtures f;
    f.models<user, story>();
    try {
        f.text(yaml, "f.yml");
    } catch (const tusk::error& e) {
        EXPECT_EQ(e.code(), tusk::errc::invalid_argument);
        return e.what();
    }
    return {};
}

std::string loading(std::string_view yaml) {
    orm::detail::fixture_plan plan;
    plan.models = {&orm::table_of<user>, &orm::table_of<story>};
    orm::detail::read_fixtures(plan, yaml, "f.yml");
    try {
        orm::detail::fixture_steps steps{plan};
    } catch (const tusk::error& e) {
        return e.what();
    }
    return {};
}

TEST(fixtures_file, is_a_list_of_models_with_rows) {
    EXPECT_EQ(reading("- model: user\n  rows:\n    - _id: ann\n      name: Ann\n"), "");
    EXPECT_EQ(reading(""), "");
    EXPECT_EQ(reading("model: user"), "f.yml:1: fixtures are a list of models with rows");
    EXPECT_EQ(reading("- rows: []"), "f.yml:1: expected `model:` and `rows:`");
    EXPECT_EQ(reading("- model: user\n  row: []"), "f.yml:2: unknown key row; expected model or rows");
    EXPECT_EQ(reading("- model: user\n  rows: 5"), "f.yml:2: rows are a list");
    EXPECT_EQ(reading("- model: user\n  rows:\n    - 5"), "f.yml:3: a row is a map of columns and values");
}
TEST(fixtures_file, errors_have_a_line) {
    EXPECT_EQ(reading("- model: usr\n  rows: []"),
              "f.yml:1: there is no model usr; give it to fixtures::models<…>()");
    EXPECT_EQ(reading("- model: user\n  rows:\n    - name: x\n      nmae: y"),
              "f.yml:4: the model user has no column nmae");
    EXPECT_EQ(reading("- model: user\n  rows:\n    - {_id: a}\n    - {_id: a}"),
              "f.yml:4: the _id a is that of another row, at f.yml:3");
    EXPECT_EQ(reading("- model: user\n  rows:\n    - name: '{{ x'"), "f.yml:3: {{ without }}");
    EXPECT_TRUE(reading("- model: [user\n").starts_with("f.yml:")) << reading("- model: [user\n");
}
TEST(fixtures_file, places_have_to_be_there) {
    EXPECT_EQ(loading("- model: story\n  rows:\n    - {user_id: '{{ user.ann.id }}'}"),
              "f.yml:3: {{ user.ann.id }}: no row has this _id; expected model._id.column");
    EXPECT_EQ(
        loading("- model: user\n  rows:\n    - {_id: ann}\n- model: story\n  rows:\n    - {user_id: '{{ "
                "user.ann.nmae }}'}"),
        "f.yml:6: {{ user.ann.nmae }}: the model has no such column");
    EXPECT_EQ(loading("- model: user\n  rows:\n    - {name: '{{ nwo }}'}"),
              "f.yml:3: there is no function nwo");
    EXPECT_EQ(loading("- model: user\n  rows:\n    - {name: '{{ now }}'}"), "");
}
TEST(fixtures_file, values_become_json) {
    orm::detail::fixture_plan plan;
    plan.models = {&orm::table_of<user>};
    const auto json = [&](std::string_view value) {
        plan.rows.clear();
        orm::detail::read_fixtures(plan, "- model: user\n  rows:\n    - name: " + std::string{value}, "f");
        std::string out;
        for (const auto& s : plan.rows.at(0).values.at(0).json)
            out += s.is_place ? '<' + s.text + '>' : s.text;
        return out;
    };
    EXPECT_EQ(json("5"), "5");
    EXPECT_EQ(json("-2.50"), "-2.50");
    EXPECT_EQ(json("007"), "\"007\"");
    EXPECT_EQ(json("'5'"), "\"5\"");
    EXPECT_EQ(json("~"), "null");
    EXPECT_EQ(json("true"), "true");
    EXPECT_EQ(json("yes"), "\"yes\"");
    EXPECT_EQ(json("[1, x, {a: \"q\\\"\\n\"}]"), "[1,\"x\",{\"a\":\"q\\\"\\u000a\"}]");
    EXPECT_EQ(json("'a {{ user.ann.id }} b'"), "\"a <user.ann.id> b\"");
}

} // namespace fixtures_test
