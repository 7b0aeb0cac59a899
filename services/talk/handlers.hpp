#pragma once

#include <span>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <services/talk/arguments.hpp>
#include <services/talk/services.hpp>

namespace tusk::talk {

/// The services that handlers call.
class services {
public:
    explicit services(pool& on) : users{on}, conversations{on}, messages{on} {}
    user_service users;
    conversation_service conversations;
    message_service messages;
};

/// What a handler answers, before it is put into a protocol.
class reply {
public:
    reply() = default;
    explicit reply(boost::json::object of) : body(std::move(of)) {} // braces would make it a list
    unsigned status = 200;                                          ///< Of the REST half.
    boost::json::value body;                                        ///< Null: none.
    std::string location;                                           ///< Of what was made.
};

/// A handler is one function for both protocols. `in` lives as long as it runs.
class endpoint {
public:
    using function = boost::asio::awaitable<reply> (*)(const services&, arguments& in);

    std::string_view method;    ///< "GET", …
    std::string_view pattern;   ///< "/users/{id}"
    std::string_view procedure; ///< "UserService/GetUser", below "/talk.v1."
    std::string_view subject;   ///< "user": what is missing when a row is.
    function run;
};

std::span<const endpoint> endpoints() noexcept;

} // namespace tusk::talk
