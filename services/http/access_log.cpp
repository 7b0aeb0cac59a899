#include <services/http/access_log.hpp>

#include <array>
#include <ctime>

namespace tusk::http {

namespace {

void append_escaped(std::string& to, std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte >= 0x7f)
            to.append("\\x").append({digits[byte >> 4], digits[byte & 15]});
        else if (c == '"' || c == '\\')
            (to += '\\') += c;
        else
            to += c;
    }
}

void append_quoted(std::string& to, std::string_view text) {
    to += '"';
    append_escaped(to, text.empty() ? "-" : text);
    to += '"';
}

std::string time_of(std::chrono::system_clock::time_point at) {
    static constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                             "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto seconds = std::chrono::system_clock::to_time_t(at);
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    std::array<char, 32> day{};
    std::array<char, 32> rest{};
    const auto day_size = std::strftime(day.data(), day.size(), "%d/", &utc);
    const auto rest_size = std::strftime(rest.data(), rest.size(), "/%Y:%H:%M:%S +0000", &utc);
    std::string out{day.data(), day_size};
    return out.append(months[utc.tm_mon]).append(rest.data(), rest_size);
}

} // namespace

std::string access_log_line(const request& of, unsigned status, std::chrono::steady_clock::duration duration,
                            std::uint64_t bytes) {
    std::string line = of.remote_address().empty() ? "-" : of.remote_address();
    line += " - ";
    line += of.identity() ? of.identity()->name() : "-";
    line.append(" [").append(time_of(of.received_at())).append("] ");
    append_quoted(line, of.method().empty() ? "" : of.method() + " " + of.target());
    line.append(" ").append(std::to_string(status)).append(" ").append(std::to_string(bytes)) += ' ';
    append_quoted(line, of.header("Referer").value_or(""));
    line += ' ';
    append_quoted(line, of.header("User-Agent").value_or(""));
    const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
    return line.append(" ").append(std::to_string(microseconds)).append(" ").append(of.id());
}

completion_hook access_log(std::function<void(std::string_view line)> sink) {
    return [sink = std::move(sink)](const request& of, unsigned status, auto duration, std::uint64_t bytes) {
        sink(access_log_line(of, status, duration, bytes));
    };
}

} // namespace tusk::http
