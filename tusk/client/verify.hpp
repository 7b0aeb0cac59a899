#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include <tusk/client/statement_info.hpp>
#include <tusk/core/error.hpp>

namespace tusk {

class verbs;
namespace blocking {
class connection;
class verbs;
} // namespace blocking

/// Something about a `sql<…>` statement that does not fit the server.
class statement_problem {
public:
    enum class severity : std::uint8_t {
        error,   ///< A call fails.
        warning, ///< A call may fail: with a NULL, or with a text that the server does not understand.
    };

    statement_problem(severity s, std::string_view sql, std::string message, std::string remedy)
        : severity_{s}, sql_{sql}, message_{std::move(message)}, remedy_{std::move(remedy)} {}

    severity how_bad() const noexcept { return severity_; }
    bool is_error() const noexcept { return severity_ == severity::error; }
    /// The statement's text, as it is sent.
    const std::string& sql() const noexcept { return sql_; }
    /// What is wrong; it names the column or argument and the types.
    const std::string& message() const noexcept { return message_; }
    /// What to do about it.
    const std::string& remedy() const noexcept { return remedy_; }
    /// All of it in a few lines.
    std::string text() const;

private:
    severity severity_;
    std::string sql_;
    std::string message_;
    std::string remedy_;
};

using statement_problems = std::vector<statement_problem>;

/// Asks a server what it makes of statements (Parse, Describe; nothing is executed) and compares that with
/// the C++ types: number and types of the arguments, names and types of the columns, and columns of tables
/// that may be NULL. Answers everything that was found. Without a list: all statements of the program. Throws
/// `tusk::error` when the server cannot be asked. What it does not know: that an outer join makes NULLs, and
/// what a function returns.
statement_problems verify_statements(blocking::verbs& db);
statement_problems verify_statements(blocking::verbs& db, const std::vector<const statement_info*>& which);
boost::asio::awaitable<statement_problems> verify_statements(verbs& db);
boost::asio::awaitable<statement_problems> verify_statements(verbs& db,
                                                             std::vector<const statement_info*> which);

/// Why the server does not take a statement (Parse and Describe; nothing is executed), or nothing.
failure describe_statement(blocking::verbs& db, std::string_view sql);

/// The hook for `tusk verify <program>`, at the beginning of `main`:
///
///     if (const auto status = tusk::handle_verify()) return *status;
///
/// When the environment variable TUSK_VERIFY is set, the statements of the program are verified on the server
/// that this connection string names; what was found is printed, and the status is 1 when there are errors,
/// 2 when the server cannot be asked, else 0. With TUSK_VERIFY_FORMAT=json one line of JSON is printed, of
/// the schema `tusk.verify.program/1`. Else nothing happens.
std::optional<int> handle_verify();
/// The same with what else has to be verified: `more` answers its problems, which are printed with those of
/// the statements.
std::optional<int> handle_verify(const std::function<statement_problems(blocking::connection&)>& more);

} // namespace tusk
