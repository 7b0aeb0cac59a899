#include <tusk/wire/frontend.hpp>

#include <tusk/wire/backend.hpp>

namespace tusk::wire {

namespace {

constexpr std::int32_t ssl_request_code = 80877103;
constexpr std::int32_t cancel_request_code = 80877102;

bool has_nul(std::string_view text) noexcept { return text.find('\0') != std::string_view::npos; }

failure nul_in(const char* what) {
    return failure{errc::invalid_argument,
                   std::string{what} + " contains a NUL byte, which the PostgreSQL protocol cannot carry"};
}

/// Writes the header on construction and the length on `finish()`. The size is computed in 64 bits and
/// checked before anything can be sent: a wrapped length would let data pass as further messages
/// (CVE-2024-27304).
class message {
public:
    message(write_buffer& out, char type) : out_{out}, start_{out.size()} {
        if (type != '\0') out_.put_byte(type);
        length_at_ = out_.size();
        out_.append(4);
    }
    failure finish() {
        const std::size_t length = out_.size() - length_at_;
        if (length > max_sent_length) {
            out_.resize_down(start_);
            return failure{
                errc::message_too_large,
                "a message of " + std::to_string(length) +
                    " bytes exceeds PostgreSQL's limit of 1 GiB; send the data in pieces or with COPY"};
        }
        store_big_endian(out_.data() + length_at_, static_cast<std::int32_t>(length));
        return {};
    }

private:
    write_buffer& out_;
    std::size_t start_;
    std::size_t length_at_ = 0;
};

/// Refuses by the sum of what will be appended, so that a huge value is not even copied.
failure check_size(std::size_t size) {
    if (size <= max_sent_length) return {};
    return failure{errc::message_too_large,
                   "a message of " + std::to_string(size) + " bytes exceeds PostgreSQL's limit of 1 GiB"};
}

void write_plain(write_buffer& out, char type) {
    out.put_byte(type);
    out.put_int(std::int32_t{4});
}

failure write_text_message(write_buffer& out, char type, std::string_view text, const char* what) {
    if (has_nul(text)) return nul_in(what);
    if (auto f = check_size(text.size() + 5)) return f;
    message m{out, type};
    out.put_cstring(text);
    return m.finish();
}

failure write_bytes_message(write_buffer& out, char type, std::span<const std::byte> data) {
    if (auto f = check_size(data.size() + 4)) return f;
    message m{out, type};
    out.put(data);
    return m.finish();
}

} // namespace

void write_ssl_request(write_buffer& out) {
    out.put_int(std::int32_t{8});
    out.put_int(ssl_request_code);
}

void write_cancel_request(write_buffer& out, std::int32_t pid, std::span<const std::byte> secret) {
    out.put_int(static_cast<std::int32_t>(12 + secret.size()));
    out.put_int(cancel_request_code);
    out.put_int(pid);
    out.put(secret);
}

failure write_startup(write_buffer& out, int minor,
                      std::span<const std::pair<std::string, std::string>> parameters) {
    std::size_t size = 9;
    for (const auto& [name, value] : parameters) {
        if (has_nul(name)) return nul_in("a startup parameter's name");
        if (has_nul(value)) return nul_in(("startup parameter " + name).c_str());
        size += name.size() + value.size() + 2;
    }
    if (auto f = check_size(size)) return f;
    message m{out, '\0'};
    out.put_int(static_cast<std::int32_t>((3 << 16) | minor));
    for (const auto& [name, value] : parameters) {
        out.put_cstring(name);
        out.put_cstring(value);
    }
    out.put_byte('\0');
    return m.finish();
}

failure write_password(write_buffer& out, std::string_view password) {
    return write_text_message(out, 'p', password, "the password");
}

failure write_sasl_initial(write_buffer& out, std::string_view mechanism, std::string_view data) {
    if (has_nul(mechanism)) return nul_in("the SASL mechanism");
    if (auto f = check_size(mechanism.size() + data.size() + 9)) return f;
    message m{out, 'p'};
    out.put_cstring(mechanism);
    out.put_int(static_cast<std::int32_t>(data.size()));
    out.put(data);
    return m.finish();
}

failure write_sasl_response(write_buffer& out, std::string_view data) {
    return write_bytes_message(out, 'p', std::as_bytes(std::span{data}));
}

failure write_query(write_buffer& out, std::string_view sql) {
    return write_text_message(out, 'Q', sql, "the SQL text");
}

failure write_parse(write_buffer& out, std::string_view name, std::string_view sql,
                    std::span<const std::uint32_t> parameter_types) {
    if (has_nul(name)) return nul_in("the statement's name");
    if (has_nul(sql)) return nul_in("the SQL text");
    if (parameter_types.size() > 65535)
        return failure{errc::too_many_parameters, "a statement takes at most 65,535 parameters"};
    if (auto f = check_size(name.size() + sql.size() + parameter_types.size() * 4 + 8)) return f;
    message m{out, 'P'};
    out.put_cstring(name);
    out.put_cstring(sql);
    out.put_int(static_cast<std::uint16_t>(parameter_types.size()));
    for (const auto oid : parameter_types) out.put_int(oid);
    return m.finish();
}

failure write_bind(write_buffer& out, std::string_view portal, std::string_view statement,
                   const bound_values& arguments, std::span<const std::int16_t> result_formats) {
    const std::size_t count = arguments.formats.size();
    if (count > 65535)
        return failure{
            errc::too_many_parameters,
            "a statement takes at most 65,535 parameters; pass an array and use = any($1) or unnest($1)"};
    if (has_nul(portal) || has_nul(statement)) return nul_in("a portal's or statement's name");
    if (auto f = check_size(portal.size() + statement.size() + arguments.values.size() + count * 2 +
                            result_formats.size() * 2 + 12))
        return f;
    message m{out, 'B'};
    out.put_cstring(portal);
    out.put_cstring(statement);
    out.put_int(static_cast<std::uint16_t>(count));
    for (const auto format : arguments.formats) out.put_int(format);
    out.put_int(static_cast<std::uint16_t>(count));
    out.put(arguments.values);
    out.put_int(static_cast<std::uint16_t>(result_formats.size()));
    for (const auto format : result_formats) out.put_int(format);
    return m.finish();
}

namespace {

failure write_named(write_buffer& out, char type, char kind, std::string_view name) {
    if (has_nul(name)) return nul_in("a portal's or statement's name");
    message m{out, type};
    out.put_byte(kind);
    out.put_cstring(name);
    return m.finish();
}

} // namespace

failure write_describe(write_buffer& out, char kind, std::string_view name) {
    return write_named(out, 'D', kind, name);
}

failure write_close(write_buffer& out, char kind, std::string_view name) {
    return write_named(out, 'C', kind, name);
}

failure write_execute(write_buffer& out, std::string_view portal, std::uint32_t max_rows) {
    if (has_nul(portal)) return nul_in("the portal's name");
    message m{out, 'E'};
    out.put_cstring(portal);
    out.put_int(max_rows);
    return m.finish();
}

void write_sync(write_buffer& out) { write_plain(out, 'S'); }
void write_flush(write_buffer& out) { write_plain(out, 'H'); }
void write_terminate(write_buffer& out) { write_plain(out, 'X'); }
void write_copy_done(write_buffer& out) { write_plain(out, 'c'); }

failure write_copy_data(write_buffer& out, std::span<const std::byte> data) {
    return write_bytes_message(out, 'd', data);
}

failure write_copy_fail(write_buffer& out, std::string_view reason) {
    return write_text_message(out, 'f', reason, "the reason of CopyFail");
}

} // namespace tusk::wire
