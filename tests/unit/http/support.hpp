#pragma once

#include <exception>
#include <optional>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <services/http/router.hpp>

/// What the routes answer, through their middleware.
inline tusk::http::response answer_of(const tusk::http::router& routes, tusk::http::request& of) {
    boost::asio::io_context context;
    std::optional<tusk::http::response> answer;
    std::exception_ptr thrown;
    boost::asio::co_spawn(
        context, [&] { return routes.handle(of); },
        [&](std::exception_ptr what, tusk::http::response made) {
            thrown = what;
            answer.emplace(std::move(made));
        });
    context.run();
    if (thrown) std::rethrow_exception(thrown);
    return std::move(answer.value());
}

/// A handler that answers with this.
inline tusk::http::handler always(tusk::http::response with) {
    return [with](tusk::http::request&) -> boost::asio::awaitable<tusk::http::response> { co_return with; };
}

inline std::string header_of(const tusk::http::response& answer, std::string_view name) {
    return std::string{answer.headers().find(name).value_or("")};
}
