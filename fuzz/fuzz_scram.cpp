// The client's side of SCRAM against a hostile server. The input is cut at line feeds: choices, password, the
// server's first message, the server's final message.
#include <tusk/protocol/scram.hpp>

#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

std::string_view take_line(std::string_view& input) {
    const std::size_t end = input.find('\n');
    const std::string_view line = input.substr(0, end);
    input.remove_prefix(end == std::string_view::npos ? input.size() : end + 1);
    return line;
}

tusk::protocol::scram_binding choose_binding(std::string_view choices) {
    using tusk::protocol::scram_binding;
    if (choices.starts_with('p')) return scram_binding::tls_server_end_point({std::byte{1}, std::byte{2}});
    if (choices.starts_with('y')) return scram_binding::not_offered();
    return scram_binding::unsupported();
}

void require(bool holds) {
    if (!holds) std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tusk::protocol;
    std::string_view input{reinterpret_cast<const char*>(data), size};
    const std::string_view choices = take_line(input);
    const std::string_view password = take_line(input);
    const std::string_view first = take_line(input);

    // The nonce is short and fixed, so that the fuzzer learns to extend it; few iterations keep it fast.
    scram_client client{password, choose_binding(choices), scram_options{}.nonce("abc").max_iterations(50)};
    require(!client.client_first().empty());
    const bool first_accepted = !client.server_first(first);
    require(client.needs_key() == first_accepted);
    client.derive_key();
    require(client.client_final().empty() != first_accepted);

    const bool final_accepted = !client.server_final(input);
    // Nobody finds the signature of a server by chance: HMAC-SHA-256 of a message that depends on the
    // password.
    require(!final_accepted && !client.authenticated());
    return 0;
}
