#include <tusk/observe/detail/http_message.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <ctime>

namespace tusk::observe::detail {

namespace {

std::string lower_case(std::string_view text) {
    std::string out{text};
    for (auto& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

std::string_view without_blanks(std::string_view text) noexcept {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

template <class Number>
bool read_number(std::string_view text, Number& to, int base = 10) {
    const auto* end = text.data() + text.size();
    const auto [at, why] = std::from_chars(text.data(), end, to, base);
    return why == std::errc{} && at == end;
}

} // namespace

std::string request_text(const place& to, const otlp_endpoint& endpoint, std::string_view content_type,
                         std::string_view body) {
    std::string out = "POST " + to.target + " HTTP/1.1\r\nHost: " + to.authority +
                      "\r\nUser-Agent: OTel-OTLP-Exporter-Tusk/" TUSK_OBSERVE_VERSION "\r\nContent-Type: ";
    out.append(content_type)
        .append("\r\nContent-Length: ")
        .append(std::to_string(body.size()))
        .append("\r\n");
    for (const auto& [name, value] : endpoint.headers)
        out.append(name).append(": ").append(value).append("\r\n");
    return out.append("\r\n").append(body);
}

answer_reader::state answer_reader::add(std::string_view piece) {
    begun_ = begun_ || !piece.empty();
    buffer_ += piece;
    return read();
}

answer_reader::state answer_reader::end() {
    if (!head_done_ || !until_close_) return state::malformed;
    answer_.body += buffer_;
    return answer_.body.size() > longest_body ? state::malformed : state::complete;
}

answer_reader::state answer_reader::read() {
    while (!head_done_) {
        const auto end = buffer_.find("\r\n\r\n");
        if (end == buffer_.npos) return buffer_.size() > longest_head ? state::malformed : state::more;
        const std::string head = buffer_.substr(0, end + 2);
        buffer_.erase(0, end + 4);
        if (read_head(head) == state::malformed) return state::malformed;
        head_done_ = answer_.status >= 200; // else an interim answer, and the real one follows
    }
    if (answer_.status == 204 || answer_.status == 304) return state::complete;
    return chunked_ ? read_chunks() : read_body();
}

answer_reader::state answer_reader::read_head(std::string_view head) {
    answer_ = {};
    length_.reset();
    chunked_ = false;
    const auto line = head.substr(0, head.find("\r\n"));
    if (!line.starts_with("HTTP/1.") || line.size() < 12 || line[8] != ' ' ||
        !read_number(line.substr(9, 3), answer_.status) || answer_.status < 100)
        return state::malformed;
    keeps_open_ = line[7] != '0';
    head.remove_prefix(line.size() + 2);
    while (!head.empty()) {
        const auto end = head.find("\r\n");
        const auto header = head.substr(0, end);
        head.remove_prefix(end + 2);
        const auto colon = header.find(':');
        if (colon == header.npos || colon == 0) return state::malformed;
        read_header(lower_case(header.substr(0, colon)), without_blanks(header.substr(colon + 1)));
    }
    until_close_ = !chunked_ && !length_;
    return malformed_length_ ? state::malformed : state::complete;
}

void answer_reader::read_header(std::string_view name, std::string_view value) {
    if (name == "content-length") {
        std::size_t length = 0;
        malformed_length_ =
            !read_number(value, length) || length > longest_body || (length_ && *length_ != length);
        length_ = length;
    } else if (name == "transfer-encoding") {
        chunked_ = lower_case(value) == "chunked";
        malformed_length_ = malformed_length_ || !chunked_;
    } else if (name == "connection") {
        if (lower_case(value) == "close") keeps_open_ = false;
    } else if (name == "retry-after") {
        answer_.retry_after = read_retry_after(value, std::chrono::system_clock::now());
    }
}

answer_reader::state answer_reader::read_body() {
    if (until_close_) return buffer_.size() > longest_body ? state::malformed : state::more;
    if (buffer_.size() < *length_) return state::more;
    if (buffer_.size() > *length_) keeps_open_ = false; // more than was announced
    answer_.body = buffer_.substr(0, *length_);
    return state::complete;
}

answer_reader::state answer_reader::read_chunks() {
    for (;;) {
        const auto end = buffer_.find("\r\n");
        if (end == buffer_.npos) return buffer_.size() > longest_head ? state::malformed : state::more;
        std::size_t size = 0;
        const auto line = std::string_view{buffer_}.substr(0, end);
        if (!read_number(without_blanks(line.substr(0, line.find(';'))), size, 16) ||
            size > longest_body - answer_.body.size())
            return state::malformed;
        if (size == 0) {
            // Trailers are read over; they end with an empty line.
            const auto last = buffer_.find("\r\n\r\n", end);
            if (last == buffer_.npos) return buffer_.size() > longest_head ? state::malformed : state::more;
            return state::complete;
        }
        if (buffer_.size() < end + 2 + size + 2) return state::more;
        answer_.body.append(buffer_, end + 2, size);
        buffer_.erase(0, end + 2 + size + 2);
    }
}

std::optional<std::chrono::seconds> read_retry_after(std::string_view value,
                                                     std::chrono::system_clock::time_point now) {
    std::uint32_t seconds = 0;
    if (read_number(value, seconds)) return std::chrono::seconds{seconds};
    // "Sun, 06 Nov 1994 08:49:37 GMT", the only form that is sent today.
    constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::tm at{};
    std::array<char, 4> month{};
    const std::string text{value};
    if (std::sscanf(text.c_str(), "%*3[A-Za-z], %2d %3s %4d %2d:%2d:%2d GMT", &at.tm_mday, month.data(),
                    &at.tm_year, &at.tm_hour, &at.tm_min, &at.tm_sec) != 6)
        return std::nullopt;
    const auto* const found = std::ranges::find(months, std::string_view{month.data()});
    if (found == months.end()) return std::nullopt;
    at.tm_mon = static_cast<int>(found - months.begin());
    at.tm_year -= 1900;
    const auto when = std::chrono::system_clock::from_time_t(::timegm(&at));
    return std::max(std::chrono::ceil<std::chrono::seconds>(when - now), std::chrono::seconds{0});
}

} // namespace tusk::observe::detail
