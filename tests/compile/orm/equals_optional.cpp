// expect: tusk: nothing equals NULL; take is_not_distinct_from(), or *value
#include "shop.hpp"

auto wrong(const std::optional<std::string>& mail) { return orm::c<&user::email> == mail; }
