// expect: tusk: the query has no connection; give it to the verb
#include "shop.hpp"

void wrong() { orm::select<user>().all(); }
