#include <tusk/testing/detail/conversation.hpp>

#include <tusk/testing/scripted_server.hpp>
#include <tusk/wire/buffer.hpp>

namespace tusk::testing::detail {

namespace {

constexpr std::int32_t cancel_request_code = 80877102;
constexpr std::int32_t ssl_request_code = 80877103;
constexpr std::int32_t gss_request_code = 80877104;
constexpr std::int32_t longest_startup = 10'000; // as the server has it
constexpr std::int32_t longest_message = 0x3fffffff;

std::int32_t number_at(std::string_view bytes, std::size_t at) {
    return wire::load_big_endian<std::int32_t>(reinterpret_cast<const std::byte*>(bytes.data() + at));
}

} // namespace

std::optional<message_head> conversation::next(direction way, std::string_view bytes) {
    if (bytes.empty()) return std::nullopt;
    if (opaque_) return message_head{0, bytes.size()};
    if (way == direction::to_server) return started_ ? typed(bytes) : next_of_client(bytes);
    if (answers_due_ == 0 || bytes[0] == 'E') return typed(bytes);
    --answers_due_;
    if (bytes[0] != 'N') opaque_ = true;
    return message_head{received_message::ssl_request, 1};
}

std::optional<message_head> conversation::next_of_client(std::string_view bytes) {
    if (bytes[0] != '\0') return give_up(bytes); // TLS without SSLRequest, or no PostgreSQL client
    if (bytes.size() < 8) return std::nullopt;
    const auto length = number_at(bytes, 0);
    if (length < 8 || length > longest_startup) return give_up(bytes);
    const auto size = static_cast<std::size_t>(length);
    switch (number_at(bytes, 4)) {
    case ssl_request_code:
    case gss_request_code: ++answers_due_; return message_head{received_message::ssl_request, size};
    case cancel_request_code: return message_head{received_message::cancel_request, size};
    default: started_ = true; return message_head{received_message::startup, size};
    }
}

std::optional<message_head> conversation::typed(std::string_view bytes) {
    if (bytes.size() < 5) return std::nullopt;
    const auto length = number_at(bytes, 1);
    if (length < 4 || length > longest_message) return give_up(bytes);
    return message_head{bytes[0], static_cast<std::size_t>(length) + 1};
}

} // namespace tusk::testing::detail
