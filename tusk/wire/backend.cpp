#include <tusk/wire/backend.hpp>

#include <charconv>

namespace tusk::wire {

bool parse_row_description(std::span<const std::byte> body, std::vector<column_description>& out) {
    body_reader in{body};
    const std::size_t count = in.get_int<std::uint16_t>();
    // A column takes at least 19 bytes: more columns than that cannot be in the body.
    if (in.failed() || count * 19 > in.left()) return false;
    out.clear();
    out.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        column_description c;
        c.name = in.get_cstring();
        c.table_oid = in.get_int<std::uint32_t>();
        c.attribute = in.get_int<std::int16_t>();
        c.type_oid = in.get_int<std::uint32_t>();
        c.type_size = in.get_int<std::int16_t>();
        c.type_modifier = in.get_int<std::int32_t>();
        c.format = in.get_int<std::int16_t>();
        if (in.failed() || (c.format != 0 && c.format != 1)) return false;
        out.push_back(std::move(c));
    }
    return in.finished();
}

bool parse_parameter_description(std::span<const std::byte> body, std::vector<std::uint32_t>& oids) {
    body_reader in{body};
    const std::size_t count = in.get_int<std::uint16_t>();
    if (in.failed() || in.left() != count * 4) return false;
    oids.resize(count);
    for (auto& oid : oids) oid = in.get_int<std::uint32_t>();
    return in.finished();
}

bool parse_command_complete(std::span<const std::byte> body, command_tag& out) noexcept {
    body_reader in{body};
    out = {};
    out.text = in.get_cstring();
    if (!in.finished()) return false;
    const auto space = out.text.rfind(' ');
    if (space != std::string_view::npos) {
        const char* first = out.text.data() + space + 1;
        const char* last = out.text.data() + out.text.size();
        std::uint64_t rows = 0;
        const auto [end, ec] = std::from_chars(first, last, rows);
        if (ec == std::errc{} && end == last) {
            out.rows = rows;
            out.has_rows = true;
        }
    }
    return true;
}

bool parse_parameter_status(std::span<const std::byte> body, std::string_view& name,
                            std::string_view& value) noexcept {
    body_reader in{body};
    name = in.get_cstring();
    value = in.get_cstring();
    return in.finished();
}

bool parse_ready_for_query(std::span<const std::byte> body, transaction_status& out) noexcept {
    if (body.size() != 1) return false;
    const char status = static_cast<char>(body[0]);
    if (status != 'I' && status != 'T' && status != 'E') return false;
    out = static_cast<transaction_status>(status);
    return true;
}

bool parse_notification(std::span<const std::byte> body, notification& out) {
    body_reader in{body};
    out.pid = in.get_int<std::int32_t>();
    out.channel = in.get_cstring();
    out.payload = in.get_cstring();
    return in.finished();
}

bool parse_copy_response(std::span<const std::byte> body, copy_response& out) noexcept {
    body_reader in{body};
    const char format = in.get_byte();
    out.columns = in.get_int<std::uint16_t>();
    if (in.failed() || format < 0 || format > 1 || in.left() != out.columns * std::size_t{2}) return false;
    out.binary = format == 1;
    for (std::size_t i = 0; i < out.columns; ++i) {
        const auto column = in.get_int<std::int16_t>();
        if (column < 0 || column > 1) return false;
    }
    return true;
}

namespace {

std::int32_t to_number(std::string_view text) noexcept {
    std::int32_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

void set_error_field(server_error& e, char field, std::string_view value, std::string& localised) {
    switch (field) {
    case 'S': localised = value; break;
    case 'V': e.severity = value; break;
    case 'C': e.sqlstate = value; break;
    case 'M': e.message = value; break;
    case 'D': e.detail = value; break;
    case 'H': e.hint = value; break;
    case 'P': e.position = to_number(value); break;
    case 'p': e.internal_position = to_number(value); break;
    case 'q': e.internal_query = value; break;
    case 'W': e.where = value; break;
    case 's': e.schema = value; break;
    case 't': e.table = value; break;
    case 'c': e.column = value; break;
    case 'd': e.data_type = value; break;
    case 'n': e.constraint = value; break;
    case 'F': e.file = value; break;
    case 'L': e.line = to_number(value); break;
    case 'R': e.routine = value; break;
    default: break; // fields of newer servers
    }
}

} // namespace

bool parse_error(std::span<const std::byte> body, server_error& out) {
    body_reader in{body};
    out = {};
    std::string localised;
    for (;;) {
        const char field = in.get_byte();
        if (in.failed()) return false;
        if (field == '\0') break;
        const auto value = in.get_cstring();
        if (in.failed()) return false;
        set_error_field(out, field, value, localised);
    }
    if (out.severity.empty()) out.severity = std::move(localised);
    return in.finished();
}

bool validate_data_row(std::span<const std::byte> body, std::size_t columns) noexcept {
    body_reader in{body};
    if (in.get_int<std::uint16_t>() != columns || in.failed()) return false;
    for (std::size_t i = 0; i < columns; ++i) {
        const auto size = in.get_int<std::int32_t>();
        if (size < -1) return false;
        if (size > 0) in.get_bytes(static_cast<std::size_t>(size));
        if (in.failed()) return false;
    }
    return in.finished();
}

} // namespace tusk::wire
