// expect: refused::unfinished_string_or_comment_in_sql_fragment()
#include "shop.hpp"

auto wrong() { return orm::select<user>().where("u.name = 'x"); }
