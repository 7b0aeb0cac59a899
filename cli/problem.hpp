#pragma once

#include <exception>
#include <string>

#include <cli/exit_code.hpp>
#include <tusk/core/error.hpp>

namespace tusk::cli {

/// What ends a command: what went wrong, and what the user can do about it. Thrown by commands, printed by
/// `output::report`.
class problem final : public std::exception {
public:
    /// `remedy` is what to do unless the cause brings a remedy itself, as a last line "remedy: …".
    problem(exit_code status, const failure& cause, std::string remedy);
    /// With the status that `exit_code_of` finds.
    problem(const failure& cause, std::string remedy);

    const char* what() const noexcept override { return message_.c_str(); }
    const std::string& message() const noexcept { return message_; }
    const std::string& remedy() const noexcept { return remedy_; }
    exit_code status() const noexcept { return status_; }

private:
    std::string message_;
    std::string remedy_;
    exit_code status_;
};

/// A command line that makes no sense.
problem usage_problem(std::string message, std::string remedy);

} // namespace tusk::cli
