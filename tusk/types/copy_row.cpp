#include <tusk/types/copy_row.hpp>

#include <algorithm>
#include <string>

namespace tusk {

namespace {

constexpr std::string_view signature{"PGCOPY\n\xff\r\n\0", 11};
constexpr std::size_t header_size = signature.size() + 8;

std::string list_of(std::span<const wire::column_description> columns) {
    std::string out;
    for (const auto& c : columns) {
        if (!out.empty()) out += ", ";
        out += c.name;
    }
    return out;
}

failure wrong_width(std::size_t fields, std::span<const wire::column_description> columns) {
    return failure{errc::column_mismatch, "a row has " + std::to_string(fields) +
                                              (fields == 1 ? " value, " : " values, ") + "COPY takes " +
                                              std::to_string(columns.size()) + " (" + list_of(columns) +
                                              "); name the columns that are given"};
}

failure no_binary_form(const wire::column_description& column, type_ref column_type, std::string_view type) {
    const auto note = detail::take_note().detail;
    return failure{errc::type_mismatch,
                   "column \"" + column.name + "\" has type " + type_label(column_type) + ", for which " +
                       std::string{type} +
                       " has no binary form, and COPY's binary format needs one; convert the values, or use "
                       "copy_in_raw with a text format" +
                       (note.empty() ? note : ": " + note)};
}

} // namespace

namespace detail {

copy_form text_form(type_ref type) noexcept {
    if (type == oid::jsonb) return copy_form::jsonb;
    return is_text_type(type) || is_text_info(type.info) ? copy_form::text : copy_form::none;
}

result<copy_plan> choose_forms(std::span<const form_function> forms,
                               std::span<const std::string_view> type_names,
                               std::span<const wire::column_description> columns, type_scope& types) {
    if (forms.size() != columns.size()) return wrong_width(forms.size(), columns);
    copy_plan plan;
    for (std::size_t i = 0; i < forms.size(); ++i) {
        const type_ref type = types.find(columns[i].type_oid);
        const auto form = forms[i](type);
        if (form == copy_form::none && types.unknown().empty())
            return no_binary_form(columns[i], type, type_names[i]);
        plan.columns.push_back({type, form});
    }
    static_cast<void>(take_note());
    return plan;
}

} // namespace detail

void begin_copy_rows(value_sink& out) {
    out.put(signature);
    out.put_int(std::uint32_t{0}); // flags
    out.put_int(std::uint32_t{0}); // length of the header's extension
}

void end_copy_rows(value_sink& out) { out.put_int(std::int16_t{-1}); }

void copy_row_reader::add(std::span<const std::byte> data) {
    if (pending_.empty()) {
        left_ = data;
        return;
    }
    pending_.insert(pending_.end(), data.begin(), data.end());
    left_ = pending_;
}

copy_row_reader::status copy_row_reader::keep_rest() {
    // `left_` may point into `pending_`.
    std::vector<std::byte> rest{left_.begin(), left_.end()};
    pending_ = std::move(rest);
    left_ = {};
    return status::need_data;
}

bool copy_row_reader::take_header() {
    const auto given = std::string_view{reinterpret_cast<const char*>(left_.data()),
                                        std::min(left_.size(), signature.size())};
    if (given != signature.substr(0, given.size())) return false;
    if (left_.size() < header_size) return true;
    const auto flags = wire::load_big_endian<std::uint32_t>(left_.data() + signature.size());
    const auto extension = wire::load_big_endian<std::uint32_t>(left_.data() + signature.size() + 4);
    if (flags >> 16 != 0 || extension > 0xffff) return false; // flags that must be understood
    if (left_.size() - header_size < extension) return true;
    left_ = left_.subspan(header_size + extension);
    at_header_ = false;
    return true;
}

bool copy_row_reader::measure(std::size_t& size) const noexcept {
    size = 0;
    if (left_.size() < 2) return true;
    const auto* begin = left_.data();
    const auto* end = begin + left_.size();
    const auto* at = begin + 2;
    const auto fields = wire::load_big_endian<std::int16_t>(begin);
    if (fields < 0) {
        size = fields == -1 ? 2 : 0;
        return fields == -1;
    }
    for (std::int16_t i = 0; i < fields; ++i) {
        if (end - at < 4) return true;
        const auto length = wire::load_big_endian<std::int32_t>(at);
        at += 4;
        if (length < -1) return false;
        if (length <= 0) continue;
        if (end - at < length) return true;
        at += length;
    }
    size = static_cast<std::size_t>(at - begin);
    return true;
}

copy_row_reader::status copy_row_reader::next(std::span<const std::byte>& row) {
    if (at_header_) {
        if (!take_header()) return status::malformed;
        if (at_header_) return keep_rest();
    }
    if (ended_) return left_.empty() ? status::end : status::malformed;
    if (left_.empty()) {
        pending_.clear();
        return status::need_data;
    }
    std::size_t size = 0;
    if (!measure(size)) return status::malformed;
    if (size == 0) return keep_rest();
    row = left_.first(size);
    left_ = left_.subspan(size);
    if (wire::load_big_endian<std::int16_t>(row.data()) != -1) return status::row;
    ended_ = true;
    return left_.empty() ? status::end : status::malformed;
}

} // namespace tusk
