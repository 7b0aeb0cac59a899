#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tusk/core/error.hpp>
#include <tusk/wire/buffer.hpp>

/// Messages to the server. Each function appends one whole message, or appends nothing and returns a failure
/// (a NUL inside text, a size past `max_sent_length`). Source: PostgreSQL documentation, section 55.7.
namespace tusk::wire {

/// Encoded arguments of one Bind: a format code each, and `length + bytes` values back to back.
struct bound_values {
    std::span<const std::int16_t> formats; ///< 0 text, 1 binary; one for each value.
    std::span<const std::byte> values;
};

void write_ssl_request(write_buffer& out);
/// `secret` is the key of BackendKeyData: 4 bytes in protocol 3.0, up to 256 in 3.2.
void write_cancel_request(write_buffer& out, std::int32_t pid, std::span<const std::byte> secret);
/// `minor` of protocol 3; names and values are checked for NUL.
failure write_startup(write_buffer& out, int minor,
                      std::span<const std::pair<std::string, std::string>> parameters);
failure write_password(write_buffer& out, std::string_view password);
failure write_sasl_initial(write_buffer& out, std::string_view mechanism, std::string_view data);
failure write_sasl_response(write_buffer& out, std::string_view data);

failure write_query(write_buffer& out, std::string_view sql);
failure write_parse(write_buffer& out, std::string_view name, std::string_view sql,
                    std::span<const std::uint32_t> parameter_types);
/// `result_formats` has no, one or one-per-column entries.
failure write_bind(write_buffer& out, std::string_view portal, std::string_view statement,
                   const bound_values& arguments, std::span<const std::int16_t> result_formats);
/// `kind`: 'S' a statement, 'P' a portal.
failure write_describe(write_buffer& out, char kind, std::string_view name);
/// `max_rows` 0 means all.
failure write_execute(write_buffer& out, std::string_view portal, std::uint32_t max_rows);
failure write_close(write_buffer& out, char kind, std::string_view name);
void write_sync(write_buffer& out);
void write_flush(write_buffer& out);
void write_terminate(write_buffer& out);
failure write_copy_data(write_buffer& out, std::span<const std::byte> data);
void write_copy_done(write_buffer& out);
failure write_copy_fail(write_buffer& out, std::string_view reason);

} // namespace tusk::wire
