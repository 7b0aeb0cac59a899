#include <tusk/protocol/message_trace.hpp>

#include <algorithm>
#include <cctype>
#include <iterator>

#include <tusk/wire/backend.hpp>

namespace tusk {

namespace {

constexpr std::size_t longest_text = 200;

struct message_name {
    char type;
    std::string_view name;
};

constexpr message_name sent_names[] = {
    {'B', "Bind"},     {'C', "Close"},   {'d', "CopyData"}, {'c', "CopyDone"},     {'f', "CopyFail"},
    {'D', "Describe"}, {'E', "Execute"}, {'H', "Flush"},    {'F', "FunctionCall"}, {'P', "Parse"},
    {'p', "Password"}, {'Q', "Query"},   {'S', "Sync"},     {'X', "Terminate"}};

constexpr message_name received_names[] = {{'R', "Authentication"},
                                           {'K', "BackendKeyData"},
                                           {'2', "BindComplete"},
                                           {'3', "CloseComplete"},
                                           {'C', "CommandComplete"},
                                           {'d', "CopyData"},
                                           {'c', "CopyDone"},
                                           {'G', "CopyInResponse"},
                                           {'H', "CopyOutResponse"},
                                           {'W', "CopyBothResponse"},
                                           {'D', "DataRow"},
                                           {'I', "EmptyQueryResponse"},
                                           {'E', "ErrorResponse"},
                                           {'v', "NegotiateProtocolVersion"},
                                           {'n', "NoData"},
                                           {'N', "NoticeResponse"},
                                           {'A', "NotificationResponse"},
                                           {'t', "ParameterDescription"},
                                           {'S', "ParameterStatus"},
                                           {'1', "ParseComplete"},
                                           {'s', "PortalSuspended"},
                                           {'Z', "ReadyForQuery"},
                                           {'T', "RowDescription"}};

std::string_view name_in(std::span<const message_name> names, char type) {
    const auto found =
        std::find_if(names.begin(), names.end(), [&](const auto& n) { return n.type == type; });
    return found == names.end() ? std::string_view{"?"} : found->name;
}

std::string counted(std::size_t n, std::string_view what) {
    return std::to_string(n) + " " + std::string{what} + (n == 1 ? "" : "s");
}

/// One line of it; nothing at all when a password may be in it.
std::string shown_text(std::string_view text) {
    constexpr std::string_view secret = "password";
    const auto same = [](char a, char b) {
        return std::tolower(static_cast<unsigned char>(a)) == static_cast<unsigned char>(b);
    };
    if (std::search(text.begin(), text.end(), secret.begin(), secret.end(), same) != text.end())
        return "(not shown: it speaks of a password)";
    std::string out{text.substr(0, longest_text)};
    for (auto& c : out)
        if (static_cast<unsigned char>(c) < 32) c = ' ';
    if (text.size() > longest_text) out += "…";
    return out;
}

std::string quoted(std::string_view name) { return "\"" + shown_text(name) + "\""; }

std::string detail_of_bind(wire::body_reader& in) {
    const auto portal = in.get_cstring();
    const auto statement = in.get_cstring();
    const std::size_t formats = in.get_int<std::uint16_t>();
    in.get_bytes(formats * 2);
    const std::size_t arguments = in.get_int<std::uint16_t>();
    std::string out = "statement " + quoted(statement);
    if (!portal.empty()) out += ", portal " + quoted(portal);
    return out + ", " + counted(arguments, "argument");
}

std::string detail_of_name(wire::body_reader& in) {
    const bool statement = in.get_byte() == 'S';
    return (statement ? "statement " : "portal ") + quoted(in.get_cstring());
}

std::string detail_of_startup(wire::body_reader& in) {
    switch (const auto code = in.get_int<std::int32_t>(); code) {
    case 80877102: return "CancelRequest, backend " + std::to_string(in.get_int<std::int32_t>());
    case 80877103: return "SSLRequest";
    case 80877104: return "GSSENCRequest";
    default: return "protocol " + std::to_string(code >> 16) + "." + std::to_string(code & 0xffff);
    }
}

std::string detail_of_sent(char type, wire::body_reader& in) {
    switch (type) {
    case 0: return detail_of_startup(in);
    case 'Q': return shown_text(in.get_cstring());
    case 'P': {
        const auto name = in.get_cstring();
        return "statement " + quoted(name) + ", " + shown_text(in.get_cstring());
    }
    case 'B': return detail_of_bind(in);
    case 'C':
    case 'D': return detail_of_name(in);
    case 'E': {
        in.get_cstring();
        const auto rows = in.get_int<std::int32_t>();
        return rows == 0 ? std::string{} : counted(static_cast<std::size_t>(rows), "row") + " at most";
    }
    default: return {}; // 'p' above all
    }
}

std::string detail_of_authentication(wire::body_reader& in) {
    switch (const auto kind = in.get_int<std::int32_t>(); kind) {
    case 0: return "ok";
    case 3: return "cleartext password wanted";
    case 5: return "MD5 password wanted";
    case 10: return "SASL wanted";
    case 11: return "SASL goes on";
    case 12: return "SASL is over";
    default: return "kind " + std::to_string(kind);
    }
}

std::string detail_of_error(std::span<const std::byte> body) {
    server_error e;
    if (!wire::parse_error(body, e)) return "malformed";
    return e.severity + " " + e.sqlstate + " " + shown_text(e.message);
}

std::string detail_of_received(char type, std::span<const std::byte> body, wire::body_reader& in) {
    switch (type) {
    case 'R': return detail_of_authentication(in);
    case 'K': return "backend " + std::to_string(in.get_int<std::int32_t>());
    case 'C': return shown_text(in.get_cstring());
    case 'D': return counted(in.get_int<std::uint16_t>(), "value");
    case 't': return counted(in.get_int<std::uint16_t>(), "parameter");
    case 'T': return counted(in.get_int<std::uint16_t>(), "column");
    case 'E':
    case 'N': return detail_of_error(body);
    case 'Z': return std::string(1, in.get_byte());
    case 'S': {
        const auto name = in.get_cstring();
        return shown_text(name) + " = " + shown_text(in.get_cstring());
    }
    case 'A': {
        const auto from = in.get_int<std::int32_t>();
        return "channel " + quoted(in.get_cstring()) + " from backend " + std::to_string(from);
    }
    default: return {};
    }
}

} // namespace

std::string to_string(const traced_message& m) {
    std::string out = m.sent ? "> " : "< ";
    out.append(m.name).append(" ").append(std::to_string(m.length));
    if (!m.detail.empty()) out.append(" ").append(m.detail);
    return out;
}

namespace protocol {

traced_message trace_sent(char type, std::span<const std::byte> body) {
    wire::body_reader in{body};
    const auto name = type == 0 ? std::string_view{"Startup"} : name_in(sent_names, type);
    return {true, type, name, body.size() + (type == 0 ? 4 : 5), detail_of_sent(type, in)};
}

traced_message trace_received(char type, std::span<const std::byte> body) {
    wire::body_reader in{body};
    return {false, type, name_in(received_names, type), body.size() + 5, detail_of_received(type, body, in)};
}

} // namespace protocol

} // namespace tusk
