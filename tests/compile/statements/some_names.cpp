// expect: tusk: either all arguments of a call have names, or none
#include "statements.hpp"

auto bad(tusk::blocking::connection& db) { return db.exec("select {a}", tusk::named("a", 1), 2); }
