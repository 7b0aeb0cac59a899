// The grammar of URLs, `postgresql://[user[:password]@][host[:port][,…]][/database][?key=value[&…]]`. It is
// libpq's own, not RFC 3986's: "#" is data, "+" is a plus, userinfo ends at the first "@" before any "/"
// (even after a "?"), ports of a list are joined with commas, and percent-encoding is undone after splitting.
#include <tusk/net/conninfo_settings.hpp>

namespace tusk::conninfo {
namespace {

int hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

class url_scanner {
public:
    url_scanner(std::string_view text, std::size_t scheme_length) : text_{text}, at_{scheme_length} {}

    result<settings> run() {
        if (failure f = userinfo()) return f;
        if (failure f = hosts()) return f;
        if (!at_end() && peek() == '/') {
            ++at_;
            if (failure f = put("dbname", until("?"))) return f;
        }
        if (!at_end()) ++at_; // only "?" is left
        while (!at_end()) {
            if (failure f = parameter()) return f;
        }
        return std::move(found_);
    }

private:
    bool at_end() const noexcept { return at_ == text_.size(); }
    char peek() const noexcept { return text_[at_]; }

    /// The text from here to one of `stops` or the end; leaves the position there.
    std::string_view until(std::string_view stops) noexcept {
        const std::size_t start = at_;
        at_ = std::min(text_.find_first_of(stops, at_), text_.size());
        return text_.substr(start, at_ - start);
    }

    std::size_t position_of(std::string_view part) const noexcept {
        return static_cast<std::size_t>(part.data() - text_.data()) + 1;
    }

    failure decode(std::string_view part, std::size_t position, std::string& out) const {
        out.clear();
        out.reserve(part.size());
        for (std::size_t i = 0; i < part.size(); ++i) {
            if (part[i] != '%') {
                out += part[i];
                continue;
            }
            const int high = i + 1 < part.size() ? hex_digit(part[i + 1]) : -1;
            const int low = i + 2 < part.size() ? hex_digit(part[i + 2]) : -1;
            const auto where = " at byte " + std::to_string(position + i);
            if (high < 0 || low < 0)
                return malformed("\"%\"" + where +
                                 " is not followed by two hexadecimal digits; write %25 for a percent sign");
            if (high == 0 && low == 0) return malformed("%00" + where + " is not allowed");
            out += static_cast<char>(high * 16 + low);
            i += 2;
        }
        return {};
    }

    /// Parts of the URL proper that are empty count as absent; parameters do not.
    failure put(std::string key, std::string_view part) {
        if (part.empty()) return {};
        setting s{std::move(key), {}};
        if (failure f = decode(part, position_of(part), s.value)) return f;
        found_.put(std::move(s));
        return {};
    }

    failure userinfo() {
        const auto end = text_.find_first_of("@/", at_);
        if (end == std::string_view::npos || text_[end] != '@') return {};
        if (failure f = put("user", until(":@"))) return f;
        if (peek() == ':') {
            ++at_;
            if (failure f = put("password", until("@"))) return f;
        }
        ++at_;
        return {};
    }

    failure host(std::string& names) {
        if (at_end() || peek() != '[') {
            names += until(":/?,");
            return {};
        }
        const std::size_t bracket = at_++;
        const std::string_view address = until("]");
        const auto where = " at byte " + std::to_string(bracket + 1);
        if (at_end()) return malformed("\"[\"" + where + " has no matching \"]\"");
        if (address.empty()) return malformed("the IPv6 address in brackets" + where + " is empty");
        names += address;
        ++at_;
        if (!at_end() && std::string_view{":/?,"}.find(peek()) == std::string_view::npos)
            return malformed("unexpected character at byte " + std::to_string(at_ + 1) +
                             " after \"]\"; expected \":\", \"/\", \"?\", \",\" or the end");
        return {};
    }

    failure hosts() {
        const std::size_t start = at_;
        std::string names, ports;
        for (;;) {
            if (failure f = host(names)) return f;
            if (!at_end() && peek() == ':') {
                ++at_;
                ports += until("/?,");
            }
            if (at_end() || peek() != ',') break;
            ++at_;
            names += ',';
            ports += ',';
        }
        // Decoded as one, so that an encoded comma separates too; positions are those of the whole list.
        if (failure f = put_joined("host", names, start)) return f;
        return put_joined("port", ports, start);
    }

    failure put_joined(std::string key, const std::string& joined, std::size_t start) {
        if (joined.empty()) return {};
        setting s{std::move(key), {}};
        if (decode(joined, 0, s.value))
            return malformed("the list of hosts and ports at byte " + std::to_string(start + 1) +
                             " has a \"%\" that is not followed by two hexadecimal digits, or %00");
        found_.put(std::move(s));
        return {};
    }

    failure parameter() {
        const std::size_t start = at_;
        const std::string_view part = until("&");
        if (!at_end()) ++at_;
        const auto where = " in the URL parameter at byte " + std::to_string(start + 1);
        const auto equals = part.find('=');
        if (equals == std::string_view::npos) return malformed("missing \"=\"" + where);
        if (part.find('=', equals + 1) != std::string_view::npos)
            return malformed("a second \"=\"" + where + "; write %3D for an equals sign in a value");
        setting s;
        if (failure f = decode(part.substr(0, equals), start + 1, s.key)) return f;
        if (failure f = decode(part.substr(equals + 1), start + equals + 2, s.value)) return f;
        if (s.key.empty()) return malformed("missing key before \"=\"" + where);
        if (s.key == "ssl" && s.value == "true") s = {"sslmode", "require"};
        if (s.key == "requiressl") s = {"sslmode", s.value.starts_with('1') ? "require" : "prefer"};
        found_.put(std::move(s));
        return {};
    }

    std::string_view text_;
    std::size_t at_;
    settings found_;
};

} // namespace

std::size_t url_scheme_length(std::string_view text) noexcept {
    for (const std::string_view scheme : {"postgresql://", "postgres://"}) {
        if (text.starts_with(scheme)) return scheme.size();
    }
    return 0;
}

result<settings> scan_url(std::string_view text) { return url_scanner{text, url_scheme_length(text)}.run(); }

} // namespace tusk::conninfo
