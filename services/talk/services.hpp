#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include <services/talk/repositories.hpp>

/// What talk allows, and what belongs together in one transaction. All functions throw `refusal` for what is
/// not allowed, and `tusk::error` for what the database says.
namespace tusk::talk {

/// People: registration, profile, settings.
class user_service {
public:
    explicit user_service(pool& on) : pool_{&on} {}

    boost::asio::awaitable<user> create(std::string email, std::string name) const;
    /// `whole`: with settings and conversations.
    boost::asio::awaitable<user> get(std::int64_t id, bool whole) const;
    boost::asio::awaitable<page_of<user>> list(page_request page) const;
    /// Changes what is given.
    boost::asio::awaitable<user> change(std::int64_t id, std::optional<std::string> email,
                                        std::optional<std::string> name) const;
    boost::asio::awaitable<void> remove(std::int64_t id, bool for_good) const;
    boost::asio::awaitable<user> restore(std::int64_t id) const;
    /// Who has stored none has the defaults.
    boost::asio::awaitable<user_settings> settings(std::int64_t id) const;
    boost::asio::awaitable<user_settings> store_settings(user_settings wanted) const;

private:
    pool* pool_;
};

/// Conversations: start, history, end.
class conversation_service {
public:
    /// What a conversation begins with.
    static constexpr std::string_view opening = "Conversation started";

    explicit conversation_service(pool& on) : pool_{&on} {}

    /// The conversation and its first messages, all or nothing: the opening, then `first` when it is given.
    boost::asio::awaitable<conversation> start(std::int64_t user_id, std::string topic,
                                               std::optional<std::string> first) const;
    boost::asio::awaitable<conversation> get(std::int64_t id, bool with_messages) const;
    boost::asio::awaitable<page_of<conversation>> list(std::int64_t user_id, std::optional<bool> open,
                                                       page_request page) const;
    /// Once only: a conversation that has ended is refused.
    boost::asio::awaitable<conversation> end(std::int64_t id) const;
    boost::asio::awaitable<void> remove(std::int64_t id) const;

private:
    pool* pool_;
};

/// Messages: sending, history.
class message_service {
public:
    static constexpr std::size_t max_at_once = 1000;

    explicit message_service(pool& on) : pool_{&on} {}

    /// One or many, in one statement, into a conversation that has not ended. In the order given.
    boost::asio::awaitable<std::vector<message>> send(std::int64_t conversation_id,
                                                      std::vector<message> rows) const;
    boost::asio::awaitable<page_of<message>> list(std::int64_t conversation_id, page_request page) const;

private:
    pool* pool_;
};

} // namespace tusk::talk
