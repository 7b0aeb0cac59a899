#include <tusk/protocol/session.hpp>

#include <algorithm>
#include <iterator>

namespace tusk::protocol {

failure protocol_failure(std::string message) {
    return failure{errc::protocol_violation,
                   std::move(message) +
                       "; the server or a proxy in between does not speak PostgreSQL's protocol "
                       "correctly, and the connection is closed"};
}

std::string_view session::parameter(std::string_view name) const noexcept {
    for (const auto& [key, value] : parameters_)
        if (key == name) return value;
    return {};
}

void session::set_parameter(std::string_view name, std::string_view value) {
    for (auto& [key, current] : parameters_)
        if (key == name) {
            current.assign(value);
            return;
        }
    parameters_.emplace_back(name, value);
}

namespace {

/// What a statement with this command tag leaves behind is data, or nothing.
bool leaves_session_as_it_was(std::string_view tag) noexcept {
    static constexpr std::string_view harmless[] = {"SELECT",    "INSERT",   "UPDATE", "DELETE",  "MERGE",
                                                    "COPY",      "BEGIN",    "START",  "COMMIT",  "ROLLBACK",
                                                    "SAVEPOINT", "RELEASE",  "FETCH",  "EXPLAIN", "SHOW",
                                                    "NOTIFY",    "TRUNCATE", "LOCK",   "ANALYZE", "VACUUM"};
    const auto command = tag.substr(0, tag.find(' '));
    return std::find(std::begin(harmless), std::end(harmless), command) != std::end(harmless);
}

std::string_view text_of(std::span<const std::byte> body) noexcept {
    return {reinterpret_cast<const char*>(body.data()), body.size()};
}

} // namespace

/// Takes from an answer what concerns the session. What is malformed is for the machine to find.
void session::note(const wire::frame& f) noexcept {
    if (f.type == wire::backend::command_complete) {
        const auto tag = text_of(f.body);
        altered = altered || !leaves_session_as_it_was(tag.substr(0, tag.find('\0')));
    } else if (f.type == wire::backend::error_response) {
        using namespace std::string_view_literals;
        refused_to_write = refused_to_write || text_of(f.body).find("\0C25006\0"sv) != std::string_view::npos;
    }
}

bool session::handle_asynchronous(const wire::frame& f, failure& why) {
    using namespace wire::backend;
    switch (f.type) {
    case parameter_status: {
        std::string_view name;
        std::string_view value;
        if (!wire::parse_parameter_status(f.body, name, value))
            why = protocol_failure("malformed ParameterStatus");
        else if (name == "client_encoding" && value != "UTF8")
            why = failure{errc::protocol_violation,
                          "the server switched client_encoding to " + std::string{value} +
                              "; Tusk works with UTF8 only, and the connection is closed"};
        else {
            set_parameter(name, value);
            altered = true;
        }
        return true;
    }
    case notice_response: {
        server_error notice;
        if (!wire::parse_error(f.body, notice))
            why = protocol_failure("malformed NoticeResponse");
        else if (on_notice)
            on_notice(notice);
        return true;
    }
    case notification_response: {
        wire::notification n;
        if (!wire::parse_notification(f.body, n))
            why = protocol_failure("malformed NotificationResponse");
        else {
            ++notifications;
            if (on_notification) on_notification(std::move(n));
        }
        return true;
    }
    default: return false;
    }
}

session::next_result session::next(wire::frame& out, failure& why) {
    for (;;) {
        switch (wire::next_frame(input.unread(), out)) {
        case wire::frame_status::incomplete: return next_result::need_input;
        case wire::frame_status::too_short:
            why = protocol_failure("a message with a length below 4 arrived");
            return next_result::failed;
        case wire::frame_status::too_long:
            why = protocol_failure("a message that claims more than 1 GiB arrived");
            return next_result::failed;
        case wire::frame_status::ok: break;
        }
        if (on_message) [[unlikely]]
            on_message(trace_received(out.type, out.body));
        if (out.type != wire::backend::parameter_status && out.type != wire::backend::notice_response &&
            out.type != wire::backend::notification_response) {
            note(out);
            return next_result::frame;
        }
        handle_asynchronous(out, why);
        consume(out);
        if (why) return next_result::failed;
    }
}

/// A message begins with its type, which is a letter, or, before a session, with a length, whose first byte
/// is zero.
void session::show_unshown() {
    for (;;) {
        const auto left = output.bytes().subspan(output_shown_);
        if (left.empty()) return;
        const std::size_t head = left[0] == std::byte{0} ? 4 : 5;
        if (left.size() < head) return;
        const std::size_t length = wire::load_big_endian<std::uint32_t>(left.data() + head - 4);
        if (length < 4 || length - 4 > left.size() - head) return; // the rest follows
        on_message(trace_sent(head == 4 ? '\0' : static_cast<char>(left[0]), left.subspan(head, length - 4)));
        output_shown_ += head + length - 4;
    }
}

void session::suspect_pooler(const failure& error) {
    const auto code = to_sqlstate(error.code());
    if (!code || mode != exec_mode::cache_statement) return;
    if (*code != "42P05"_sqlstate && (*code != "26000"_sqlstate || std::exchange(deallocated_, false)))
        return;
    mode = exec_mode::cache_describe;
    statements.clear(); // on whatever server they are
    to_close.clear();
}

void session::statements_gone() {
    statements.clear();
    to_close.clear();
    deallocated_ = true;
}

void session::reset() {
    output.clear();
    output_sent = output_shown_ = 0;
    input.clear();
    backend_pid = 0;
    cancel_key.clear();
    tls = false;
    channel_binding.clear();
    transaction = transaction_status::unknown;
    broken = false;
    statements.clear();
    to_close.clear();
    preamble.clear();
    altered = refused_to_write = false;
    parameters_.clear();
    deallocated_ = false;
}

} // namespace tusk::protocol
