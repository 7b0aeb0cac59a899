// One of the files that include Beast; no header does.
#include <services/http/detail/message.hpp>

#include <array>
#include <ctime>
#include <optional>

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>

namespace tusk::http::detail {

namespace beast = boost::beast;
using parser_type = beast::http::request_parser<beast::http::string_body>;

namespace {

constexpr std::size_t read_size = 16 * 1024;
constexpr std::size_t kept_capacity = 64 * 1024;

std::string_view to_std(beast::string_view text) { return {text.data(), text.size()}; }

progress to_progress(const beast::error_code& ec) {
    using beast::http::error;
    if (ec == error::header_limit || ec == error::body_limit || ec == error::buffer_overflow)
        return progress::too_large;
    return progress::malformed;
}

/// IMF-fixdate, in the C locale whatever the process' one is. Source: RFC 9110 section 5.6.7.
std::string http_date(std::time_t now) {
    static constexpr std::array<const char*, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array<const char*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::tm utc{};
    gmtime_r(&now, &utc);
    std::array<char, 32> rest{};
    std::string date = days[static_cast<std::size_t>(utc.tm_wday)];
    auto size = std::strftime(rest.data(), rest.size(), ", %d ", &utc);
    date.append(rest.data(), size) += months[static_cast<std::size_t>(utc.tm_mon)];
    size = std::strftime(rest.data(), rest.size(), " %Y %H:%M:%S GMT", &utc);
    return date.append(rest.data(), size);
}

} // namespace

struct message_reader::state {
    explicit state(std::size_t header_limit) : max_header{header_limit} {}

    /// Empty lines before a request line are skipped, as RFC 9112 section 2.2 asks for.
    void skip_empty_lines() {
        const auto* data = static_cast<const char*>(buffer.data().data());
        std::size_t count = 0;
        while (count < buffer.size() && (data[count] == '\r' || data[count] == '\n')) ++count;
        buffer.consume(count);
    }

    /// One call of the parser on what the buffer holds.
    beast::error_code put() {
        beast::error_code ec;
        const auto used = parser->put(buffer.data(), ec);
        buffer.consume(used);
        consumed += used;
        return ec;
    }

    std::size_t max_header;
    std::size_t consumed = 0;
    beast::flat_buffer buffer;
    std::optional<parser_type> parser;
};

message_reader::message_reader(std::size_t max_header) : state_{std::make_unique<state>(max_header)} {
    begin();
}
message_reader::~message_reader() = default;

std::span<char> message_reader::prepare() {
    const auto space = state_->buffer.prepare(read_size);
    return {static_cast<char*>(space.data()), space.size()};
}

void message_reader::commit(std::size_t size) { state_->buffer.commit(size); }

bool message_reader::buffer_empty() const noexcept { return state_->buffer.size() == 0; }

void message_reader::begin() {
    auto& s = *state_;
    if (s.buffer.size() == 0 && s.buffer.capacity() > kept_capacity) s.buffer.shrink_to_fit();
    s.consumed = 0;
    s.parser.emplace();
    s.parser->body_limit(boost::none); // decided with the header: the route may have its own
    s.parser->header_limit(static_cast<std::uint32_t>(s.max_header));
}

progress message_reader::read_header() {
    auto& s = *state_;
    if (s.consumed == 0) s.skip_empty_lines();
    while (!s.parser->is_header_done()) {
        if (buffer_empty()) return progress::need_more;
        const auto ec = s.put();
        // The parser's limit is for one piece; the header may come in many.
        const bool waiting = ec == beast::http::error::need_more;
        if (s.consumed + (waiting ? s.buffer.size() : 0) > s.max_header) return progress::too_large;
        if (waiting) return progress::need_more;
        if (ec) return to_progress(ec);
    }
    return check_framing();
}

/// The rules by which two parties would otherwise see different ends of one message: RFC 9112 section 6.1.
progress message_reader::check_framing() {
    const auto& message = state_->parser->get();
    const auto coding = message.find(beast::http::field::transfer_encoding);
    if (coding != message.end()) {
        if (message.version() < 11) return progress::malformed;
        if (!iequals(to_std(coding->value()), "chunked")) return progress::unimplemented;
    }
    const auto hosts = message.count(beast::http::field::host);
    if (hosts > 1 || (hosts == 0 && message.version() >= 11)) return progress::malformed;
    return progress::done;
}

bool message_reader::limit_body(std::uint64_t bytes) {
    state_->parser->body_limit(bytes);
    return state_->parser->content_length().value_or(0) <= bytes;
}

progress message_reader::read_body() {
    auto& s = *state_;
    while (!s.parser->is_done()) {
        if (buffer_empty()) return progress::need_more;
        const auto ec = s.put();
        if (ec == beast::http::error::need_more) {
            // What stays is a chunk's header or the trailer, which the parser itself does not limit.
            return s.buffer.size() > s.max_header ? progress::malformed : progress::need_more;
        }
        if (ec) return to_progress(ec);
    }
    return progress::done;
}

bool message_reader::started() const noexcept { return state_->consumed > 0 || !buffer_empty(); }

bool message_reader::is_done() const noexcept { return state_->parser->is_done(); }

unsigned message_reader::version() const noexcept { return state_->parser->get().version(); }

bool message_reader::keep_alive() const { return state_->parser->keep_alive(); }

bool message_reader::fill_header(request& out) const {
    const auto& message = state_->parser->get();
    header_list headers;
    for (const auto& field : message) headers.add(to_std(field.name_string()), to_std(field.value()));
    out.set_headers(std::move(headers));
    out.set_method(std::string{to_std(message.method_string())});
    return out.set_target(std::string{to_std(message.target())});
}

std::string message_reader::take_body() { return std::move(state_->parser->get().body()); }

std::string response_head(const response& answer, framing how, std::string_view request_id) {
    namespace h = beast::http;
    h::response<h::empty_body> message;
    message.version(how.version);
    message.result(answer.status());
    for (const auto& [name, value] : answer.headers()) {
        if (iequals(name, "Content-Length") || iequals(name, "Transfer-Encoding") ||
            iequals(name, "Connection"))
            continue;
        message.insert(name, value);
    }
    if (!answer.headers().contains("X-Request-Id"))
        message.set("X-Request-Id", beast::string_view{request_id.data(), request_id.size()});
    message.set(h::field::date, http_date(std::time(nullptr)));
    message.keep_alive(how.keep_alive);
    if (!status_has_body(answer.status())) {
        // neither a length nor a coding
    } else if (!how.streaming) {
        message.content_length(answer.body().size());
    } else if (how.version >= 11) {
        message.chunked(true);
    }

    std::string head;
    h::serializer<false, h::empty_body> serializer{message};
    serializer.split(true); // else the last chunk would come with it
    beast::error_code ec;
    while (!serializer.is_header_done() && !ec) {
        serializer.next(ec, [&](beast::error_code&, const auto& buffers) {
            std::size_t size = 0;
            for (const auto piece : beast::buffers_range_ref(buffers)) {
                head.append(static_cast<const char*>(piece.data()), piece.size());
                size += piece.size();
            }
            serializer.consume(size);
        });
    }
    return head;
}

} // namespace tusk::http::detail
