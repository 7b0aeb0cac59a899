// expect: tusk: the relation belongs to another model
#include "shop.hpp"

auto wrong() { return orm::select<post>().load<&user::posts>(); }
