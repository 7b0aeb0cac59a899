#include <tusk/types/row_view.hpp>

namespace tusk {

bool row_view::assign(std::span<const wire::column_description> columns, std::span<const std::byte> body) {
    columns_ = columns;
    values_.clear();
    if (body.size() < 2 || wire::load_big_endian<std::uint16_t>(body.data()) != columns.size()) return false;
    const std::byte* at = body.data() + 2;
    const std::byte* const end = body.data() + body.size();
    for (const auto& column : columns) {
        field_view value;
        if (!detail::next_value(at, end, value)) {
            values_.clear();
            return false;
        }
        value.type = column.type_oid;
        values_.push_back(value);
    }
    return at == end;
}

bool row_view::assign(const row_plan& plan, std::span<const std::byte> body, row_error& error) {
    if (assign(plan.described, body)) return true;
    error = {codec_errc::malformed, 0, "a row"};
    return false;
}

field row_view::operator[](std::size_t column) const {
    if (column >= values_.size())
        throw error{errc::column_mismatch, "there is no column " + std::to_string(column) + " in a row of " +
                                               std::to_string(values_.size())};
    return {columns_[column], values_[column]};
}

std::optional<field> row_view::find(std::string_view column) const {
    for (std::size_t i = 0; i < values_.size(); ++i)
        if (columns_[i].name == column) return field{columns_[i], values_[i]};
    return std::nullopt;
}

field row_view::operator[](std::string_view column) const {
    if (const auto found = find(column)) return *found;
    std::string names;
    for (std::size_t i = 0; i < values_.size(); ++i) names += (i == 0 ? "" : ", ") + columns_[i].name;
    throw error{errc::column_mismatch,
                "there is no column \"" + std::string{column} + "\" in the result (columns: " + names + ")"};
}

bool row_map::assign(const row_plan& plan, std::span<const std::byte> body, row_error& error) {
    row_view row;
    if (!row.assign(plan, body, error)) return false;
    clear();
    for (const field f : row)
        insert_or_assign(f.name(), f.is_null() ? std::nullopt : std::optional<std::string>{f.text()});
    return true;
}

} // namespace tusk
