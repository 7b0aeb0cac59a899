// expect: is not a constant expression
#include "shop.hpp"

#include <string>

auto wrong(const std::string& from_outside) { return orm::select<user>().where(from_outside); }
