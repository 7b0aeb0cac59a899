#include <services/talk/handlers.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <services/common/instant.hpp>

namespace tusk::talk {

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

json::value time_of(const std::optional<instant>& at) {
    return at ? json::value(common::format_instant(*at)) : json::value(nullptr);
}

json::object render(const message& row);
json::object render(const conversation& row);
json::object render(const user& row);

json::object render(const message& row) {
    json::object out;
    out["id"] = row.id;
    out["conversation_id"] = row.conversation_id;
    out["role"] = row.role;
    out["content"] = row.content;
    out["created_at"] = time_of(row.created_at);
    return out;
}

template <class Rows>
json::array render_all(const Rows& rows) {
    json::array out;
    for (const auto& row : rows) out.emplace_back(render(row));
    return out;
}

json::object render(const conversation& row) {
    json::object out;
    out["id"] = row.id;
    out["user_id"] = row.user_id;
    out["topic"] = row.topic;
    out["created_at"] = time_of(row.created_at);
    out["updated_at"] = time_of(row.updated_at);
    out["ended_at"] = time_of(row.ended_at);
    if (row.messages.is_loaded()) out["messages"] = render_all(row.messages);
    return out;
}

json::object render(const user_settings& row) {
    json::object out;
    out["user_id"] = row.user_id;
    out["locale"] = row.locale;
    out["time_zone"] = row.time_zone;
    out["daily_goal_minutes"] = row.daily_goal_minutes;
    out["updated_at"] = time_of(row.updated_at);
    return out;
}

json::object render(const user& row) {
    json::object out;
    out["id"] = row.id;
    out["email"] = row.email;
    out["name"] = row.name;
    out["created_at"] = time_of(row.created_at);
    out["updated_at"] = time_of(row.updated_at);
    if (row.settings.is_loaded()) {
        const auto* settings = row.settings.get();
        out["settings"] = settings ? json::value(render(*settings)) : json::value(nullptr);
    }
    if (row.conversations.is_loaded()) out["conversations"] = render_all(row.conversations);
    return out;
}

template <class T>
reply page_reply(std::string_view name, const page_of<T>& page) {
    json::object out;
    out[json::string_view{name.data(), name.size()}] = render_all(page.rows);
    out["next_cursor"] = page.next.empty() ? json::value(nullptr) : json::value(page.next);
    return reply{std::move(out)};
}

template <class T>
reply made(const T& row, std::string_view place) {
    reply out{render(row)};
    out.status = 201;
    out.location = std::string{place} + std::to_string(row.id);
    return out;
}

reply nothing() {
    reply out;
    out.status = 204;
    return out;
}

asio::awaitable<reply> create_user(const services& in, arguments& given) {
    auto email = given.text("email");
    auto name = given.text("name");
    const auto row = co_await in.users.create(std::move(email), std::move(name));
    co_return made(row, "/users/");
}

asio::awaitable<reply> get_user(const services& in, arguments& given) {
    const auto id = given.id("id");
    const bool whole = given.maybe_flag("include_all").value_or(false);
    const auto row = co_await in.users.get(id, whole);
    co_return reply{render(row)};
}

asio::awaitable<reply> list_users(const services& in, arguments& given) {
    const auto page = given.page();
    const auto rows = co_await in.users.list(page);
    co_return page_reply("users", rows);
}

asio::awaitable<reply> update_user(const services& in, arguments& given) {
    const auto id = given.id("id");
    auto email = given.maybe_text("email");
    auto name = given.maybe_text("name");
    const auto row = co_await in.users.change(id, std::move(email), std::move(name));
    co_return reply{render(row)};
}

asio::awaitable<reply> delete_user(const services& in, arguments& given) {
    const auto id = given.id("id");
    const bool for_good = given.maybe_flag("force").value_or(false);
    co_await in.users.remove(id, for_good);
    co_return nothing();
}

asio::awaitable<reply> restore_user(const services& in, arguments& given) {
    const auto id = given.id("id");
    const auto row = co_await in.users.restore(id);
    co_return reply{render(row)};
}

asio::awaitable<reply> get_settings(const services& in, arguments& given) {
    const auto id = given.id("id");
    const auto row = co_await in.users.settings(id);
    co_return reply{render(row)};
}

asio::awaitable<reply> put_settings(const services& in, arguments& given) {
    user_settings wanted;
    wanted.user_id = given.id("id");
    if (auto locale = given.maybe_text("locale")) wanted.locale = std::move(*locale);
    if (auto zone = given.maybe_text("time_zone")) wanted.time_zone = std::move(*zone);
    if (const auto goal = given.maybe_whole("daily_goal_minutes", 0, 1440))
        wanted.daily_goal_minutes = static_cast<std::int32_t>(*goal);
    const auto row = co_await in.users.store_settings(wanted);
    co_return reply{render(row)};
}

asio::awaitable<reply> start_conversation(const services& in, arguments& given) {
    const auto user_id = given.id("user_id");
    auto topic = given.text("topic");
    auto first = given.maybe_text("first_message");
    const auto row = co_await in.conversations.start(user_id, std::move(topic), std::move(first));
    co_return made(row, "/conversations/");
}

asio::awaitable<reply> get_conversation(const services& in, arguments& given) {
    const auto id = given.id("id");
    const bool whole = given.maybe_flag("include_messages").value_or(false);
    const auto row = co_await in.conversations.get(id, whole);
    co_return reply{render(row)};
}

asio::awaitable<reply> list_conversations(const services& in, arguments& given) {
    const auto user_id = given.id("user_id");
    const auto open = given.maybe_flag("open");
    const auto page = given.page();
    const auto rows = co_await in.conversations.list(user_id, open, page);
    co_return page_reply("conversations", rows);
}

asio::awaitable<reply> end_conversation(const services& in, arguments& given) {
    const auto id = given.id("id");
    const auto row = co_await in.conversations.end(id);
    co_return reply{render(row)};
}

asio::awaitable<reply> delete_conversation(const services& in, arguments& given) {
    const auto id = given.id("id");
    co_await in.conversations.remove(id);
    co_return nothing();
}

asio::awaitable<reply> send_messages(const services& in, arguments& given) {
    const auto id = given.id("id");
    auto drafts = given.messages();
    const auto rows = co_await in.messages.send(id, std::move(drafts));
    json::object out;
    out["messages"] = render_all(rows);
    reply answer{std::move(out)};
    answer.status = 201;
    co_return answer;
}

asio::awaitable<reply> list_messages(const services& in, arguments& given) {
    const auto id = given.id("id");
    const auto page = given.page();
    const auto rows = co_await in.messages.list(id, page);
    co_return page_reply("messages", rows);
}

constexpr endpoint all[] = {
    {"POST", "/users", "UserService/CreateUser", "user", &create_user},
    {"GET", "/users", "UserService/ListUsers", "user", &list_users},
    {"GET", "/users/{id}", "UserService/GetUser", "user", &get_user},
    {"PATCH", "/users/{id}", "UserService/UpdateUser", "user", &update_user},
    {"DELETE", "/users/{id}", "UserService/DeleteUser", "user", &delete_user},
    {"POST", "/users/{id}/restore", "UserService/RestoreUser", "user", &restore_user},
    {"GET", "/users/{id}/settings", "UserService/GetSettings", "user", &get_settings},
    {"PUT", "/users/{id}/settings", "UserService/PutSettings", "user", &put_settings},
    {"POST", "/conversations", "ConversationService/StartConversation", "user", &start_conversation},
    {"GET", "/conversations", "ConversationService/ListConversations", "user", &list_conversations},
    {"GET", "/conversations/{id}", "ConversationService/GetConversation", "conversation", &get_conversation},
    {"DELETE", "/conversations/{id}", "ConversationService/DeleteConversation", "conversation",
     &delete_conversation},
    {"PATCH", "/conversations/{id}/end", "ConversationService/EndConversation", "conversation",
     &end_conversation},
    {"POST", "/conversations/{id}/messages", "MessageService/SendMessages", "conversation", &send_messages},
    {"GET", "/conversations/{id}/messages", "MessageService/ListMessages", "conversation", &list_messages},
};

} // namespace

std::span<const endpoint> endpoints() noexcept { return all; }

} // namespace tusk::talk
