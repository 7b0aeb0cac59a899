#include <gtest/gtest.h>

#include "models.hpp"

using namespace orm_test;

namespace naming_test {

struct HTTPProxy {
    int id = 0;
    std::string InnerHTML;
};
struct city_box {
    int width = 0;
};

std::string snake(std::string_view s) { return std::string{orm::underscore(s).view()}; }
std::string many(std::string_view s) { return std::string{orm::plural(s).view()}; }

TEST(naming, upper_case_letters_begin_words_as_bun_says) {
    EXPECT_EQ(snake("InnerHTML"), "inner_html");
    EXPECT_EQ(snake("HTTPProxy"), "http_proxy");
    EXPECT_EQ(snake("MaxCPU"), "max_cpu");
    EXPECT_EQ(snake("SSLCertificate"), "ssl_certificate");
    EXPECT_EQ(snake("UserI"), "useri");
    EXPECT_EQ(snake("user_id"), "user_id");
}

TEST(naming, plurals_are_english) {
    EXPECT_EQ(many("story"), "stories");
    EXPECT_EQ(many("day"), "days");
    EXPECT_EQ(many("box"), "boxes");
    EXPECT_EQ(many("branch"), "branches");
    EXPECT_EQ(many("office_person"), "office_people");
    EXPECT_EQ(many("salesperson"), "salespersons");
    EXPECT_EQ(many("user"), "users");
}

TEST(naming, a_struct_without_description_has_derived_names) {
    constexpr auto& t = orm::table_of<HTTPProxy>;
    EXPECT_EQ(t.name, "http_proxies");
    EXPECT_EQ(t.alias, "http_proxy");
    ASSERT_EQ(t.columns.size(), 2U);
    EXPECT_EQ(t.columns[1].name, "inner_html");
    EXPECT_EQ(orm::table_of<city_box>.name, "city_boxes");
    EXPECT_EQ(orm::select<city_box>().to_string(),
              "SELECT \"city_box\".\"width\" FROM \"city_boxes\" AS \"city_box\"");
}

} // namespace naming_test
