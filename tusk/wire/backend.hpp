#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tusk/core/error.hpp>
#include <tusk/wire/buffer.hpp>

/// Messages from the server. Source: PostgreSQL documentation, sections 55.7 and 55.8.
namespace tusk::wire {

/// First byte of a backend message.
namespace backend {
inline constexpr char authentication = 'R';
inline constexpr char backend_key_data = 'K';
inline constexpr char bind_complete = '2';
inline constexpr char close_complete = '3';
inline constexpr char command_complete = 'C';
inline constexpr char copy_data = 'd';
inline constexpr char copy_done = 'c';
inline constexpr char copy_in_response = 'G';
inline constexpr char copy_out_response = 'H';
inline constexpr char copy_both_response = 'W';
inline constexpr char data_row = 'D';
inline constexpr char empty_query_response = 'I';
inline constexpr char error_response = 'E';
inline constexpr char negotiate_protocol_version = 'v';
inline constexpr char no_data = 'n';
inline constexpr char notice_response = 'N';
inline constexpr char notification_response = 'A';
inline constexpr char parameter_description = 't';
inline constexpr char parameter_status = 'S';
inline constexpr char parse_complete = '1';
inline constexpr char portal_suspended = 's';
inline constexpr char ready_for_query = 'Z';
inline constexpr char row_description = 'T';
} // namespace backend

/// Largest message body that is accepted, in bytes: PostgreSQL's own limit of 1 GiB - 1 for a piece of
/// memory.
inline constexpr std::size_t max_message_size = 0x3fffffff;
/// Largest length field (itself included, the type byte not) that is sent: a server hangs up on more
/// (PQ_LARGE_MESSAGE_LIMIT).
inline constexpr std::size_t max_sent_length = max_message_size - 1;

/// One whole message in the receive buffer. The body is a view, valid until the buffer receives again.
struct frame {
    char type = 0;
    std::span<const std::byte> body;
    /// Bytes of the message in the buffer: type, length and body.
    std::size_t size() const noexcept { return body.size() + 5; }
};

enum class frame_status : std::uint8_t {
    ok,
    incomplete, ///< More bytes are needed.
    too_short,  ///< The length field is below 4 (or negative).
    too_long,   ///< The length field is past `max_message_size`.
};

/// Looks for one message at the start of `bytes`.
inline frame_status next_frame(std::span<const std::byte> bytes, frame& out) noexcept {
    if (bytes.size() < 5) return frame_status::incomplete;
    const auto length = load_big_endian<std::int32_t>(bytes.data() + 1);
    if (length < 4) return frame_status::too_short;
    const auto body = static_cast<std::size_t>(length) - 4;
    if (body > max_message_size) return frame_status::too_long;
    if (bytes.size() - 5 < body) return frame_status::incomplete;
    out.type = static_cast<char>(bytes[0]);
    out.body = bytes.subspan(5, body);
    return frame_status::ok;
}

/// One column of RowDescription.
struct column_description {
    std::string name;
    std::uint32_t table_oid = 0;
    std::int16_t attribute = 0;
    std::uint32_t type_oid = 0;
    std::int16_t type_size = 0;
    std::int32_t type_modifier = -1;
    std::int16_t format = 0; ///< 0 text, 1 binary.
};

struct command_tag {
    std::string_view text;  ///< The whole tag, "INSERT 0 5".
    std::uint64_t rows = 0; ///< Its last number; 0 when it has none.
    bool has_rows = false;
    std::string_view command() const noexcept { return text.substr(0, text.find(' ')); }
};

struct notification {
    std::int32_t pid = 0;
    std::string channel;
    std::string payload;
};

/// The body of CopyInResponse, CopyOutResponse and CopyBothResponse.
struct copy_response {
    bool binary = false;       ///< The whole of the data is in COPY's binary format.
    std::uint16_t columns = 0; ///< How many; each has the format of the whole.
};

/// Parsers of message bodies. Each returns false when the body is not exactly such a message.
bool parse_row_description(std::span<const std::byte> body, std::vector<column_description>& out);
bool parse_parameter_description(std::span<const std::byte> body, std::vector<std::uint32_t>& oids);
bool parse_command_complete(std::span<const std::byte> body, command_tag& out) noexcept;
bool parse_parameter_status(std::span<const std::byte> body, std::string_view& name,
                            std::string_view& value) noexcept;
bool parse_ready_for_query(std::span<const std::byte> body, transaction_status& out) noexcept;
bool parse_notification(std::span<const std::byte> body, notification& out);
bool parse_copy_response(std::span<const std::byte> body, copy_response& out) noexcept;
/// ErrorResponse and NoticeResponse. Unknown field letters are skipped; a missing terminator is malformed.
bool parse_error(std::span<const std::byte> body, server_error& out);

/// Checks that a DataRow body holds exactly `columns` well-formed values.
bool validate_data_row(std::span<const std::byte> body, std::size_t columns) noexcept;

} // namespace tusk::wire
