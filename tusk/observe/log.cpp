#include <tusk/observe/log.hpp>

#include <array>
#include <cstdio>
#include <ctime>

#include <tusk/observe/detail/label_guard.hpp>

namespace tusk::observe {

namespace {

void append_json_string(std::string& to, std::string_view text) {
    const bool exposable = detail::is_exposable(text);
    to += '"';
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            to += '\\';
            to += c;
        } else if (c == '\n') {
            to += "\\n";
        } else if (c == '\t') {
            to += "\\t";
        } else if (byte < 0x20 || byte == 0x7F) {
            std::array<char, 8> code{};
            std::snprintf(code.data(), code.size(), "\\u%04x", unsigned{byte});
            to += code.data();
        } else if (byte >= 0x80 && !exposable) {
            to += '?';
        } else {
            to += c;
        }
    }
    to += '"';
}

/// Bare where no reader could be misled, else with JSON's quotes and escapes.
void append_logfmt(std::string& to, std::string_view value) {
    bool bare = !value.empty() && detail::is_exposable(value);
    for (const char c : value)
        bare =
            bare && c != '"' && c != '=' && c != '\\' && c != '\x7f' && static_cast<unsigned char>(c) > 0x20;
    if (bare)
        to += value;
    else
        append_json_string(to, value);
}

/// RFC 3339 in UTC, with microseconds.
std::string instant(std::chrono::system_clock::time_point at) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(at);
    const std::time_t time = std::chrono::system_clock::to_time_t(seconds);
    std::tm parts{};
    ::gmtime_r(&time, &parts);
    std::array<char, 32> whole{}, fraction{};
    std::strftime(whole.data(), whole.size(), "%Y-%m-%dT%H:%M:%S", &parts);
    const auto rest = std::chrono::duration_cast<std::chrono::microseconds>(at - seconds).count();
    std::snprintf(fraction.data(), fraction.size(), ".%06dZ", static_cast<int>(rest));
    return std::string{whole.data()} + fraction.data();
}

std::string json_of(const log_record& of) {
    std::string out = "{\"ts\":\"" + instant(of.at()) + "\",\"level\":\"";
    out.append(to_string(of.level())).append("\",\"msg\":");
    append_json_string(out, of.message());
    for (const auto& f : of.fields()) {
        out += ',';
        append_json_string(out, f.name);
        out += ':';
        if (f.quoted)
            append_json_string(out, f.value);
        else
            out += f.value;
    }
    return out += '}';
}

std::string logfmt_of(const log_record& of) {
    std::string out = "ts=" + instant(of.at()) + " level=";
    out.append(to_string(of.level())).append(" msg=");
    append_logfmt(out, of.message());
    for (const auto& f : of.fields()) {
        out.append(" ").append(f.name) += '=';
        append_logfmt(out, f.value);
    }
    return out;
}

} // namespace

std::string_view to_string(log_level level) noexcept {
    switch (level) {
    case log_level::debug: return "debug";
    case log_level::info: return "info";
    case log_level::warn: return "warn";
    case log_level::error: return "error";
    case log_level::off: return "off";
    }
    return "";
}

log_record& log_record::add(std::string_view name, std::string_view value) {
    if (!value.empty()) fields_.push_back({std::string{name}, std::string{value}, true});
    return *this;
}

log_record& log_record::add(std::string_view name, std::int64_t value) {
    fields_.push_back({std::string{name}, std::to_string(value), false});
    return *this;
}

log_record& log_record::add_bare(std::string_view name, const char* value) {
    fields_.push_back({std::string{name}, value, false});
    return *this;
}

log_record& log_record::add(std::string_view name, std::chrono::steady_clock::duration value) {
    std::array<char, 48> text{};
    std::snprintf(text.data(), text.size(), "%.3f", std::chrono::duration<double, std::milli>{value}.count());
    fields_.push_back({std::string{name}, std::string{text.data()}, false});
    return *this;
}

std::string log_record::text(log_format format) const {
    return format == log_format::json ? json_of(*this) : logfmt_of(*this);
}

} // namespace tusk::observe
