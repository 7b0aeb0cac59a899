// expect: refused::wrong_number_of_arguments_for_sql_fragment()
#include "shop.hpp"

auto wrong() { return orm::select<user>().where("u.name = ? and u.id = ?", "x"); }
