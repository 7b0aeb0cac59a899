// expect: refused::unknown_alias_in_sql_fragment()
#include "shop.hpp"

auto wrong() { return orm::select<user>().where("p.title = ?", "x"); }
