#include <services/alerthist/api.hpp>
#include <services/alerthist/api_answers.hpp>
#include <services/alerthist/query.hpp>
#include <services/http/sse.hpp>
#include <services/http/websocket.hpp>

namespace tusk::alerthist {

using http::request;
using http::response;

namespace {

/// Room for what is caught up with and for bursts; messages are shared by all clients.
constexpr std::size_t socket_messages = 4096;
constexpr std::size_t socket_bytes = 16 * 1024 * 1024;

} // namespace

void api::add_realtime(http::router& to) {
    to.get("/ws", guarded(http::role::viewer, &api::listen_socket));
    to.get("/api/v1/events/stream", guarded(http::role::viewer, &api::listen_stream));
}

boost::asio::awaitable<response> api::listen_socket(request& from) {
    const auto query = parse_listen_query(from);
    if (!query) co_return answers::bad_request(from, query.error().message());
    http::websocket_options options;
    options.max_queue(socket_messages, socket_bytes).max_message(1024);
    auto session = [to = p_.feed, after = query->after](http::websocket& client) {
        return to->serve(client, after);
    };
    co_return http::upgrade_to_websocket(from, options, std::move(session));
}

boost::asio::awaitable<response> api::listen_stream(request& from) {
    const auto query = parse_listen_query(from);
    if (!query) co_return answers::bad_request(from, query.error().message());
    auto writer = [to = p_.feed, after = query->after](http::event_stream& client) {
        return to->serve(client, after);
    };
    co_return http::event_response(std::move(writer));
}

} // namespace tusk::alerthist
