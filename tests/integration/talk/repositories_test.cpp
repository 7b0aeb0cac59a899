#include <services/talk/repositories.hpp>

#include "support.hpp"

namespace repositories_test {

using namespace talk_test;
using namespace tusk::talk;

class repositories : public tables_test {};

user person(std::string email, std::string name) {
    user out;
    out.email = std::move(email);
    out.name = std::move(name);
    return out;
}

/// The condition that a call fails with; nothing when it does not fail.
template <class T>
asio::awaitable<std::optional<tusk::error>> failure_of(asio::awaitable<T> call) {
    std::optional<tusk::error> out;
    try {
        co_await std::move(call);
    } catch (const tusk::error& e) {
        out = e;
    }
    co_return out;
}

asio::awaitable<void> keep_users(tusk::pool& pool) {
    const user_repository users{pool};
    auto ann = person(" Ann@Example.org ", "Ann");
    co_await users.add(ann);
    EXPECT_GT(ann.id, 0);
    EXPECT_EQ(ann.email, "ann@example.org");
    EXPECT_TRUE(ann.created_at);
    auto twin = person("ANN@example.org", "Other");
    const auto refused = co_await failure_of(users.add(twin));
    EXPECT_TRUE(refused && refused->is(tusk::condition::duplicate));
    const auto found = co_await users.find_by_email("ann@example.org");
    EXPECT_TRUE(found && found->id == ann.id);
    ann.name = "Anna";
    co_await users.change(ann);
    const auto changed = co_await users.find(ann.id);
    EXPECT_EQ(changed.name, "Anna");
    EXPECT_GT(*changed.updated_at, *changed.created_at);
    EXPECT_EQ(*changed.created_at, *ann.created_at);
}

TEST_F(repositories, keep_users_with_one_address_each) { with_pool(&keep_users); }

asio::awaitable<void> hide_deleted(tusk::pool& pool) {
    const user_repository users{pool};
    auto ann = person("ann@example.org", "Ann");
    co_await users.add(ann);
    co_await users.mark_deleted(ann.id);
    const auto gone = co_await failure_of(users.find(ann.id));
    EXPECT_TRUE(gone && gone->is(tusk::condition::not_found));
    const auto again = co_await failure_of(users.mark_deleted(ann.id));
    EXPECT_TRUE(again && again->is(tusk::condition::not_found));
    auto heir = person("ann@example.org", "Second");
    co_await users.add(heir); // the address is free
    const auto taken = co_await failure_of(users.restore(ann.id));
    EXPECT_TRUE(taken && taken->is(tusk::condition::duplicate));
    co_await users.erase(heir.id);
    co_await users.restore(ann.id);
    const auto back = co_await users.find(ann.id);
    EXPECT_EQ(back.name, "Ann");
    EXPECT_FALSE(back.deleted_at);
    co_await users.mark_deleted(ann.id);
    co_await users.erase(ann.id);
    const auto count = co_await pool.one<std::int64_t>("select count(*) from users");
    EXPECT_EQ(count, 0);
}

TEST_F(repositories, hide_the_deleted_and_bring_them_back) { with_pool(&hide_deleted); }

asio::awaitable<void> page_users(tusk::pool& pool) {
    const user_repository users{pool};
    for (int i = 0; i < 7; ++i) {
        auto one = person("u" + std::to_string(i) + "@x.y", "u" + std::to_string(i));
        co_await users.add(one);
        if (i == 3) co_await users.mark_deleted(one.id);
    }
    std::string seen, cursor;
    int pages = 0;
    do {
        const page_request ask{cursor, 3};
        const auto page = co_await users.list(ask);
        for (const auto& row : page.rows) seen += row.name;
        cursor = page.next;
        ++pages;
    } while (!cursor.empty() && pages < 10);
    EXPECT_EQ(seen, "u0u1u2u4u5u6");
    EXPECT_EQ(pages, 2);
    const page_request nonsense{"nonsense", 3};
    const auto refused = co_await failure_of(users.list(nonsense));
    EXPECT_TRUE(refused && refused->is(tusk::condition::invalid_input));
}

TEST_F(repositories, list_in_pages) { with_pool(&page_users); }

asio::awaitable<void> keep_conversations(tusk::pool& pool) {
    const user_repository users{pool};
    const conversation_repository conversations{pool};
    const message_repository messages{pool};
    auto ann = person("ann@example.org", "Ann");
    co_await users.add(ann);
    conversation talk;
    talk.user_id = ann.id;
    talk.topic = "Greetings";
    std::vector<message> first(2);
    first[0].role = "system";
    first[0].content = "begin";
    first[1].role = "user";
    first[1].content = "hello";
    talk.messages.set(first);
    co_await conversations.add_with_messages(talk);
    EXPECT_GT(talk.id, 0);

    std::vector<message> many(500);
    for (std::size_t i = 0; i < many.size(); ++i) {
        many[i].conversation_id = talk.id;
        many[i].role = "assistant";
        many[i].content = std::to_string(i);
    }
    co_await messages.add(many);
    EXPECT_TRUE(many.back().created_at);
    const auto count = co_await messages.count(talk.id);
    EXPECT_EQ(count, 502);
    const auto whole = co_await conversations.find_with_messages(talk.id);
    EXPECT_EQ(whole.messages.size(), 502u);
    EXPECT_EQ(whole.messages[1].content, "hello");
    EXPECT_EQ(whole.messages[501].content, "499");

    const auto all = co_await users.find_with_all(ann.id);
    EXPECT_EQ(all.conversations.size(), 1u);
    EXPECT_EQ(all.settings.get(), nullptr);
    co_await conversations.end(talk.id);
    const page_request page{"", 10};
    const auto open = co_await conversations.list(ann.id, true, page);
    const auto ended = co_await conversations.list(ann.id, false, page);
    EXPECT_EQ(open.rows.size(), 0u);
    EXPECT_EQ(ended.rows.size(), 1u);
}

TEST_F(repositories, keep_conversations_with_their_messages) { with_pool(&keep_conversations); }

asio::awaitable<void> keep_settings(tusk::pool& pool) {
    const user_repository users{pool};
    auto ann = person("ann@example.org", "Ann");
    co_await users.add(ann);
    user_settings row;
    row.user_id = ann.id;
    row.locale = "pt-BR";
    co_await users.store_settings(row);
    row.daily_goal_minutes = 30;
    co_await users.store_settings(row);
    const auto stored = co_await users.settings(ann.id);
    EXPECT_TRUE(stored && stored->locale == "pt-BR" && stored->daily_goal_minutes == 30);
    row.daily_goal_minutes = 1441;
    const auto refused = co_await failure_of(users.store_settings(row));
    EXPECT_TRUE(refused && refused->is(tusk::condition::check));
    row.user_id = ann.id + 1;
    row.daily_goal_minutes = 1;
    const auto nobody = co_await failure_of(users.store_settings(row));
    EXPECT_TRUE(nobody && nobody->is(tusk::condition::foreign_key));
}

TEST_F(repositories, add_or_replace_settings) { with_pool(&keep_settings); }

TEST_F(repositories, have_models_that_fit_the_migrations) {
    auto connection = connect();
    const auto problems = tusk::orm::verify_models<user, conversation, message, user_settings>(connection);
    for (const auto& one : problems) ADD_FAILURE() << one.text();
}

} // namespace repositories_test
