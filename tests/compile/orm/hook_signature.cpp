// expect: tusk: a hook has another signature
#include "shop.hpp"

struct note {
    int id = 0;
    static tusk::failure before_insert(const note&) { return {}; }
};
void wrong(tusk::blocking::connection& c, note& n) { orm::on(c).insert(n).exec(); }
