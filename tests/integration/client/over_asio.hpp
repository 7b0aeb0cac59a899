#pragma once

#include <memory>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "both.hpp"

namespace client_test {

/// The asynchronous connection behind the blocking verbs, so that one test text runs on both drivers.
class over_asio final : public tusk::blocking::verbs {
public:
    explicit over_asio(std::string_view url, tusk::connection_settings settings = {})
        : over_asio{tusk::parse_connect_config(url).value(), std::move(settings)} {}
    explicit over_asio(tusk::connect_config config, tusk::connection_settings settings = {}) {
        auto open = [](tusk::connect_config c,
                       tusk::connection_settings s) -> asio::awaitable<tusk::connection> {
            co_return co_await tusk::connection::open(std::move(c), std::move(s));
        };
        connection_ = std::make_unique<tusk::connection>(wait(open(std::move(config), std::move(settings))));
    }
    /// A statement in a transaction, an empty savepoint, COMMIT; and a transaction that is dropped.
    void in_transaction_with_savepoint() {
        auto work = [](tusk::connection& db) -> asio::awaitable<bool> {
            auto tx = co_await db.begin();
            co_await tx.exec("select 1");
            auto inner = co_await tx.begin();
            co_await inner.commit();
            co_await tx.commit();
            auto dropped = co_await db.begin();
            co_return true;
        };
        wait(work(*connection_));
    }
    tusk::connection& connection() { return *connection_; }
    tusk::failure execute(tusk::request& what, tusk::client_sink& sink) override {
        return wait(connection_->execute(what, sink));
    }
    tusk::result<std::unique_ptr<tusk::blocking::detail::stream_source>>
    open_stream(tusk::request, std::shared_ptr<tusk::client_sink>, std::function<void()>) override {
        return tusk::failure{tusk::errc::invalid_argument, "no streams in these tests"};
    }
    tusk::failure copy(tusk::detail::copy_job& job) override { return wait(connection_->copy(job)); }
    tusk::protocol::known_statement intern(std::string_view sql) override { return connection_->intern(sql); }
    tusk::failure execute_batch(tusk::batch& b, const tusk::options& o) override {
        return wait(connection_->execute_batch(b, o));
    }

    /// Runs a coroutine on this connection's event loop.
    template <class T>
    T wait(asio::awaitable<T> work) {
        std::optional<T> out;
        std::exception_ptr thrown;
        auto store = [](asio::awaitable<T> inner, std::optional<T>& into) -> asio::awaitable<void> {
            into.emplace(co_await std::move(inner));
        };
        asio::co_spawn(loop_, store(std::move(work), out), [&](std::exception_ptr e) {
            thrown = std::move(e);
            loop_.stop();
        });
        loop_.restart();
        loop_.run();
        if (thrown) std::rethrow_exception(thrown);
        return std::move(*out);
    }

private:
    asio::io_context loop_;
    std::unique_ptr<tusk::connection> connection_;
};

/// A connection of either client, by the name of a test's parameter.
inline std::shared_ptr<tusk::blocking::verbs> connect_by(std::string_view driver, const std::string& url) {
    if (driver == "asio") return std::make_shared<over_asio>(url);
    return std::make_shared<tusk::blocking::connection>(tusk::blocking::connection::open(url));
}

} // namespace client_test
