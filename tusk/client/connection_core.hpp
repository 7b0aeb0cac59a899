#pragma once

#include <memory>
#include <string>

#include <tusk/client/connection.hpp>
#include <tusk/net/asio_driver.hpp>
#include <tusk/protocol/query.hpp>

namespace tusk {

namespace detail {

/// A request and its sink, as a query machine wants them.
class call final : public protocol::query_source {
public:
    call(request& what, client_sink& sink) : what_{what}, sink_{sink} {}
    const protocol::statement_ptr& text() const noexcept override { return what_.text(); }
    const protocol::description_ptr& known_description() const noexcept override { return what_.known_description(); }
    failure bind(const protocol::description_ptr& description, wire::bound_values& arguments,
                 std::span<const std::int16_t>& formats) override {
        if (auto f = sink_.prepare(description, formats)) return f;
        return what_.arguments_for(description, arguments);
    }

private:
    request& what_;
    client_sink& sink_;
};

/// The answer to a command without rows.
class command_sink final : public protocol::reply_sink {
public:
    protocol::flow on_row(std::span<const std::byte>) override { return protocol::flow::proceed; }
    void on_complete(const wire::command_tag& tag) override { tag_.assign(tag.text); }
    const std::string& tag() const noexcept { return tag_; }

private:
    std::string tag_;
};

/// Reports one query to an observer; nothing happens when there is none.
class query_watch {
public:
    query_watch(observer* to, const connection_settings& settings, const request& what, const protocol::session& s);
    void finish(const failure& f, const client_sink& sink, bool described);

private:
    observer* observer_;
    query_event event_;
};

} // namespace detail

/// What a connection is, apart from its handle: streams and transactions keep it alive.
class connection::core : public std::enable_shared_from_this<core> {
public:
    core(const asio::any_io_executor& executor, connection_settings s);

    asio::awaitable<failure> connect(std::shared_ptr<const net::connect_target> target, deadline until);
    asio::awaitable<failure> execute(request& what, client_sink& sink);
    asio::awaitable<failure> control(std::string sql, options o, std::string* tag = nullptr);
    asio::awaitable<failure> ping(options o);
    /// Ends what an abandoned stream or transaction left behind.
    asio::awaitable<failure> settle(deadline until);

    net::asio_driver driver;
    connection_settings settings;
    bool busy = false;
    std::string pending_control;                             ///< ROLLBACK of an abandoned transaction.
    std::shared_ptr<class running_stream> abandoned;         ///< A stream that was dropped half-way.

private:
    failure enter(deadline until);
};

} // namespace tusk
