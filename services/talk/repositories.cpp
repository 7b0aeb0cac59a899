#include <services/talk/repositories.hpp>

namespace tusk::talk {

namespace asio = boost::asio;

namespace {

/// One row more than asked for says whether there is another page.
template <class Keyset, class Row>
page_of<Row> cut_page(std::vector<Row> rows, std::int64_t size) {
    page_of<Row> out;
    const auto wanted = static_cast<std::size_t>(size);
    if (rows.size() > wanted) {
        rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(wanted), rows.end());
        out.next = Keyset::cursor(rows.back());
    }
    out.rows = std::move(rows);
    return out;
}

} // namespace

// Results are named before they are returned, and so are queries before they are awaited: see
// docs/architecture.md about g++ 12.

template <class Db>
asio::awaitable<void> user_repository<Db>::add(user& row) const {
    auto query = db_.insert(row);
    co_await query.exec();
}

template <class Db>
asio::awaitable<user> user_repository<Db>::find(std::int64_t id) const {
    auto query = db_.template select<user>();
    query.where_pk(id);
    co_return co_await query.one();
}

template <class Db>
asio::awaitable<user> user_repository<Db>::find_with_all(std::int64_t id) const {
    auto query = db_.template select<user>();
    query.where_pk(id);
    query.template load<&user::settings>();
    query.template load<&user::conversations>([](auto& all) { all.order("c.id").limit_each(100); });
    co_return co_await query.one();
}

template <class Db>
asio::awaitable<std::optional<user>> user_repository<Db>::find_by_email(std::string email) const {
    auto query = db_.template select<user>();
    query.where("u.email = ?", email);
    co_return co_await query.maybe();
}

template <class Db>
asio::awaitable<page_of<user>> user_repository<Db>::list(page_request page) const {
    using by_id = orm::keyset<&user::id>;
    auto query = db_.template select<user>();
    by_id::page(query, page.after(), page.size() + 1);
    auto rows = co_await query.all();
    co_return cut_page<by_id>(std::move(rows), page.size());
}

template <class Db>
asio::awaitable<void> user_repository<Db>::change(user& row) const {
    auto query = db_.update(row).template only<&user::email, &user::name>().where_pk();
    co_await query.exec_one();
}

template <class Db>
asio::awaitable<void> user_repository<Db>::mark_deleted(std::int64_t id) const {
    auto query = db_.template erase<user>().where_pk(id);
    co_await query.exec_one();
}

template <class Db>
asio::awaitable<void> user_repository<Db>::restore(std::int64_t id) const {
    auto query = db_.template restore<user>().where_pk(id);
    co_await query.exec_one();
}

template <class Db>
asio::awaitable<void> user_repository<Db>::erase(std::int64_t id) const {
    auto query = db_.template erase<user>().force().where_pk(id);
    co_await query.exec_one();
}

template <class Db>
asio::awaitable<std::optional<user_settings>> user_repository<Db>::settings(std::int64_t id) const {
    auto query = db_.template select<user_settings>();
    query.where_pk(id);
    co_return co_await query.maybe();
}

template <class Db>
asio::awaitable<void> user_repository<Db>::store_settings(user_settings& row) const {
    auto query = db_.insert(row);
    query.template on_conflict<&user_settings::user_id>()
        .template update<&user_settings::locale, &user_settings::time_zone,
                         &user_settings::daily_goal_minutes>()
        .set("updated_at = now()");
    co_await query.exec();
}

template <class Db>
asio::awaitable<void> conversation_repository<Db>::add_with_messages(conversation& row) const {
    auto query = db_.template insert_with<&conversation::messages>(row);
    co_await query.exec();
}

template <class Db>
asio::awaitable<conversation> conversation_repository<Db>::find(std::int64_t id) const {
    auto query = db_.template select<conversation>();
    query.where_pk(id);
    co_return co_await query.one();
}

template <class Db>
asio::awaitable<conversation> conversation_repository<Db>::find_with_messages(std::int64_t id) const {
    auto query = db_.template select<conversation>();
    query.where_pk(id);
    query.template load<&conversation::messages>([](auto& all) { all.order("m.id").limit_each(1000); });
    co_return co_await query.one();
}

template <class Db>
asio::awaitable<conversation> conversation_repository<Db>::find_for_update(std::int64_t id) const {
    auto query = db_.template select<conversation>();
    query.where_pk(id).for_update();
    co_return co_await query.one();
}

template <class Db>
asio::awaitable<page_of<conversation>>
conversation_repository<Db>::list(std::int64_t user_id, std::optional<bool> open, page_request page) const {
    using by_id = orm::keyset<&conversation::id>;
    auto query = db_.template select<conversation>();
    query.where("c.user_id = ?", user_id);
    if (open) query.where("(c.ended_at is null) = ?", *open);
    by_id::page(query, page.after(), page.size() + 1);
    auto rows = co_await query.all();
    co_return cut_page<by_id>(std::move(rows), page.size());
}

template <class Db>
asio::awaitable<void> conversation_repository<Db>::end(std::int64_t id) const {
    auto query = db_.template update<conversation>().set("ended_at = now()").where_pk(id);
    co_await query.exec_one();
}

template <class Db>
asio::awaitable<void> conversation_repository<Db>::touch(std::int64_t id) const {
    auto query =
        db_.template update<conversation>().template value<&conversation::updated_at>("now()").where_pk(id);
    co_await query.exec_one();
}

template <class Db>
asio::awaitable<void> conversation_repository<Db>::mark_deleted(std::int64_t id) const {
    auto query = db_.template erase<conversation>().where_pk(id);
    co_await query.exec_one();
}

template <class Db>
asio::awaitable<void> message_repository<Db>::add(std::vector<message>& rows) const {
    auto query = db_.insert_all(rows);
    co_await query.exec();
}

template <class Db>
asio::awaitable<page_of<message>> message_repository<Db>::list(std::int64_t conversation_id,
                                                               page_request page) const {
    using by_id = orm::keyset<&message::id>;
    auto query = db_.template select<message>();
    query.where("m.conversation_id = ?", conversation_id);
    by_id::page(query, page.after(), page.size() + 1);
    auto rows = co_await query.all();
    co_return cut_page<by_id>(std::move(rows), page.size());
}

template <class Db>
asio::awaitable<std::int64_t> message_repository<Db>::count(std::int64_t conversation_id) const {
    auto query = db_.template select<message>();
    query.where("m.conversation_id = ?", conversation_id);
    co_return co_await query.count();
}

template class user_repository<pool>;
template class user_repository<transaction>;
template class conversation_repository<pool>;
template class conversation_repository<transaction>;
template class message_repository<pool>;
template class message_repository<transaction>;

} // namespace tusk::talk
