#pragma once

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include <boost/system/result.hpp>

#include <tusk/core/outcome.hpp>
#include <tusk/core/sqlstate.hpp>

namespace tusk {

/// Errors that Tusk itself reports; what the server reports is an SQLSTATE (`sqlstate_category()`).
enum class errc {
    // Asked for by the caller
    invalid_argument = 1, ///< A value that cannot be sent: NUL in text, a size past the protocol's limits.
    invalid_connection_string, ///< A URL, keyword/value string or configuration key that makes no sense.
    invalid_configuration,     ///< Settings that contradict each other or lie outside their bounds.
    parameter_count,           ///< The statement wants another number of arguments.
    too_many_parameters,       ///< More than 65,535 arguments.
    message_too_large,         ///< A message past the 1 GiB frame limit, in either direction.
    // Results that do not fit
    not_found,          ///< `one()` found no row.
    too_many_rows,      ///< `one()` or `maybe()` found more than one row.
    null_value,         ///< NULL for a field that is not `std::optional`.
    type_mismatch,      ///< The column's or parameter's type has no conversion from/to the C++ type.
    value_out_of_range, ///< The value does not fit the C++ type or the column's type.
    malformed_value,    ///< The server sent bytes that are not a value of the type.
    column_mismatch,    ///< A field without a column, or a column without a field.
    // The way to the server
    host_not_found,   ///< A host name that does not resolve.
    connect_failed,   ///< No address of any host could be reached.
    tls_refused,      ///< The server does not speak TLS and `sslmode` insists on it.
    tls_failed,       ///< The TLS handshake failed.
    tls_certificate,  ///< The server's certificate was not accepted.
    auth_unsupported, ///< The server asks for an authentication method that is not available or not allowed.
    auth_failed,      ///< The authentication exchange was wrong (server signature, nonce, iteration count).
    no_suitable_host, ///< Servers answered, none with the wanted role.
    protocol_violation, ///< The server (or what listens there) broke the protocol.
    connection_lost,    ///< The connection broke.
    connection_closed,  ///< The connection was closed by this side before the call.
    connection_busy,    ///< The connection is in use by another operation.
    // Time
    timeout,  ///< The deadline passed.
    canceled, ///< The caller cancelled.
    // Transactions
    in_doubt,                ///< COMMIT was sent and no answer came: it may have taken effect.
    transaction_rolled_back, ///< `commit()` of a failed transaction: the server rolled it back.
    transaction_closed,      ///< The transaction is already committed or rolled back.
    // The pool
    pool_timeout, ///< No connection within the acquire timeout.
    pool_closed,  ///< The pool is closed.
    circuit_open, ///< The breaker is open.
    // Local environment
    environment, ///< A file, binary, directory or permission that is missing; the message says which.
};

/// What a caller wants to tell apart, over both categories: `if (e.code() == tusk::condition::duplicate)`.
enum class condition {
    duplicate = 1,         ///< 23505 unique_violation.
    foreign_key,           ///< 23503.
    not_null,              ///< 23502, and `errc::null_value`.
    check,                 ///< 23514.
    exclusion,             ///< 23P01.
    integrity,             ///< Class 23.
    invalid_input,         ///< Class 22, 23502, 23514, `errc::invalid_argument`, `errc::value_out_of_range`.
    not_found,             ///< `errc::not_found`.
    too_many_rows,         ///< `errc::too_many_rows`.
    undefined_table,       ///< 42P01.
    undefined_column,      ///< 42703.
    duplicate_table,       ///< 42P07.
    syntax_error,          ///< 42601.
    serialization_failure, ///< 40001.
    deadlock,              ///< 40P01.
    lock_timeout,          ///< 55P03.
    read_only,             ///< 25006.
    too_many_connections,  ///< 53300.
    out_of_memory,         ///< 53200.
    authentication,        ///< Class 28, `errc::auth_failed`, `errc::auth_unsupported`.
    tls,                   ///< `errc::tls_*`.
    cannot_connect,     ///< No connection could be made: `errc::connect_failed`, host_not_found, tls, 57P03,
                        ///< 53300.
    connection_lost,    ///< Class 08, 57P01, 57P02, 57P05, `errc::connection_lost`.
    timeout,            ///< `errc::timeout`, `errc::pool_timeout`.
    canceled,           ///< 57014, `errc::canceled`.
    in_doubt,           ///< `errc::in_doubt`, 40003.
    pool_timeout,       ///< `errc::pool_timeout`.
    pool_closed,        ///< `errc::pool_closed`.
    circuit_open,       ///< `errc::circuit_open`.
    protocol_violation, ///< `errc::protocol_violation`, 08P01.
    unavailable,        ///< The database cannot serve now: cannot_connect, connection_lost, pool_timeout,
                        ///< circuit_open, pool_closed, class 53, 57P0x.
};

const std::error_category& tusk_category() noexcept;
const std::error_category& condition_category() noexcept;
inline std::error_code make_error_code(errc e) noexcept { return {static_cast<int>(e), tusk_category()}; }
inline std::error_condition make_error_condition(condition c) noexcept {
    return {static_cast<int>(c), condition_category()};
}

} // namespace tusk

template <>
struct std::is_error_code_enum<tusk::errc> : std::true_type {};
template <>
struct std::is_error_condition_enum<tusk::condition> : std::true_type {};

namespace tusk {

/// Every field of ErrorResponse/NoticeResponse (protocol section 55.8). Absent fields are empty, absent
/// numbers 0.
struct server_error {
    std::string
        severity; ///< Not localised ("ERROR", "FATAL", "PANIC"); the localised one when only that came.
    std::string sqlstate; ///< As sent; `code` of the failure is its packed form.
    std::string message;
    std::string detail;
    std::string hint;
    std::int32_t position = 0;          ///< In characters of the SQL text, from 1.
    std::int32_t internal_position = 0; ///< In characters of `internal_query`.
    std::string internal_query;
    std::string where;
    std::string schema;
    std::string table;
    std::string column;
    std::string data_type;
    std::string constraint;
    std::string file;
    std::int32_t line = 0;
    std::string routine;

    /// The session ends with this error (FATAL or PANIC).
    bool is_fatal() const noexcept { return severity == "FATAL" || severity == "PANIC"; }
};

/// An error as a value: what every internal function returns. Cheap to move, empty means success.
/// Public functions turn it into a thrown `tusk::error` or a `tusk::result`.
class [[nodiscard]] failure {
public:
    failure() noexcept = default;
    explicit failure(std::error_code code);
    /// `message` names the place and the remedy; it never holds a password or an argument value.
    failure(std::error_code code, std::string message);
    failure(errc code, std::string message) : failure{make_error_code(code), std::move(message)} {}
    /// From an ErrorResponse; an SQLSTATE that is missing or malformed becomes `errc::protocol_violation`.
    explicit failure(server_error server);

    explicit operator bool() const noexcept { return details_ != nullptr; }
    /// No error (a zero code) when there is no failure.
    const std::error_code& code() const noexcept;

    /// One line for a person: message, SQLSTATE, detail and hint of the server when there are any.
    std::string message() const;
    /// The message given at construction, or the server's.
    std::string_view text() const noexcept;
    const server_error* server() const noexcept;
    std::string_view sql() const noexcept;
    sent_state sent() const noexcept;
    retry_advice retry() const noexcept;
    /// When the failure was made.
    std::chrono::system_clock::time_point time() const noexcept;
    /// The transaction (xid8) whose COMMIT is `in_doubt`, when it was asked for; else 0. See
    /// `resolve_commit`.
    std::uint64_t transaction_id() const noexcept;

    /// Puts `context` and ": " before the message.
    failure& add_context(std::string_view context);
    failure& set_sql(std::string_view sql);
    failure& set_sent(sent_state sent, retry_advice retry);
    /// Replaces the code and keeps the rest (a lost COMMIT becomes `in_doubt`).
    failure& set_code(std::error_code code);
    failure& set_transaction_id(std::uint64_t id);

private:
    struct details;
    details& own();

    std::shared_ptr<details> details_; ///< Null: no failure, the usual case, costs a pointer.
};

/// Its message; test frameworks print failures, and results that hold one, by this.
std::ostream& operator<<(std::ostream& out, const failure& f);
inline bool operator==(const failure& f, condition c) noexcept { return f.code() == make_error_condition(c); }

/// The one exception type of Tusk. `code()` is an SQLSTATE or an `errc`; compare it with a `condition`.
class error : public std::system_error {
public:
    explicit error(failure f);
    error(errc code, std::string message) : error{failure{code, std::move(message)}} {}

    /// The message alone: what happened, where, and the remedy; the code's own text is not repeated.
    const char* what() const noexcept override { return what_->c_str(); }

    /// The ErrorResponse behind it, or null.
    const server_error* server() const noexcept { return failure_.server(); }
    /// The statement's text; empty when there was none.
    std::string_view sql() const noexcept { return failure_.sql(); }
    /// How far the request got.
    sent_state sent() const noexcept { return failure_.sent(); }
    /// Whether and how it may be sent again.
    retry_advice retry() const noexcept { return failure_.retry(); }
    std::chrono::system_clock::time_point time() const noexcept { return failure_.time(); }
    bool is(condition c) const noexcept { return code() == make_error_condition(c); }
    const failure& as_failure() const noexcept { return failure_; }

private:
    failure failure_;
    std::shared_ptr<const std::string> what_; // shared: copying an exception must not throw
};

/// What the `try_…` twins return: a value or a `failure`; `value()` throws `tusk::error`.
template <class T>
using result = boost::system::result<T, failure>;

/// A `result` that holds a failure, for any T (a `result<bool>` takes no failure implicitly: it converts to
/// bool).
template <class T>
result<T> failed(failure f) {
    return result<T>{boost::system::in_place_error, std::move(f)};
}

/// Found by argument-dependent lookup from `boost::system::result::value()`.
[[noreturn]] void throw_exception_from_error(const failure& f, const boost::source_location&);

/// Throws `error` when `f` holds one.
inline void throw_if(failure f) {
    if (f) throw error{std::move(f)};
}

} // namespace tusk
