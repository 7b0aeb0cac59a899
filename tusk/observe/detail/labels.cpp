#include <tusk/observe/detail/labels.hpp>

#include <algorithm>

namespace tusk::observe::detail {

namespace {

constexpr std::array<std::string_view, 40> query_types{
    "alter",     "analyze",    "begin",   "call",    "close",    "comment",  "commit", "copy",
    "create",    "deallocate", "declare", "delete",  "discard",  "do",       "drop",   "execute",
    "explain",   "fetch",      "grant",   "insert",  "listen",   "lock",     "merge",  "move",
    "notify",    "prepare",    "refresh", "reindex", "release",  "reset",    "revoke", "rollback",
    "savepoint", "select",     "set",     "show",    "truncate", "unlisten", "update", "vacuum",
};
static_assert(std::ranges::is_sorted(query_types), "they are searched by bisection");

constexpr char to_lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// No default: the compiler names an enumerator that is missing here.
std::string_view name_of(errc code) noexcept {
    switch (code) {
    case errc::invalid_argument: return "invalid_argument";
    case errc::invalid_connection_string: return "invalid_connection_string";
    case errc::invalid_configuration: return "invalid_configuration";
    case errc::parameter_count: return "parameter_count";
    case errc::too_many_parameters: return "too_many_parameters";
    case errc::message_too_large: return "message_too_large";
    case errc::not_found: return "not_found";
    case errc::too_many_rows: return "too_many_rows";
    case errc::null_value: return "null_value";
    case errc::type_mismatch: return "type_mismatch";
    case errc::value_out_of_range: return "value_out_of_range";
    case errc::malformed_value: return "malformed_value";
    case errc::column_mismatch: return "column_mismatch";
    case errc::host_not_found: return "host_not_found";
    case errc::connect_failed: return "connect_failed";
    case errc::tls_refused: return "tls_refused";
    case errc::tls_failed: return "tls_failed";
    case errc::tls_certificate: return "tls_certificate";
    case errc::auth_unsupported: return "auth_unsupported";
    case errc::auth_failed: return "auth_failed";
    case errc::no_suitable_host: return "no_suitable_host";
    case errc::protocol_violation: return "protocol_violation";
    case errc::connection_lost: return "connection_lost";
    case errc::connection_closed: return "connection_closed";
    case errc::connection_busy: return "connection_busy";
    case errc::timeout: return "timeout";
    case errc::canceled: return "canceled";
    case errc::in_doubt: return "in_doubt";
    case errc::transaction_rolled_back: return "transaction_rolled_back";
    case errc::transaction_closed: return "transaction_closed";
    case errc::pool_timeout: return "pool_timeout";
    case errc::pool_closed: return "pool_closed";
    case errc::circuit_open: return "circuit_open";
    case errc::environment: return "environment";
    }
    return "other";
}

} // namespace

std::string_view query_type(std::string_view command, bool failed) noexcept {
    const auto word = command.substr(0, command.find(' '));
    if (word.empty()) return failed ? "unknown" : "other";
    std::array<char, 16> buffer{};
    if (word.size() > buffer.size()) return "other";
    std::ranges::transform(word, buffer.begin(), to_lower);
    const std::string_view lower{buffer.data(), word.size()};
    if (lower == "start") return "begin";
    const auto* found = std::ranges::lower_bound(query_types, lower);
    return found != query_types.end() && *found == lower ? *found : std::string_view{"other"};
}

std::string_view result_name(acquire_result result) noexcept {
    switch (result) {
    case acquire_result::ok: return "ok";
    case acquire_result::timeout: return "timeout";
    case acquire_result::canceled: return "canceled";
    case acquire_result::closed: return "closed";
    case acquire_result::circuit_open: return "circuit_open";
    case acquire_result::failed: return "failed";
    }
    return "other";
}

std::string_view reason_name(close_reason reason) noexcept {
    switch (reason) {
    case close_reason::lifetime: return "lifetime";
    case close_reason::idle: return "idle";
    case close_reason::broken: return "broken";
    case close_reason::reset_failed: return "reset_failed";
    case close_reason::health: return "health";
    case close_reason::shutdown: return "shutdown";
    }
    return "other";
}

error_labels::error_labels(const std::error_code& code) noexcept {
    if (const auto state = to_sqlstate(code))
        state_ = state->text();
    else if (code.category() == tusk_category())
        own_name_ = name_of(static_cast<errc>(code.value()));
    else
        own_name_ = "system";
}

std::string_view error_labels::error_class() const noexcept {
    return own_name_.empty() ? std::string_view{state_.data(), 2} : own_name_;
}

std::string_view error_labels::sqlstate() const noexcept {
    return own_name_.empty() ? std::string_view{state_.data(), 5} : std::string_view{"none"};
}

} // namespace tusk::observe::detail
