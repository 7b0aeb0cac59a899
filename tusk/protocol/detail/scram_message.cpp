#include <tusk/protocol/detail/scram_message.hpp>

#include <tusk/protocol/detail/base64.hpp>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

namespace tusk::protocol::detail {

namespace {

failure refused(std::string what) { return failure{errc::auth_failed, "SCRAM: " + std::move(what)}; }

struct attribute {
    char name = 0;
    std::string_view value;
};

/// Reads "a=value" after "a=value" out of a message.
class attribute_reader {
public:
    explicit attribute_reader(std::string_view message) : rest_{message} {}

    bool at_end() const noexcept { return ended_; }

    /// The next one; nothing when there is none or it is malformed.
    std::optional<attribute> next() {
        if (ended_ || rest_.size() < 3 || !is_letter(rest_[0]) || rest_[1] != '=') return std::nullopt;
        const std::size_t end = std::min(rest_.find(','), rest_.size());
        const attribute found{rest_[0], rest_.substr(2, end - 2)};
        if (found.value.empty() || found.value.find('\0') != std::string_view::npos) return std::nullopt;
        ended_ = end == rest_.size();
        rest_.remove_prefix(ended_ ? end : end + 1);
        return found;
    }

private:
    static bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

    std::string_view rest_;
    bool ended_ = false;
};

failure malformed(std::string_view message_name, std::string_view expected) {
    return refused("the server's " + std::string{message_name} +
                   " message is malformed: " + std::string{expected});
}

/// The server's own words are not to be trusted before it is authenticated: only plain characters, not too
/// many.
failure server_said(std::string_view text) {
    constexpr std::size_t longest = 200;
    std::string shown;
    for (char c : text.substr(0, longest)) shown.push_back(c >= ' ' && c <= '~' ? c : '?');
    return refused("the server reports the error \"" + shown + "\"");
}

failure mandatory_extension() {
    return refused("the server requires a protocol extension (\"m=\") that this client does not know");
}

/// Letters that mean something in some message of the exchange cannot be an extension to ignore.
bool is_reserved(char name) noexcept {
    return std::string_view{"anmrcsipve"}.find(name) != std::string_view::npos;
}

/// What is left must be extensions that may be ignored.
failure ignore_extensions(attribute_reader& reader, std::string_view message_name) {
    while (!reader.at_end()) {
        const auto extension = reader.next();
        if (!extension) return malformed(message_name, "an extension has not the form \"x=value\"");
        if (extension->name == 'm') return mandatory_extension();
        if (is_reserved(extension->name))
            return malformed(message_name, "an attribute in a place not its own");
    }
    return {};
}

result<std::uint32_t> parse_iterations(std::string_view text, std::uint32_t most) {
    const bool digits = std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
    if (!digits || (text.size() > 1 && text.front() == '0'))
        return malformed("first", "the iteration count is not a number");
    std::uint32_t count = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), count);
    if (parsed.ec != std::errc{} || count < 1 || count > most)
        return refused("the server's iteration count is outside 1 to " + std::to_string(most) +
                       "; only raise the limit for a server that you trust");
    return count;
}

} // namespace

bool is_nonce(std::string_view text) noexcept {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~' && c != ','; });
}

result<server_first_message> parse_server_first(std::string_view message, std::uint32_t max_iterations) {
    attribute_reader reader{message};
    const auto nonce = reader.next();
    if (nonce && nonce->name == 'e') return server_said(nonce->value);
    if (nonce && nonce->name == 'm') return mandatory_extension();
    if (!nonce || nonce->name != 'r' || !is_nonce(nonce->value))
        return malformed("first", "the nonce (\"r=\") is missing or wrong");

    const auto salt = reader.next();
    if (!salt || salt->name != 's') return malformed("first", "the salt (\"s=\") is missing or empty");
    auto salt_bytes = base64_decode(salt->value);
    if (!salt_bytes || salt_bytes->empty()) return malformed("first", "the salt is not base64");

    const auto iterations = reader.next();
    if (!iterations || iterations->name != 'i')
        return malformed("first", "the iteration count (\"i=\") is missing or empty");
    const auto count = parse_iterations(iterations->value, max_iterations);
    if (!count) return count.error();

    if (failure f = ignore_extensions(reader, "first")) return f;
    return server_first_message{nonce->value, std::move(*salt_bytes), *count};
}

result<digest256> parse_server_final(std::string_view message) {
    attribute_reader reader{message};
    const auto verifier = reader.next();
    if (verifier && verifier->name == 'e') return server_said(verifier->value);
    if (!verifier || verifier->name != 'v')
        return malformed("final", "the signature (\"v=\") is missing or empty");
    const auto bytes = base64_decode(verifier->value);
    digest256 signature;
    if (!bytes || bytes->size() != signature.size())
        return malformed("final", "the signature is not 32 bytes in base64");
    std::ranges::copy(*bytes, signature.begin());
    if (failure f = ignore_extensions(reader, "final")) return f;
    return signature;
}

} // namespace tusk::protocol::detail
