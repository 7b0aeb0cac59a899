#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include <services/talk/models.hpp>
#include <tusk/pool/pool.hpp>

/// What is asked of the tables, one class a table; nothing here decides what is allowed. Every class takes a
/// pool or a transaction, which has to outlive it. All throw `tusk::error`: `errc::not_found` when the row is
/// not there, the server's SQLSTATE otherwise.
namespace tusk::talk {

/// Rows behind a cursor, at most so many.
class page_request {
public:
    page_request() = default;
    page_request(std::string after, std::int64_t size) : after_{std::move(after)}, size_{size} {}
    const std::string& after() const noexcept { return after_; }
    std::int64_t size() const noexcept { return size_; }

private:
    std::string after_;
    std::int64_t size_ = 50;
};

/// One page; `next` is empty on the last one.
template <class T>
struct page_of {
    std::vector<T> rows;
    std::string next;
};

template <class Db>
class user_repository {
public:
    explicit user_repository(Db& db) : db_{orm::on(db)} {}

    /// Fills in what the server makes.
    boost::asio::awaitable<void> add(user& row) const;
    boost::asio::awaitable<user> find(std::int64_t id) const;
    /// With its settings and its conversations, three round trips at most however many there are.
    boost::asio::awaitable<user> find_with_all(std::int64_t id) const;
    boost::asio::awaitable<std::optional<user>> find_by_email(std::string email) const;
    boost::asio::awaitable<page_of<user>> list(page_request page) const;
    boost::asio::awaitable<void> change(user& row) const;
    boost::asio::awaitable<void> mark_deleted(std::int64_t id) const;
    boost::asio::awaitable<void> restore(std::int64_t id) const;
    /// For good, marked or not, with everything that belongs to it.
    boost::asio::awaitable<void> erase(std::int64_t id) const;

    boost::asio::awaitable<std::optional<user_settings>> settings(std::int64_t id) const;
    /// Adds or replaces.
    boost::asio::awaitable<void> store_settings(user_settings& row) const;

private:
    orm::database<Db> db_;
};

template <class Db>
class conversation_repository {
public:
    explicit conversation_repository(Db& db) : db_{orm::on(db)} {}

    /// With the messages that were `set`.
    boost::asio::awaitable<void> add_with_messages(conversation& row) const;
    boost::asio::awaitable<conversation> find(std::int64_t id) const;
    boost::asio::awaitable<conversation> find_with_messages(std::int64_t id) const;
    /// Keeps it as it is until the end of the transaction.
    boost::asio::awaitable<conversation> find_for_update(std::int64_t id) const;
    /// `open`: only those that have not ended, or only those that have.
    boost::asio::awaitable<page_of<conversation>> list(std::int64_t user_id, std::optional<bool> open,
                                                       page_request page) const;
    boost::asio::awaitable<void> end(std::int64_t id) const;
    boost::asio::awaitable<void> touch(std::int64_t id) const;
    boost::asio::awaitable<void> mark_deleted(std::int64_t id) const;

private:
    orm::database<Db> db_;
};

template <class Db>
class message_repository {
public:
    explicit message_repository(Db& db) : db_{orm::on(db)} {}

    /// Any number in one statement; keys and times are filled in.
    boost::asio::awaitable<void> add(std::vector<message>& rows) const;
    boost::asio::awaitable<page_of<message>> list(std::int64_t conversation_id, page_request page) const;
    boost::asio::awaitable<std::int64_t> count(std::int64_t conversation_id) const;

private:
    orm::database<Db> db_;
};

extern template class user_repository<pool>;
extern template class user_repository<transaction>;
extern template class conversation_repository<pool>;
extern template class conversation_repository<transaction>;
extern template class message_repository<pool>;
extern template class message_repository<transaction>;

} // namespace tusk::talk
