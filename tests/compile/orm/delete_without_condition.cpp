// expect: tusk: an update or delete without a condition
#include "shop.hpp"

void wrong(tusk::blocking::connection& c) { orm::on(c).erase<user>().exec(); }
