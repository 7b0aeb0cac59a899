// Interned texts, shared descriptions, and the statements prepared on one connection.
#include <tusk/protocol/statement_cache.hpp>

#include <gtest/gtest.h>

#include <set>
#include <thread>

using tusk::protocol::description_ptr;
using tusk::protocol::statement_cache;
using tusk::protocol::statement_description;
using tusk::protocol::statement_memo;
using tusk::protocol::statement_ptr;
using tusk::protocol::statement_registry;

namespace statement_cache_test {

description_ptr description_of(std::vector<std::uint32_t> parameters) {
    return std::make_shared<const statement_description>(std::move(parameters),
                                                         std::vector<tusk::wire::column_description>{});
}

std::vector<std::string> texts(const std::vector<statement_ptr>& statements) {
    std::vector<std::string> out;
    for (const auto& s : statements) out.push_back(s->text);
    return out;
}

class plan final : public tusk::protocol::row_plan_base {
public:
    explicit plan(const void* which) { key = which; }
};

TEST(statement_memo, finds_a_text_again_and_sees_what_became_of_it) {
    statement_registry registry;
    statement_memo memo;
    std::string text = "select 1";
    const auto first = memo.intern(registry, text);
    EXPECT_EQ(memo.intern(registry, text).text, first.text);
    EXPECT_EQ(first.description, nullptr);

    const auto description = std::make_shared<const statement_description>(
        std::vector<std::uint32_t>{}, std::vector<tusk::wire::column_description>{});
    registry.describe(first.text, description);
    EXPECT_EQ(memo.intern(registry, text).description, description);
    registry.forget(*first.text);
    EXPECT_EQ(memo.intern(registry, text).description, nullptr);
}

TEST(statement_memo, compares_the_text_not_its_address) {
    statement_registry registry;
    statement_memo memo;
    std::string text = "select 1";
    static_cast<void>(memo.intern(registry, text));
    text.back() = '2';
    EXPECT_EQ(memo.intern(registry, text).text->text, "select 2");
}

TEST(statement_registry, has_one_object_for_one_text) {
    statement_registry r;
    const auto a = r.intern("select 1");
    const auto b = r.intern(std::string{"select 1"});
    const auto c = r.intern("select 2");
    EXPECT_EQ(a.text, b.text);
    EXPECT_NE(a.text, c.text);
    EXPECT_EQ(a.text->text, "select 1");
    EXPECT_EQ(r.size(), 2U);
}

TEST(statement_registry, names_are_equal_for_equal_texts_everywhere_and_short_enough) {
    statement_registry a;
    statement_registry b;
    std::set<std::string> names;
    for (int i = 0; i < 1000; ++i) {
        const auto sql = "select " + std::to_string(i);
        const auto name = a.intern(sql).text->server_name;
        EXPECT_EQ(name, b.intern(sql).text->server_name);
        EXPECT_LT(name.size(), 64U) << "the server truncates identifiers there";
        names.insert(name);
    }
    EXPECT_EQ(names.size(), 1000U);
}

TEST(statement_registry, shares_descriptions_until_they_are_forgotten) {
    statement_registry r;
    const auto s = r.intern("select $1");
    EXPECT_EQ(s.description, nullptr);
    const auto d = description_of({23});
    r.describe(s.text, d);
    EXPECT_EQ(r.intern("select $1").description, d);
    r.forget(*s.text);
    EXPECT_EQ(r.intern("select $1").description, nullptr);
    EXPECT_EQ(r.intern("select $1").text, s.text);
}

TEST(statement_registry, is_bounded_and_forgets_the_least_recently_used) {
    statement_registry r{2};
    const auto one = r.intern("select 1");
    r.describe(one.text, description_of({}));
    r.intern("select 2");
    r.intern("select 1");
    r.intern("select 3");
    EXPECT_EQ(r.size(), 2U);
    EXPECT_NE(r.intern("select 1").description, nullptr) << "used after \"select 2\"";
    const auto again = r.intern("select 2");
    EXPECT_EQ(r.size(), 2U);
    EXPECT_EQ(again.description, nullptr);
}

TEST(statement_registry, survives_what_it_has_forgotten) {
    statement_registry r{1};
    const auto gone = r.intern("select 1");
    r.intern("select 2");
    EXPECT_EQ(gone.text->text, "select 1");
    r.describe(gone.text, description_of({23}));
    r.forget(*gone.text);
    EXPECT_EQ(r.size(), 1U);
}

TEST(statement_registry, is_safe_from_several_threads) {
    statement_registry r{8};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&r, t] {
            for (int i = 0; i < 2000; ++i) {
                const auto s = r.intern("select " + std::to_string((i * (t + 1)) % 16));
                if (i % 3 == 0) r.describe(s.text, description_of({static_cast<std::uint32_t>(i)}));
                if (i % 7 == 0) r.forget(*s.text);
            }
        });
    for (auto& t : threads) t.join();
    EXPECT_EQ(r.size(), 8U);
}

TEST(statement_description, keeps_one_plan_for_one_type) {
    const auto d = description_of({});
    const int a = 0;
    const int b = 0;
    EXPECT_EQ(d->find_plan(&a), nullptr);
    const auto& first = d->add_plan(std::make_unique<plan>(&a));
    const auto& second = d->add_plan(std::make_unique<plan>(&a));
    EXPECT_EQ(&first, &second);
    const auto& other = d->add_plan(std::make_unique<plan>(&b));
    EXPECT_NE(&first, &other);
    EXPECT_EQ(d->find_plan(&a), &first);
    EXPECT_EQ(d->find_plan(&b), &other);
}

TEST(statement_description, plans_may_be_added_by_several_threads) {
    const auto d = description_of({});
    static constexpr int keys[8] = {};
    std::vector<std::thread> threads;
    std::vector<const tusk::protocol::row_plan_base*> seen[4];
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&, t] {
            for (const auto& k : keys) seen[t].push_back(&d->add_plan(std::make_unique<plan>(&k)));
        });
    for (auto& t : threads) t.join();
    for (int t = 1; t < 4; ++t) EXPECT_EQ(seen[t], seen[0]);
}

TEST(statement_cache, evicts_the_least_recently_used_and_names_it) {
    statement_registry r;
    statement_cache c;
    c.set_capacity(2);
    std::vector<statement_ptr> evicted;
    c.insert(r.intern("select 1").text, nullptr, evicted);
    c.insert(r.intern("select 2").text, nullptr, evicted);
    EXPECT_TRUE(evicted.empty());
    ASSERT_NE(c.find(*r.intern("select 1").text), nullptr);
    c.insert(r.intern("select 3").text, nullptr, evicted);
    EXPECT_EQ(texts(evicted), std::vector<std::string>{"select 2"});
    EXPECT_EQ(c.size(), 2U);
    EXPECT_EQ(c.find(*r.intern("select 2").text), nullptr);
}

TEST(statement_cache, inserting_again_replaces_and_evicts_nothing) {
    statement_registry r;
    statement_cache c;
    c.set_capacity(2);
    std::vector<statement_ptr> evicted;
    const auto s = r.intern("select 1").text;
    const auto fresh = description_of({25});
    c.insert(s, description_of({23}), evicted);
    c.insert(r.intern("select 2").text, nullptr, evicted);
    c.insert(s, fresh, evicted);
    EXPECT_TRUE(evicted.empty());
    EXPECT_EQ(c.size(), 2U);
    EXPECT_EQ(c.find(*s)->description, fresh);
}

TEST(statement_cache, a_smaller_capacity_is_reached_with_the_next_insertion) {
    statement_registry r;
    statement_cache c;
    c.set_capacity(10);
    std::vector<statement_ptr> evicted;
    for (int i = 0; i < 10; ++i) c.insert(r.intern("select " + std::to_string(i)).text, nullptr, evicted);
    c.set_capacity(3);
    c.insert(r.intern("select 10").text, nullptr, evicted);
    EXPECT_EQ(c.size(), 3U);
    EXPECT_EQ(evicted.size(), 8U);
}

TEST(statement_cache, erase_and_clear_forget_without_naming) {
    statement_registry r;
    statement_cache c;
    std::vector<statement_ptr> evicted;
    const auto s = r.intern("select 1").text;
    c.insert(s, nullptr, evicted);
    c.erase(*s);
    c.erase(*s);
    EXPECT_EQ(c.size(), 0U);
    c.insert(s, nullptr, evicted);
    c.clear();
    EXPECT_EQ(c.find(*s), nullptr);
    EXPECT_TRUE(evicted.empty());
}

} // namespace statement_cache_test
