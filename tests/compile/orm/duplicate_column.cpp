// expect: tusk: two columns of a model have the same name
#include "shop.hpp"

struct twice {
    int a = 0;
    int b = 0;
    using tusk_table = orm::table<"t", "t", orm::col<&twice::a>, orm::col<&twice::b, orm::named_as<"a">>>;
};
auto wrong() { return orm::select<twice>(); }
