#include <tusk/types/codec.hpp>

#include <utility>

#include <tusk/types/catalog.hpp>

namespace tusk {

namespace detail {

namespace {

value_note& current_note() noexcept {
    thread_local value_note note;
    return note;
}

} // namespace

void note_detail(std::string detail) {
    auto& note = current_note();
    note.path.clear();
    note.detail = std::move(detail);
}

void note_step(std::string_view step) { current_note().path.insert(0, step); }

value_note take_note() noexcept { return std::exchange(current_note(), value_note{}); }

} // namespace detail

namespace {

errc error_of(codec_errc code) noexcept {
    switch (code) {
    case codec_errc::null_value: return errc::null_value;
    case codec_errc::out_of_range:
    case codec_errc::not_rectangular:
    case codec_errc::unknown_label: return errc::value_out_of_range;
    case codec_errc::wrong_type:
    case codec_errc::wrong_dimensions:
    case codec_errc::outdated_type: return errc::type_mismatch;
    case codec_errc::malformed:
    case codec_errc::ok: break;
    }
    return errc::malformed_value;
}

std::string reason(codec_errc code, bool is_part, const std::string& type, std::string_view cpp_type) {
    const std::string cpp{cpp_type};
    switch (code) {
    case codec_errc::ok: break;
    case codec_errc::null_value:
        return (is_part ? std::string{" is NULL, but its member in C++ is plain"}
                        : " is NULL, but its field is a plain " + cpp) +
               "; make the field std::optional";
    case codec_errc::wrong_type: return " has type " + type + ", which does not convert to or from " + cpp;
    case codec_errc::out_of_range:
        return ": the value does not fit (SQL type " + type + ", C++ type " + cpp + ")";
    case codec_errc::malformed: return ": the server sent bytes that are not a value of type " + type;
    case codec_errc::wrong_dimensions:
        return " is an array with another number of dimensions than " + cpp + " (SQL type " + type + ")";
    case codec_errc::not_rectangular:
        return ": vectors of different lengths inside " + cpp + " are no array (SQL type " + type + ")";
    case codec_errc::unknown_label: return ": no such label (SQL type " + type + ", C++ type " + cpp + ")";
    case codec_errc::outdated_type:
        return ": the type " + type + " was altered since it was looked up; call it again";
    }
    return {};
}

} // namespace

failure conversion_failure(codec_errc code, std::string_view where, type_ref type,
                           std::string_view cpp_type) {
    const auto note = detail::take_note();
    if (code == codec_errc::ok) return {};
    std::string message{where};
    message += note.path;
    message += reason(code, !note.path.empty(), type_label(type), cpp_type);
    if (!note.detail.empty()) message += ": " + note.detail;
    return failure{error_of(code), std::move(message)};
}

} // namespace tusk
