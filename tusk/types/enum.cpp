#include <tusk/types/enum.hpp>

namespace tusk::detail {

void note_label(std::string_view label, std::string_view cpp_type) {
    note_detail(std::string{cpp_type} + " has no enumerator for \"" + std::string{label} + "\"");
}

void note_enumerator(long long value, std::string_view cpp_type) {
    note_detail(std::string{cpp_type} + " has no label for the value " + std::to_string(value));
}

} // namespace tusk::detail
