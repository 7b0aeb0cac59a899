#include <tusk/core/error.hpp>

#include <array>
#include <ostream>

namespace tusk {

namespace {

struct errc_text {
    errc code;
    const char* text;
};

constexpr std::array errc_texts{
    errc_text{errc::invalid_argument, "invalid argument"},
    errc_text{errc::invalid_connection_string, "invalid connection string"},
    errc_text{errc::invalid_configuration, "invalid configuration"},
    errc_text{errc::parameter_count, "wrong number of arguments for the statement"},
    errc_text{errc::too_many_parameters, "more than 65,535 arguments"},
    errc_text{errc::message_too_large, "message larger than 1 GiB"},
    errc_text{errc::not_found, "no row found"},
    errc_text{errc::too_many_rows, "more than one row found"},
    errc_text{errc::null_value, "NULL for a field that is not std::optional"},
    errc_text{errc::type_mismatch, "types do not match"},
    errc_text{errc::value_out_of_range, "value out of range"},
    errc_text{errc::malformed_value, "malformed value from the server"},
    errc_text{errc::column_mismatch, "columns and fields do not match"},
    errc_text{errc::host_not_found, "host not found"},
    errc_text{errc::connect_failed, "could not connect"},
    errc_text{errc::tls_refused, "the server does not support TLS"},
    errc_text{errc::tls_failed, "TLS handshake failed"},
    errc_text{errc::tls_certificate, "server certificate not accepted"},
    errc_text{errc::auth_unsupported, "authentication method not available"},
    errc_text{errc::auth_failed, "authentication failed"},
    errc_text{errc::no_suitable_host, "no suitable host"},
    errc_text{errc::protocol_violation, "protocol violation"},
    errc_text{errc::connection_lost, "connection lost"},
    errc_text{errc::connection_closed, "connection is closed"},
    errc_text{errc::connection_busy, "connection is busy"},
    errc_text{errc::timeout, "deadline exceeded"},
    errc_text{errc::canceled, "canceled"},
    errc_text{errc::in_doubt, "outcome of COMMIT unknown"},
    errc_text{errc::transaction_rolled_back, "transaction was rolled back"},
    errc_text{errc::transaction_closed, "transaction is already over"},
    errc_text{errc::pool_timeout, "no connection available in time"},
    errc_text{errc::pool_closed, "pool is closed"},
    errc_text{errc::circuit_open, "circuit breaker is open"},
    errc_text{errc::environment, "environment problem"},
};

class tusk_category_type final : public std::error_category {
public:
    const char* name() const noexcept override { return "tusk"; }
    std::string message(int value) const override {
        for (const auto& entry : errc_texts)
            if (static_cast<int>(entry.code) == value) return entry.text;
        return "unknown tusk error " + std::to_string(value);
    }
};

class sqlstate_category_type final : public std::error_category {
public:
    const char* name() const noexcept override { return "postgresql"; }
    std::string message(int value) const override {
        return std::string{"SQLSTATE "} + sqlstate::from_packed(value).text().data();
    }
};

bool is_class(sqlstate state, sqlstate sample) noexcept {
    return state.error_class() == sample.error_class();
}

bool state_matches(sqlstate s, condition c) noexcept {
    switch (c) {
    case condition::duplicate: return s == "23505"_sqlstate;
    case condition::foreign_key: return s == "23503"_sqlstate;
    case condition::not_null: return s == "23502"_sqlstate;
    case condition::check: return s == "23514"_sqlstate;
    case condition::exclusion: return s == "23P01"_sqlstate;
    case condition::integrity: return is_class(s, "23000"_sqlstate);
    case condition::invalid_input:
        return is_class(s, "22000"_sqlstate) || s == "23502"_sqlstate || s == "23514"_sqlstate;
    case condition::undefined_table: return s == "42P01"_sqlstate;
    case condition::undefined_column: return s == "42703"_sqlstate;
    case condition::duplicate_table: return s == "42P07"_sqlstate;
    case condition::syntax_error: return s == "42601"_sqlstate;
    case condition::serialization_failure: return s == "40001"_sqlstate;
    case condition::deadlock: return s == "40P01"_sqlstate;
    case condition::lock_timeout: return s == "55P03"_sqlstate;
    case condition::read_only: return s == "25006"_sqlstate;
    case condition::too_many_connections: return s == "53300"_sqlstate;
    case condition::out_of_memory: return s == "53200"_sqlstate;
    case condition::authentication: return is_class(s, "28000"_sqlstate);
    case condition::cannot_connect: return s == "57P03"_sqlstate || s == "53300"_sqlstate;
    case condition::connection_lost:
        return is_class(s, "08000"_sqlstate) || s == "57P01"_sqlstate || s == "57P02"_sqlstate ||
               s == "57P05"_sqlstate;
    case condition::canceled: return s == "57014"_sqlstate;
    case condition::in_doubt: return s == "40003"_sqlstate;
    case condition::protocol_violation: return s == "08P01"_sqlstate;
    case condition::unavailable:
        return is_class(s, "53000"_sqlstate) || s == "57P03"_sqlstate ||
               state_matches(s, condition::connection_lost);
    default: return false;
    }
}

bool errc_matches(errc e, condition c) noexcept {
    switch (c) {
    case condition::not_null: return e == errc::null_value;
    case condition::invalid_input: return e == errc::invalid_argument || e == errc::value_out_of_range;
    case condition::not_found: return e == errc::not_found;
    case condition::too_many_rows: return e == errc::too_many_rows;
    case condition::authentication: return e == errc::auth_failed || e == errc::auth_unsupported;
    case condition::tls: return e == errc::tls_refused || e == errc::tls_failed || e == errc::tls_certificate;
    case condition::cannot_connect:
        return e == errc::connect_failed || e == errc::host_not_found || e == errc::no_suitable_host ||
               errc_matches(e, condition::tls);
    case condition::connection_lost: return e == errc::connection_lost;
    case condition::timeout: return e == errc::timeout || e == errc::pool_timeout;
    case condition::canceled: return e == errc::canceled;
    case condition::in_doubt: return e == errc::in_doubt;
    case condition::pool_timeout: return e == errc::pool_timeout;
    case condition::pool_closed: return e == errc::pool_closed;
    case condition::circuit_open: return e == errc::circuit_open;
    case condition::protocol_violation: return e == errc::protocol_violation;
    case condition::unavailable:
        return errc_matches(e, condition::cannot_connect) || e == errc::connection_lost ||
               e == errc::pool_timeout || e == errc::pool_closed || e == errc::circuit_open;
    default: return false;
    }
}

class condition_category_type final : public std::error_category {
public:
    const char* name() const noexcept override { return "tusk.condition"; }
    std::string message(int value) const override { return "tusk condition " + std::to_string(value); }
    bool equivalent(const std::error_code& code, int value) const noexcept override {
        const auto wanted = static_cast<condition>(value);
        if (const auto state = to_sqlstate(code)) return state_matches(*state, wanted);
        if (code.category() == tusk_category()) return errc_matches(static_cast<errc>(code.value()), wanted);
        return false;
    }
};

} // namespace

const std::error_category& tusk_category() noexcept {
    static const tusk_category_type instance;
    return instance;
}

const std::error_category& sqlstate_category() noexcept {
    static const sqlstate_category_type instance;
    return instance;
}

const std::error_category& condition_category() noexcept {
    static const condition_category_type instance;
    return instance;
}

struct failure::details {
    std::error_code code;
    std::string message;
    std::optional<server_error> server;
    std::string sql;
    sent_state sent = sent_state::none;
    retry_advice retry = retry_advice::never;
    std::uint64_t transaction_id = 0;
    std::chrono::system_clock::time_point time = std::chrono::system_clock::now();
};

failure::failure(std::error_code code) {
    if (code) own().code = code;
}

failure::failure(std::error_code code, std::string message) {
    if (!code) return;
    auto& d = own();
    d.code = code;
    d.message = std::move(message);
}

failure::failure(server_error server) {
    const auto state = sqlstate::parse(server.sqlstate);
    auto& d = own();
    d.code =
        state && *state != sqlstate{} ? make_error_code(*state) : make_error_code(errc::protocol_violation);
    d.message = server.message;
    d.server = std::move(server);
    d.sent = sent_state::answered;
}

const std::error_code& failure::code() const noexcept {
    static const std::error_code none;
    return details_ ? details_->code : none;
}

failure::details& failure::own() {
    if (!details_)
        details_ = std::make_shared<details>();
    else if (details_.use_count() > 1)
        details_ = std::make_shared<details>(*details_);
    return *details_;
}

std::ostream& operator<<(std::ostream& out, const failure& f) { return out << f.message(); }

std::string failure::message() const {
    std::string out = !details_ || details_->message.empty() ? code().message() : details_->message;
    if (const auto* s = server()) {
        if (!s->sqlstate.empty()) out += " [" + s->sqlstate + "]";
        if (!s->detail.empty()) out += "; detail: " + s->detail;
        if (!s->hint.empty()) out += "; hint: " + s->hint;
    }
    return out;
}

std::string_view failure::text() const noexcept {
    return details_ ? std::string_view{details_->message} : "";
}
const server_error* failure::server() const noexcept {
    return details_ && details_->server ? &*details_->server : nullptr;
}
std::string_view failure::sql() const noexcept { return details_ ? std::string_view{details_->sql} : ""; }
sent_state failure::sent() const noexcept { return details_ ? details_->sent : sent_state::none; }
retry_advice failure::retry() const noexcept { return details_ ? details_->retry : retry_advice::never; }
std::chrono::system_clock::time_point failure::time() const noexcept {
    return details_ ? details_->time : std::chrono::system_clock::time_point{};
}

std::uint64_t failure::transaction_id() const noexcept { return details_ ? details_->transaction_id : 0; }

failure& failure::set_transaction_id(std::uint64_t id) {
    if (details_) own().transaction_id = id;
    return *this;
}

failure& failure::add_context(std::string_view context) {
    if (!details_) return *this; // nothing went wrong
    auto& d = own();
    if (d.message.empty()) d.message = d.code.message();
    d.message.insert(0, std::string{context} + ": ");
    return *this;
}

failure& failure::set_sql(std::string_view sql) {
    if (!details_) return *this; // nothing went wrong
    own().sql.assign(sql);
    return *this;
}

failure& failure::set_sent(sent_state sent, retry_advice retry) {
    if (!details_) return *this; // nothing went wrong
    auto& d = own();
    d.sent = sent;
    d.retry = retry;
    return *this;
}

failure& failure::set_code(std::error_code code) {
    if (code)
        own().code = code;
    else
        details_.reset();
    return *this;
}

error::error(failure f)
    : std::system_error{f.code()}, failure_{std::move(f)},
      what_{std::make_shared<const std::string>(failure_.message())} {}

void throw_exception_from_error(const failure& f, const boost::source_location&) { throw error{f}; }

} // namespace tusk
