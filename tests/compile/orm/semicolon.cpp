// expect: refused::semicolon_in_sql_fragment()
#include "shop.hpp"

auto wrong() { return orm::select<user>().where("true; drop table users"); }
