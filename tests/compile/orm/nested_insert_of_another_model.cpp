// expect: tusk: the relation belongs to another model
#include "shop.hpp"

void wrong(tusk::blocking::connection& c, post& p) { orm::on(c).insert_with<&user::posts>(p).exec(); }
