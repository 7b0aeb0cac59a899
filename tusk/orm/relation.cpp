#include <tusk/orm/relation.hpp>

namespace tusk::orm::detail {

void relation_not_loaded(std::string_view type) {
    throw error{errc::invalid_argument,
                "the relation to " + std::string{type} + " was not loaded; add load<…>() to the query"};
}

} // namespace tusk::orm::detail
