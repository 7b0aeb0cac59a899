// expect: tusk: an argument's type has no codec
#include "shop.hpp"

auto wrong() { return orm::select<user>().where("u.id = ?", unknown_type{1, 2}); }
