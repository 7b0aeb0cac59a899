#pragma once

#include <exception>
#include <string>
#include <string_view>

#include <services/http/response.hpp>
#include <tusk/core/error.hpp>

namespace tusk::talk {

/// Why a request could not be done, in the words of both protocols.
class problem {
public:
    /// `connect_code` is one of Connect's ("not_found"), `code` one of our envelope ("NOT_FOUND").
    problem(unsigned status, std::string_view code, std::string_view connect_code, std::string message)
        : status_{status}, code_{code}, connect_code_{connect_code}, message_{std::move(message)} {}

    unsigned status() const noexcept { return status_; }
    std::string_view code() const noexcept { return code_; }
    std::string_view connect_code() const noexcept { return connect_code_; }
    /// For the client: nothing internal.
    const std::string& message() const noexcept { return message_; }
    /// The same request may succeed in a moment.
    bool is_passing() const noexcept { return status_ == 503; }

private:
    unsigned status_;
    std::string_view code_;
    std::string_view connect_code_;
    std::string message_;
};

/// What a handler throws when a request makes no sense, or is not allowed as things are.
class refusal : public std::exception {
public:
    explicit refusal(problem why) : why_{std::move(why)} {}
    const problem& why() const noexcept { return why_; }
    const char* what() const noexcept override { return why_.message().c_str(); }

private:
    problem why_;
};

problem bad_input(std::string message);
problem conflict(std::string message);
problem missing(std::string message);

/// The mapping: duplicate 409, foreign key 409, not null, check and unusable values 400, no row 404, no
/// connection to be had 503, too late 504, everything else 500 without a word of what it was. `subject` is
/// what a missing row would have been.
problem problem_of(const error& what, std::string_view subject = "record");

/// The answer of the REST half: the usual envelope, with Retry-After when it may pass.
http::response rest_response(const problem& of, std::string_view request_id);
/// The answer of the Connect half: `{"code":"not_found","message":…}`.
http::response connect_response(const problem& of);

} // namespace tusk::talk
