// What is known at run time about types: linking, domains, hostile rows, forgetting.
#include <thread>

#include "catalog_fixture.hpp"

namespace tusk {
namespace catalog_test {

using namespace conversion;

TEST(type_catalog, links_types_whatever_the_order_of_the_rows) {
    const type_info* person = catalog().find(person_type);
    ASSERT_NE(person, nullptr);
    EXPECT_EQ(person->kind, type_kind::composite);
    EXPECT_EQ(person->full_name(), "public.person");
    ASSERT_EQ(person->attributes.size(), 2u);
    const auto& home = person->attributes[1];
    EXPECT_EQ(home.type.info, catalog().find(address_type));
    EXPECT_EQ(home.type.info->attributes[1].declared, positive_type);
    EXPECT_EQ(home.type.info->attributes[1].type, oid::int4) << "domains are resolved";
    EXPECT_EQ(catalog().find(moods_type)->full_name(), "public.mood[]");
    EXPECT_EQ(catalog().find(mood_type)->labels, (std::vector<std::string>{"sad", "happy"}));
    EXPECT_EQ(catalog().resolve(positive_type), oid::int4);
    EXPECT_EQ(catalog().find(4711), nullptr);
}

TEST(type_catalog, knows_names_with_and_without_schema) {
    const auto& mood = *catalog().find(mood_type);
    for (const char* name : {"mood", "public.mood"}) EXPECT_TRUE(mood.is_named(name)) << name;
    for (const char* name : {"", "moo", "public", "public.", ".mood", "other.mood", "publicxmood"})
        EXPECT_FALSE(mood.is_named(name)) << name;
}

TEST(type_catalog, leaves_out_what_makes_no_sense) {
    type_catalog hostile;
    auto odd = composite_row(20010, "odd", {{"a", oid::int4}});
    odd.attribute_types.clear();
    auto many = composite_row(20011, "many", {});
    many.attribute_names.assign(2000, "a");
    many.attribute_types.assign(2000, oid::int4);
    hostile.add({odd, many, row_of(oid::int4, "int4", "e"), row_of(20012, "", "")});
    EXPECT_EQ(hostile.find(20010), nullptr);
    EXPECT_EQ(hostile.find(20011), nullptr);
    EXPECT_EQ(hostile.find(oid::int4), nullptr) << "built-in types are what they are";
    EXPECT_EQ(hostile.find(20012)->kind, type_kind::base);
}

TEST(type_catalog, ends_with_types_that_are_made_of_themselves) {
    type_catalog hostile;
    hostile.add({row_of(20010, "a", "d", 20011), row_of(20011, "b", "d", 20010),
                 row_of(20012, "c", "a", 20012), composite_row(20013, "d", {{"self", 20013}})});
    EXPECT_EQ(hostile.find(20013)->attributes[0].type.info, nullptr);
    EXPECT_EQ(hostile.find(20012)->element.info, nullptr);
    EXPECT_NE(hostile.resolve(20010), 0u);
    std::vector<catalog_row> chain;
    for (oid_t i = 0; i < 10000; ++i) chain.push_back(row_of(30000 + i, "d", "d", 30001 + i));
    hostile.add(chain); // no deep recursion
    EXPECT_EQ(hostile.find(30000)->kind, type_kind::domain);
}

TEST(type_catalog, keeps_the_place_of_what_is_the_same_after_it_was_forgotten) {
    type_catalog all;
    const std::vector<catalog_row> rows{composite_row(20010, "a", {{"x", oid::int4}}),
                                        composite_row(20011, "b", {{"a", 20010}})};
    all.add(rows);
    const auto* a = all.find(20010);
    const auto* b = all.find(20011);
    const auto epoch = all.epoch();
    all.forget();
    EXPECT_NE(all.epoch(), epoch);
    EXPECT_EQ(all.find(20010), nullptr);
    EXPECT_EQ(all.size(), 0u);
    EXPECT_EQ(a->attributes[0].name, "x") << "those who use it still do";
    all.add(rows);
    EXPECT_EQ(all.find(20010), a);
    EXPECT_EQ(all.find(20011), b);
    all.forget();
    all.add({composite_row(20010, "a", {{"x", oid::int4}, {"y", oid::int4}}), rows[1]});
    EXPECT_NE(all.find(20010), a);
    EXPECT_NE(all.find(20011), b) << "what is made of it is another type, too";
}

TEST(type_catalog, is_read_while_it_grows) {
    type_catalog all;
    std::thread writer{[&] {
        for (oid_t i = 0; i < 2000; ++i) all.add({row_of(20000 + i, "t", "e")});
    }};
    for (oid_t i = 0; i < 2000; ++i) {
        const type_info* found = nullptr;
        while ((found = all.find(20000 + i)) == nullptr) std::this_thread::yield();
        EXPECT_EQ(found->oid, 20000 + i);
    }
    writer.join();
    EXPECT_EQ(all.size(), 2000u);
}

TEST(type_scope, gathers_what_has_to_be_asked_once) {
    type_scope scope{&catalog()};
    EXPECT_EQ(scope.find(oid::int4).info, nullptr);
    EXPECT_EQ(scope.find(mood_type).info, catalog().find(mood_type));
    EXPECT_TRUE(scope.unknown().empty());
    EXPECT_EQ(scope.find(4000000000).info, nullptr);
    EXPECT_EQ(scope.find(4000000000).info, nullptr);
    EXPECT_EQ(scope.unknown(), std::vector<oid_t>{4000000000});
    scope.asked();
    EXPECT_EQ(scope.find(4000000000).info, nullptr);
    EXPECT_TRUE(scope.unknown().empty()) << "the server does not know it either";
}

} // namespace catalog_test
} // namespace tusk
