// The code of docs/testing.md.
#include <tusk/testing/gtest.hpp>

namespace testing_page {

class users : public tusk::testing::database_test {
    tusk::testing::database_options options() const override {
        tusk::testing::database_options o;
        o.script("create table users (id int8 primary key, name text)");
        return o;
    }
};

TEST_F(users, are_empty) {
    auto db = connect(); // a database of this test's own
    EXPECT_EQ(db.one<std::int64_t>("select count(*) from users"), 0);
}

} // namespace testing_page
