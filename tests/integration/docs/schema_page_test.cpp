// The code of docs/schema.md.
#include <fstream>
#include <iostream>
#include <stdexcept>

#include <gtest/gtest.h>

#include <tests/temporary_directory.hpp>
#include <tusk/schema.hpp>
#include <tusk/testing/gtest.hpp>

namespace schema_page {

class schema_page : public tusk::testing::database_test {
protected:
    void SetUp() override {
        tusk::testing::database_test::SetUp();
        path = folder + "/schema.sql";
        std::ofstream{path} << "create table users (id int8 primary key, name text not null);";
    }
    const tests::temporary_directory directory;
    const std::string folder = directory.path().string();
    std::string path;
};

TEST_F(schema_page, synopsis) {
    const auto url = this->url();

    tusk::schema::state_reader reader; // starts a throwaway server when it needs one
    const auto now = reader.read(url);
    const auto wanted = reader.read("file://" + path);
    const auto way = tusk::schema::plan_transition(now, wanted, reader);
    if (!way.proved.holds) throw std::runtime_error{way.proved.why};

    auto db = tusk::blocking::connection::open(url);
    const auto done = tusk::schema::execute(db, way.steps);
    tusk::throw_if(done.why);

    EXPECT_EQ(db.one<std::int64_t>("select count(*) from users"), 0);
    EXPECT_EQ(tusk::schema::inspect(db).fingerprint(), wanted.objects.fingerprint());
}

TEST_F(schema_page, what_must_not_happen) {
    tusk::schema::state_reader reader;
    const auto now = reader.read("empty://");
    const auto wanted = reader.read("file://" + path);

    ::testing::internal::CaptureStdout();
    auto careful = tusk::schema::plan_options{};
    careful.refuse(tusk::schema::hazard::deletes_data).skip("trigger");
    const auto p = tusk::schema::make_plan(now.objects, wanted.objects, careful);
    for (const auto& s : p.statements()) std::cout << s.sql << ";\n";

    EXPECT_EQ(::testing::internal::GetCapturedStdout(), p.sql());
    EXPECT_THROW(tusk::schema::make_plan(wanted.objects, now.objects, careful), tusk::error);
}

} // namespace schema_page
