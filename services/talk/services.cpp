#include <services/talk/services.hpp>

#include <services/talk/problem.hpp>

namespace tusk::talk {

namespace asio = boost::asio;

namespace {

// The bodies of the transactions. They may run again after a serialization failure, so they change nothing
// but the database and their results.

asio::awaitable<user> change_user(transaction& tx, std::int64_t id, const std::optional<std::string>& email,
                                  const std::optional<std::string>& name) {
    const user_repository users{tx};
    auto row = co_await users.find(id);
    if (email) row.email = *email;
    if (name) row.name = *name;
    co_await users.change(row);
    co_return co_await users.find(id);
}

asio::awaitable<user> restore_user(transaction& tx, std::int64_t id) {
    const user_repository users{tx};
    co_await users.restore(id);
    co_return co_await users.find(id);
}

asio::awaitable<user_settings> put_settings(transaction& tx, user_settings wanted) {
    const user_repository users{tx};
    co_await users.find(wanted.user_id); // a deleted one has no settings to change
    co_await users.store_settings(wanted);
    const auto stored = co_await users.settings(wanted.user_id);
    co_return *stored;
}

asio::awaitable<conversation> start_conversation(transaction& tx, const conversation& draft) {
    const user_repository users{tx};
    co_await users.find(draft.user_id);
    auto row = draft;
    const conversation_repository conversations{tx};
    co_await conversations.add_with_messages(row);
    co_return row;
}

void check_open(const conversation& row) {
    if (row.ended_at) throw refusal{conflict("the conversation has ended")};
}

asio::awaitable<conversation> end_conversation(transaction& tx, std::int64_t id) {
    const conversation_repository conversations{tx};
    const auto row = co_await conversations.find_for_update(id);
    check_open(row);
    co_await conversations.end(id);
    co_return co_await conversations.find(id);
}

asio::awaitable<std::vector<message>> send_messages(transaction& tx, std::int64_t id,
                                                    const std::vector<message>& drafts) {
    const conversation_repository conversations{tx};
    const auto row = co_await conversations.find_for_update(id);
    check_open(row);
    auto rows = drafts;
    for (auto& one : rows) one.conversation_id = id;
    const message_repository messages{tx};
    co_await messages.add(rows);
    co_await conversations.touch(id);
    co_return rows;
}

/// A transaction that lost against another one is done again.
tx_options with_retries() {
    tx_options out;
    out.retries(3);
    return out;
}

message draft_of(std::string role, std::string content) {
    message out;
    out.role = std::move(role);
    out.content = std::move(content);
    return out;
}

} // namespace

asio::awaitable<user> user_service::create(std::string email, std::string name) const {
    user row;
    row.email = std::move(email);
    row.name = std::move(name);
    const user_repository users{*pool_};
    co_await users.add(row);
    co_return row;
}

asio::awaitable<user> user_service::get(std::int64_t id, bool whole) const {
    const user_repository users{*pool_};
    if (whole) co_return co_await users.find_with_all(id);
    co_return co_await users.find(id);
}

asio::awaitable<page_of<user>> user_service::list(page_request page) const {
    const user_repository users{*pool_};
    co_return co_await users.list(page);
}

asio::awaitable<user> user_service::change(std::int64_t id, std::optional<std::string> email,
                                           std::optional<std::string> name) const {
    const auto work = [&](transaction& tx) { return change_user(tx, id, email, name); };
    const auto how = with_retries();
    co_return co_await pool_->transact(work, how);
}

asio::awaitable<void> user_service::remove(std::int64_t id, bool for_good) const {
    const user_repository users{*pool_};
    if (for_good)
        co_await users.erase(id);
    else
        co_await users.mark_deleted(id);
}

asio::awaitable<user> user_service::restore(std::int64_t id) const {
    const auto work = [&](transaction& tx) { return restore_user(tx, id); };
    const auto how = with_retries();
    co_return co_await pool_->transact(work, how);
}

asio::awaitable<user_settings> user_service::settings(std::int64_t id) const {
    const user_repository users{*pool_};
    const auto owner = co_await users.find(id);
    const auto stored = co_await users.settings(id);
    if (stored) co_return *stored;
    user_settings defaults;
    defaults.user_id = owner.id;
    co_return defaults;
}

asio::awaitable<user_settings> user_service::store_settings(user_settings wanted) const {
    const auto work = [&](transaction& tx) { return put_settings(tx, wanted); };
    const auto how = with_retries();
    co_return co_await pool_->transact(work, how);
}

asio::awaitable<conversation> conversation_service::start(std::int64_t user_id, std::string topic,
                                                          std::optional<std::string> first) const {
    conversation draft;
    draft.user_id = user_id;
    draft.topic = std::move(topic);
    std::vector<message> messages;
    messages.push_back(draft_of("system", std::string{opening}));
    if (first) messages.push_back(draft_of("user", std::move(*first)));
    draft.messages.set(std::move(messages));
    const auto work = [&](transaction& tx) { return start_conversation(tx, draft); };
    const auto how = with_retries();
    co_return co_await pool_->transact(work, how);
}

asio::awaitable<conversation> conversation_service::get(std::int64_t id, bool with_messages) const {
    const conversation_repository conversations{*pool_};
    if (with_messages) co_return co_await conversations.find_with_messages(id);
    co_return co_await conversations.find(id);
}

asio::awaitable<page_of<conversation>>
conversation_service::list(std::int64_t user_id, std::optional<bool> open, page_request page) const {
    const conversation_repository conversations{*pool_};
    co_return co_await conversations.list(user_id, open, page);
}

asio::awaitable<conversation> conversation_service::end(std::int64_t id) const {
    const auto work = [&](transaction& tx) { return end_conversation(tx, id); };
    const auto how = with_retries();
    co_return co_await pool_->transact(work, how);
}

asio::awaitable<void> conversation_service::remove(std::int64_t id) const {
    const conversation_repository conversations{*pool_};
    co_await conversations.mark_deleted(id);
}

asio::awaitable<std::vector<message>> message_service::send(std::int64_t conversation_id,
                                                            std::vector<message> rows) const {
    if (rows.empty() || rows.size() > max_at_once)
        throw refusal{bad_input("messages: 1 to " + std::to_string(max_at_once) + " are wanted")};
    const auto work = [&](transaction& tx) { return send_messages(tx, conversation_id, rows); };
    const auto how = with_retries();
    co_return co_await pool_->transact(work, how);
}

asio::awaitable<page_of<message>> message_service::list(std::int64_t conversation_id,
                                                        page_request page) const {
    const conversation_repository conversations{*pool_};
    co_await conversations.find(conversation_id); // no such conversation is another thing than an empty one
    const message_repository messages{*pool_};
    co_return co_await messages.list(conversation_id, page);
}

} // namespace tusk::talk
