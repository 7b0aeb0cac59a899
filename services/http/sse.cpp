#include <services/http/sse.hpp>

#include <tusk/core/error.hpp>

namespace tusk::http {

namespace asio = boost::asio;

namespace {

void check_line(std::string_view what, std::string_view text) {
    if (text.find_first_of(std::string_view{"\r\n\0", 3}) != std::string_view::npos)
        throw error{errc::invalid_argument,
                    "the " + std::string{what} + " of a server-sent event holds CR, LF or NUL"};
}

/// CR, LF and CRLF end a line.
void append_data(std::string& to, std::string_view data) {
    while (true) {
        const auto end = data.find_first_of("\r\n");
        to.append("data: ").append(data.substr(0, end)) += '\n';
        if (end == std::string_view::npos) return;
        data.remove_prefix(end + (data.substr(end, 2) == "\r\n" ? 2 : 1));
    }
}

asio::awaitable<void> write_events(event_writer writer, response_stream& to) {
    event_stream events{to};
    co_await writer(events);
}

} // namespace

std::string format_event(const server_event& what) {
    check_line("name", what.event());
    check_line("identifier", what.id());
    std::string out;
    if (!what.event().empty()) out.append("event: ").append(what.event()) += '\n';
    if (!what.id().empty()) out.append("id: ").append(what.id()) += '\n';
    if (what.retry()) out.append("retry: ").append(std::to_string(what.retry()->count())) += '\n';
    append_data(out, what.data());
    return out += '\n';
}

std::optional<std::string_view> last_event_id(const request& of) noexcept {
    return of.header("Last-Event-ID");
}

asio::awaitable<bool> event_stream::send(const server_event& what) {
    const auto text = format_event(what);
    co_return co_await to_->write(text);
}

asio::awaitable<bool> event_stream::send_formatted(std::string_view text) { return to_->write(text); }

asio::awaitable<bool> event_stream::ping() { return to_->write(": ping\n\n"); }

response event_response(event_writer writer) {
    response answer{200};
    answer.set_header("Content-Type", "text/event-stream");
    answer.set_header("Cache-Control", "no-store, no-transform");
    answer.set_header("X-Accel-Buffering", "no"); // nginx
    answer.stream([writer = std::move(writer)](response_stream& to) { return write_events(writer, to); });
    return answer;
}

} // namespace tusk::http
