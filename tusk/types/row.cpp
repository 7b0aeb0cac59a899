#include <tusk/types/row.hpp>

#include <algorithm>

namespace tusk::detail {

namespace {

template <class Range, class Name>
std::string join(const Range& items, Name name) {
    std::string out;
    for (const auto& item : items) {
        if (!out.empty()) out += ", ";
        out += name(item);
    }
    return out;
}

} // namespace

failure missing_column(std::string_view field, std::string_view row_type,
                       std::span<const wire::column_description> columns) {
    return failure{errc::column_mismatch,
                   "field \"" + std::string{field} + "\" of " + std::string{row_type} +
                       " has no column in the result (columns: " +
                       join(columns, [](const auto& c) -> const std::string& { return c.name; }) +
                       "); select it, or rename it with AS"};
}

failure missing_field(std::string_view column, std::string_view row_type,
                      std::span<const std::string_view> fields) {
    return failure{errc::column_mismatch,
                   "column \"" + std::string{column} + "\" has no field in " + std::string{row_type} +
                       " (fields: " + join(fields, [](std::string_view f) { return std::string{f}; }) +
                       "); name the columns that are wanted instead of *"};
}

failure wrong_column_count(std::size_t wanted, std::size_t got, std::string_view row_type) {
    return failure{errc::column_mismatch, std::string{row_type} + " takes " + std::to_string(wanted) +
                                              (wanted == 1 ? " column" : " columns") +
                                              ", the statement returns " + std::to_string(got)};
}

failure match_names(std::span<const std::string_view> fields, std::string_view row_type,
                    std::span<const wire::column_description> columns, std::vector<std::uint16_t>& out) {
    bool in_order = fields.size() == columns.size();
    out.clear();
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const auto found =
            std::find_if(columns.begin(), columns.end(), [&](const auto& c) { return c.name == fields[i]; });
        if (found == columns.end()) return missing_column(fields[i], row_type, columns);
        out.push_back(static_cast<std::uint16_t>(found - columns.begin()));
        in_order = in_order && out.back() == i;
    }
    for (std::size_t i = 0; i < columns.size(); ++i)
        if (std::find(out.begin(), out.end(), i) == out.end())
            return missing_field(columns[i].name, row_type, fields);
    if (in_order) out.clear();
    return {};
}

failure choose_formats(std::span<const field_type> fields, std::span<const wire::column_description> columns,
                       type_scope& types, wanted_format format, row_plan& plan) {
    plan.formats.resize(columns.size());
    plan.columns.resize(columns.size());
    plan.direct = plan.fields.empty();
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const std::size_t at = plan.fields.empty() ? i : plan.fields[i];
        const auto& c = columns[at];
        const bool text = format == wanted_format::text;
        const bool ignored = text || (fields[i].ignores_type_info && format == wanted_format::any);
        const type_ref type = ignored ? type_ref{c.type_oid} : types.find(c.type_oid);
        const bool binary = !text && has_binary_codec(type) && fields[i].accepts(type, true);
        if (!binary && !fields[i].accepts(type, false)) {
            if (!types.unknown().empty()) continue; // nothing is decided yet
            return conversion_failure(codec_errc::wrong_type, "column \"" + c.name + "\"", type,
                                      fields[i].name);
        }
        plan.columns[at] = {type, binary};
        plan.formats[at] = binary ? 1 : 0;
        plan.direct = plan.direct && binary && fields[i].is_natural(type);
    }
    static_cast<void>(take_note());
    return {};
}

} // namespace tusk::detail
