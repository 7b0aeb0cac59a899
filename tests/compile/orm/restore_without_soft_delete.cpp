// expect: tusk: the model has no soft_delete column
#include "shop.hpp"

void wrong(tusk::blocking::connection& c) { orm::on(c).restore<user>(); }
