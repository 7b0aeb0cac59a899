// expect: refused::unknown_column_in_sql_fragment()
#include "shop.hpp"

auto wrong() { return orm::select<user>().where("u.nmae = ?", "x"); }
