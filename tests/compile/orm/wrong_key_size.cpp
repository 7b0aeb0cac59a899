// expect: tusk: where_pk() takes as many values as the primary key has columns
#include "shop.hpp"

auto wrong() { return orm::select<user>().where_pk(1, 2); }
