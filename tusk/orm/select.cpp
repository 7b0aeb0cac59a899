#include <tusk/orm/select.hpp>

namespace tusk::orm::detail {

std::string_view text_of(direction d) noexcept {
    switch (d) {
    case direction::asc: return " ASC";
    case direction::asc_nulls_first: return " ASC NULLS FIRST";
    case direction::asc_nulls_last: return " ASC NULLS LAST";
    case direction::desc: return " DESC";
    case direction::desc_nulls_first: return " DESC NULLS FIRST";
    default: return " DESC NULLS LAST";
    }
}

} // namespace tusk::orm::detail
