// Messages of a hostile server, one by one: frames are cut out of the input as a session does it, and every
// body is given to the parser of its type. What a parser accepts must hold what it promises.
#include <tusk/wire/backend.hpp>

#include <cstdint>
#include <cstdlib>

namespace {

using namespace tusk::wire;

void require(bool holds) {
    if (!holds) std::abort();
}

bool inside(std::string_view text, std::span<const std::byte> body) {
    const auto* first = reinterpret_cast<const char*>(body.data());
    return text.empty() || (text.data() >= first && text.data() + text.size() <= first + body.size());
}

void check_columns(std::span<const std::byte> body) {
    std::vector<column_description> columns;
    if (!parse_row_description(body, columns)) return;
    std::size_t size = 2;
    for (const auto& c : columns) size += c.name.size() + 19;
    require(size == body.size());
}

void check_tag(std::span<const std::byte> body) {
    command_tag tag;
    if (!parse_command_complete(body, tag)) return;
    require(inside(tag.text, body) && tag.text.size() + 1 == body.size());
    require(tag.has_rows || tag.rows == 0);
    require(tag.command().size() <= tag.text.size());
}

void check_row(std::span<const std::byte> body) {
    std::size_t accepted = 0;
    for (const std::size_t columns : {0U, 1U, 2U, 3U, 100U, 65535U})
        accepted += validate_data_row(body, columns) ? 1 : 0;
    require(accepted <= 1);
}

void check_error(std::span<const std::byte> body) {
    tusk::server_error e;
    if (!parse_error(body, e)) return;
    const tusk::failure f{e};
    require(static_cast<bool>(f) && f.server() != nullptr && f.message().size() >= f.text().size());
}

void check_body(const frame& f) {
    std::string_view name;
    std::string_view value;
    std::vector<std::uint32_t> oids;
    notification n;
    tusk::transaction_status status{};
    switch (f.type) {
    case backend::row_description: check_columns(f.body); break;
    case backend::command_complete: check_tag(f.body); break;
    case backend::data_row: check_row(f.body); break;
    case backend::error_response:
    case backend::notice_response: check_error(f.body); break;
    case backend::parameter_description:
        if (parse_parameter_description(f.body, oids)) require(oids.size() * 4 + 2 == f.body.size());
        break;
    case backend::parameter_status:
        if (parse_parameter_status(f.body, name, value))
            require(inside(name, f.body) && inside(value, f.body) &&
                    name.size() + value.size() + 2 == f.body.size());
        break;
    case backend::notification_response:
        if (parse_notification(f.body, n)) require(n.channel.size() + n.payload.size() + 6 == f.body.size());
        break;
    case backend::ready_for_query:
        if (parse_ready_for_query(f.body, status)) require(f.body.size() == 1);
        break;
    default: break;
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto left = std::as_bytes(std::span{data, size});
    frame f;
    while (next_frame(left, f) == frame_status::ok) {
        require(f.size() <= left.size());
        check_body(f);
        left = left.subspan(f.size());
    }
    return 0;
}
