// expect: tusk: joins are for relations to one row
#include "shop.hpp"

auto wrong() { return orm::select<user>().load_joined<&user::posts>(); }
