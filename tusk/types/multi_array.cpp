#include <tusk/types/multi_array.hpp>

#include <charconv>

namespace tusk::detail {

codec_errc nested_text_reader::open() noexcept {
    if (!bounds(bounds_)) return codec_errc::malformed;
    shape_.sizes.fill(-1); // not known yet
    return enter() ? codec_errc::ok : codec_errc::malformed;
}

bool nested_text_reader::enter() noexcept {
    if (!eat('{') || depth_ == array_shape::max_dimensions) return false;
    // Elements all stand equally deep.
    if (shape_.dimensions != 0 && depth_ >= shape_.dimensions) return false;
    counts_[depth_++] = 0;
    complete_ = false;
    return true;
}

/// A brace closes; as many have to stand in it as in the others of its depth.
bool nested_text_reader::leave() noexcept {
    auto& size = shape_.sizes[--depth_];
    if (size == -1)
        size = counts_[depth_];
    else if (size != counts_[depth_])
        return false;
    if (depth_ > 0) ++counts_[depth_ - 1];
    complete_ = true;
    return true;
}

array_text_tokens::step nested_text_reader::finish() noexcept {
    if (!text_.empty()) return fail(codec_errc::malformed);
    if (bounds_.dimensions == 0) {
        for (std::size_t i = 0; i < shape_.dimensions; ++i) shape_.lower_bounds[i] = 1;
    } else {
        for (std::size_t i = shape_.dimensions; i < array_shape::max_dimensions; ++i) shape_.sizes[i] = 0;
        if (bounds_.dimensions != shape_.dimensions || bounds_.sizes != shape_.sizes)
            return fail(codec_errc::malformed);
        shape_.lower_bounds = bounds_.lower_bounds;
    }
    for (std::size_t i = shape_.dimensions; i < array_shape::max_dimensions; ++i) shape_.sizes[i] = 0;
    return step::end;
}

array_text_tokens::step nested_text_reader::next() {
    for (;;) {
        if (depth_ == 0) return finish();
        if (text_.starts_with('}')) {
            // Only the array itself can be empty.
            if (!complete_ && (depth_ != 1 || shape_.dimensions != 0 || counts_[0] != 0))
                return fail(codec_errc::malformed);
            eat('}');
            if (!complete_) {
                depth_ = 0;
                continue;
            }
            if (!leave()) return fail(codec_errc::malformed);
            continue;
        }
        if (complete_) {
            if (!eat(delimiter_)) return fail(codec_errc::malformed);
            complete_ = false;
            if (text_.starts_with('}')) return fail(codec_errc::malformed);
        }
        if (text_.starts_with('{')) {
            if (!enter()) return fail(codec_errc::malformed);
            continue;
        }
        if (shape_.dimensions == 0) shape_.dimensions = depth_;
        if (depth_ != shape_.dimensions) return fail(codec_errc::malformed);
        const step found = eat('"') ? quoted() : bare();
        if (found == step::failed) return found;
        ++counts_[depth_ - 1];
        complete_ = true;
        return found;
    }
}

nested_text_writer::nested_text_writer(value_sink& out, const array_shape& shape, char delimiter)
    : out_{out}, shape_{shape}, left_{shape.sizes}, delimiter_{delimiter} {
    bool usual = true;
    for (std::size_t i = 0; i < shape.dimensions; ++i) usual = usual && shape.lower_bounds[i] == 1;
    if (usual) return;
    for (std::size_t i = 0; i < shape.dimensions; ++i) {
        char text[32];
        char* at = text;
        *at++ = '[';
        at = std::to_chars(at, text + sizeof text, shape.lower_bounds[i]).ptr;
        *at++ = ':';
        at = std::to_chars(at, text + sizeof text, std::int64_t{shape.lower_bounds[i]} + shape.sizes[i] - 1)
                 .ptr;
        *at++ = ']';
        out.put(std::string_view{text, static_cast<std::size_t>(at - text)});
    }
    out.put_byte('=');
}

void nested_text_writer::before() {
    // Every dimension that begins anew opens a brace.
    std::size_t fresh = shape_.dimensions;
    while (fresh > 0 && left_[fresh - 1] == shape_.sizes[fresh - 1]) --fresh;
    if (!first_) out_.put_byte(delimiter_);
    first_ = false;
    for (std::size_t i = fresh; i < shape_.dimensions; ++i) out_.put_byte('{');
}

void nested_text_writer::after() {
    for (std::size_t i = shape_.dimensions; i > 0; --i) {
        if (--left_[i - 1] > 0) return;
        out_.put_byte('}');
        left_[i - 1] = shape_.sizes[i - 1];
    }
}

} // namespace tusk::detail
