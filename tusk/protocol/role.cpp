#include <tusk/protocol/role.hpp>

#include <tusk/wire/backend.hpp>
#include <tusk/wire/frontend.hpp>

namespace tusk::protocol {

std::optional<server_role> reported_role(std::string_view in_hot_standby,
                                         std::string_view default_transaction_read_only) noexcept {
    if (in_hot_standby.empty() || default_transaction_read_only.empty()) return std::nullopt;
    const bool standby = in_hot_standby == "on";
    return server_role{standby, standby || default_transaction_read_only == "on"};
}

std::optional<server_role> reported_role(const session& s) noexcept {
    return reported_role(s.parameter("in_hot_standby"), s.parameter("default_transaction_read_only"));
}

action role_query::resume(event e) {
    switch (e.kind) {
    case event_kind::start: return ask();
    case event_kind::transferred:
    case event_kind::proceed: return on_input();
    case event_kind::timed_out:
        return give_up(failure{errc::timeout, "the server did not tell its role in time"});
    case event_kind::canceled: return give_up(failure{errc::canceled, "connecting was cancelled"});
    case event_kind::failed: return give_up(std::move(e.why));
    default: return give_up(failure{errc::protocol_violation, "unexpected event"});
    }
}

action role_query::ask() {
    // Both in one text, in this order; `take_answer` knows it.
    if (auto f = wire::write_query(io().output,
                                   "SHOW transaction_read_only; SELECT pg_catalog.pg_is_in_recovery()"))
        return give_up(std::move(f));
    return {action_kind::transfer, true};
}

action role_query::on_input() {
    for (;;) {
        wire::frame f;
        failure why;
        switch (io().next(f, why)) {
        case session::next_result::need_input: return {action_kind::transfer, true};
        case session::next_result::failed: return give_up(std::move(why));
        case session::next_result::frame: break;
        }
        const auto next = on_frame(f);
        io().consume(f);
        if (next.kind != action_kind::paused) return next;
    }
}

/// `paused` here means: go on with the next message.
action role_query::on_frame(const wire::frame& f) {
    using namespace wire::backend;
    switch (f.type) {
    case row_description:
    case command_complete: return {action_kind::paused, false};
    case data_row:
        if (!take_answer(f.body))
            return give_up(protocol_failure("a strange answer to the question for its role"));
        return {action_kind::paused, false};
    case error_response: {
        server_error e;
        if (!wire::parse_error(f.body, e)) return give_up(protocol_failure("malformed ErrorResponse"));
        refused_ = failure{std::move(e)};
        return {action_kind::paused, false};
    }
    case ready_for_query:
        if (!wire::parse_ready_for_query(f.body, io().transaction))
            return give_up(protocol_failure("malformed ReadyForQuery"));
        return conclude();
    default:
        return give_up(protocol_failure("a message of type " +
                                        std::to_string(static_cast<unsigned char>(f.type)) +
                                        " arrived instead of the server's role"));
    }
}

/// The first row is "on" or "off", the second "t" or "f".
bool role_query::take_answer(std::span<const std::byte> row) {
    wire::body_reader in{row};
    const auto columns = in.get_int<std::int16_t>();
    const auto length = in.get_int<std::int32_t>();
    const auto value = in.rest();
    if (in.failed() || columns != 1 || length < 1 || value.size() != static_cast<std::size_t>(length))
        return false;
    const std::string_view text{reinterpret_cast<const char*>(value.data()), value.size()};
    switch (++answers_) {
    case 1: role_.read_only = text == "on"; return text == "on" || text == "off";
    case 2: role_.standby = text == "t"; return text == "t" || text == "f";
    default: return false;
    }
}

action role_query::conclude() {
    if (refused_) return give_up(std::move(refused_.add_context("the server did not tell its role")));
    if (answers_ != 2) return give_up(protocol_failure("no answer to the question for the server's role"));
    role_.read_only = role_.read_only || role_.standby;
    return finish();
}

action role_query::give_up(failure why) {
    io().broken = true;
    io().discard_output();
    return finish(std::move(why));
}

} // namespace tusk::protocol
