// expect: tusk: the column belongs to another model
#include "shop.hpp"

auto wrong() { return orm::update<user>().set<&post::title>("x"); }
