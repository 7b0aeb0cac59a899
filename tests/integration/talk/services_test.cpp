#include <services/talk/problem.hpp>
#include <services/talk/services.hpp>

#include "support.hpp"

namespace services_test {

using namespace talk_test;
using namespace tusk::talk;

class services_on_tables : public tables_test {};

template <class T>
asio::awaitable<std::string> refusal_of(asio::awaitable<T> call) {
    std::string out = "none";
    try {
        co_await std::move(call);
    } catch (const refusal& e) {
        out = e.what();
    } catch (const tusk::error& e) {
        out = problem_of(e).message();
    }
    co_return out;
}

std::vector<message> drafts(int count, const std::string& role = "user") {
    std::vector<message> out(static_cast<std::size_t>(count));
    for (auto& one : out) {
        one.role = role;
        one.content = "x";
    }
    return out;
}

asio::awaitable<void> start_or_nothing(tusk::pool& pool) {
    const user_service users{pool};
    const conversation_service conversations{pool};
    const auto ann = co_await users.create("ann@example.org", "Ann");
    const auto made = co_await conversations.start(ann.id, "Greetings", "hi");
    EXPECT_EQ(made.messages.size(), 2u);
    EXPECT_EQ(made.messages[0].role, "system");
    EXPECT_EQ(made.messages[0].content, "Conversation started");

    // The second message is refused by the server: nothing of the conversation stays.
    const auto refused = co_await refusal_of(conversations.start(ann.id, "Other", ""));
    EXPECT_EQ(refused, "content: 1 to 100000 characters are wanted");
    const auto count = co_await pool.one<std::int64_t>("select count(*) from conversations");
    EXPECT_EQ(count, 1);
    const auto nobody = co_await refusal_of(conversations.start(ann.id + 1, "x", std::nullopt));
    EXPECT_EQ(nobody, "record not found");
}

TEST_F(services_on_tables, start_a_conversation_with_its_messages_or_not_at_all) {
    with_pool(&start_or_nothing);
}

asio::awaitable<void> end_once(tusk::pool& pool) {
    const user_service users{pool};
    const conversation_service conversations{pool};
    const message_service messages{pool};
    const auto ann = co_await users.create("ann@example.org", "Ann");
    const auto made = co_await conversations.start(ann.id, "Greetings", std::nullopt);
    const auto sent = co_await messages.send(made.id, drafts(1000));
    EXPECT_EQ(sent.size(), 1000u);
    EXPECT_LT(sent.front().id, sent.back().id);
    const auto too_many = co_await refusal_of(messages.send(made.id, drafts(1001)));
    EXPECT_EQ(too_many, "messages: 1 to 1000 are wanted");
    const auto stranger = co_await refusal_of(messages.send(made.id, drafts(2, "stranger")));
    EXPECT_EQ(stranger, "role: system, user or assistant is wanted");
    const auto ended = co_await conversations.end(made.id);
    EXPECT_TRUE(ended.ended_at);
    const auto late = co_await refusal_of(messages.send(made.id, drafts(1)));
    EXPECT_EQ(late, "the conversation has ended");
    const auto twice = co_await refusal_of(conversations.end(made.id));
    EXPECT_EQ(twice, "the conversation has ended");
    const auto count = co_await pool.one<std::int64_t>("select count(*) from messages");
    EXPECT_EQ(count, 1001);
}

TEST_F(services_on_tables, send_until_the_end) { with_pool(&end_once); }

asio::awaitable<void> have_default_settings(tusk::pool& pool) {
    const user_service users{pool};
    const auto ann = co_await users.create("ann@example.org", "Ann");
    const auto defaults = co_await users.settings(ann.id);
    EXPECT_EQ(defaults.locale, "en");
    user_settings wanted = defaults;
    wanted.locale = "de";
    const auto stored = co_await users.store_settings(wanted);
    EXPECT_EQ(stored.locale, "de");
    EXPECT_TRUE(stored.updated_at);
    co_await users.remove(ann.id, false);
    const auto gone = co_await refusal_of(users.store_settings(wanted));
    EXPECT_EQ(gone, "record not found");
    const auto taken = co_await users.create("bob@example.org", "Bob");
    const auto back = co_await users.restore(ann.id);
    EXPECT_EQ(back.id, ann.id);
    const auto clash = co_await refusal_of(users.change(taken.id, "ANN@example.org", std::nullopt));
    EXPECT_EQ(clash, "user already exists");
    const auto renamed = co_await users.change(taken.id, std::nullopt, "Robert");
    EXPECT_EQ(renamed.email, "bob@example.org");
    EXPECT_EQ(renamed.name, "Robert");
}

TEST_F(services_on_tables, know_their_people) { with_pool(&have_default_settings); }

} // namespace services_test
