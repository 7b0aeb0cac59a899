#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "server.hpp"

namespace simulation {

/// One client's process of the simulated server.
class server::session {
public:
    session(server& of, protocol::socket s)
        : of_{of}, socket_{std::move(s)}, pause_{socket_.get_executor()} {}

    static asio::awaitable<void> serve(std::shared_ptr<session> self);
    void close();
    void terminate();
    void cancel();
    /// What it waits for is over.
    void wake();

    std::int32_t pid = 0;
    steady_clock::time_point silent_until{};
    bool cut_next_answer = false;

private:
    struct statement {
        std::string sql;
        std::vector<std::int16_t> formats; ///< Of the result, when it is a portal.
        std::int64_t argument = 0;
    };

    asio::awaitable<void> run();
    asio::awaitable<bool> start_up();
    asio::awaitable<bool> read_more();
    asio::awaitable<void> flush();
    asio::awaitable<void> rest(steady_clock::duration d);
    asio::awaitable<void> while_deaf();
    asio::awaitable<void> on_message(char type, std::string body);
    asio::awaitable<void> execute(statement what);
    asio::awaitable<void> query(std::string sql);
    void answer(const statement& what);
    void describe(bool of_portal, const statement& what);
    void bind(std::string_view body);
    void fail(std::string_view sqlstate, std::string_view why);
    void end_of_group();
    void commit();
    void broken_protocol(const std::string& how);
    std::optional<std::pair<char, std::string>> next_message();
    bool is_over() const noexcept { return over_ || !socket_.is_open(); }

    server& of_;
    protocol::socket socket_;
    asio::steady_timer pause_;
    std::string input_;
    std::string output_;
    std::map<std::string, statement> statements_;
    std::map<std::string, statement> portals_;
    std::vector<std::int64_t> uncommitted_;
    char status_ = 'I';
    bool skipping_ = false;
    bool canceled_ = false;
    bool busy_ = false;
    bool over_ = false;
};

} // namespace simulation
