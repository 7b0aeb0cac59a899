#include <tusk/orm/rows.hpp>

namespace tusk::orm::detail {

result<row_plan> shaped_sink::make_plan(const protocol::statement_description& d, type_scope& types) const {
    if (d.columns.size() != shape_->slots.size())
        return tusk::detail::wrong_column_count(shape_->slots.size(), d.columns.size(), "the model");
    row_plan plan;
    plan.described = d.columns;
    std::vector<tusk::detail::field_type> fields;
    fields.reserve(shape_->slots.size());
    for (const auto& s : shape_->slots) fields.push_back(s.column->field->type);
    const auto format = d.text_only ? wanted_format::text : wanted_format::any;
    if (auto f = tusk::detail::choose_formats(fields, d.columns, types, format, plan)) return f;
    return plan;
}

failure shaped_sink::prepare(const protocol::description_ptr& d, std::span<const std::int16_t>& formats) {
    description_ = d.get();
    auto plan = tusk::detail::stored_or_made<row_plan>(
        *d, plan_key_, types(), [&](type_scope& scope) { return make_plan(*d, scope); });
    if (!plan) return plan.error();
    plan_ = *plan;
    formats = plan_->formats;
    return {};
}

bool shaped_sink::report(const row_error& e) {
    failure_ = tusk::detail::row_failure(e, *description_, *plan_);
    malformed_ = tusk::detail::is_malformed(e);
    if (e.code == codec_errc::outdated_type && types() != nullptr) types()->outdated();
    return false;
}

bool shaped_sink::decode(std::span<const std::byte> body) {
    row_error e{codec_errc::malformed, 0, "a row"};
    if (whole_ != nullptr) return whole_(*plan_, body, objects_[0], e) || report(e);
    const auto fail = [&] { return report(e); };
    const auto& slots = shape_->slots;
    if (body.size() < 2 || wire::load_big_endian<std::uint16_t>(body.data()) != slots.size()) return fail();
    const std::byte* at = body.data() + 2;
    const std::byte* end = body.data() + body.size();
    std::uint16_t object = 0;
    for (std::size_t i = 0; i < slots.size(); ++i) {
        field_view f;
        if (!tusk::detail::next_value(at, end, f)) return fail();
        f.type = plan_->columns[i].type;
        f.binary = plan_->columns[i].binary;
        const auto& slot = slots[i];
        if (slot.object != object) { // the first column of a joined row says whether there is one
            object = slot.object;
            if (f.is_null()) drop_joined(object);
        }
        void* into = objects_[object];
        if (into == nullptr) continue;
        const auto code = slot.column->field->decode(f, slot.column->at(into));
        if (code == codec_errc::ok) [[likely]]
            continue;
        e = {code, i, slot.column->field->cpp_type};
        return fail();
    }
    return at == end || fail();
}

void shaped_sink::attach_joined() {
    for (std::size_t i = 0; i < shape_->joined.size(); ++i) objects_[i + 1] = nullptr;
    for (std::size_t i = 0; i < shape_->joined.size(); ++i) {
        const auto& j = shape_->joined[i];
        objects_[i + 1] = j.attach(objects_[j.parent]);
    }
}

void shaped_sink::drop_joined(std::size_t object) {
    if (object > shape_->joined.size()) return;
    const auto& j = shape_->joined[object - 1];
    if (objects_[j.parent] != nullptr && objects_[object] != nullptr) j.absent(objects_[j.parent]);
    objects_[object] = nullptr;
    for (std::size_t i = object; i < shape_->joined.size(); ++i) // what hangs on it went with it
        if (shape_->joined[i].parent == object) objects_[i + 1] = nullptr;
}

protocol::flow shaped_sink::on_row(std::span<const std::byte> body) {
    if (has_failed() || !begin_row(objects_)) return protocol::flow::proceed;
    if (whole_ == nullptr) attach_joined();
    if (decode(body)) return end_row();
    return malformed_ ? protocol::flow::reject : protocol::flow::proceed;
}

} // namespace tusk::orm::detail
