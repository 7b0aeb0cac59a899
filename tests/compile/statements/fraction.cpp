// expect: tusk: an argument with a fraction was given where the statement's signature has an integer
#include "statements.hpp"

auto bad(tusk::blocking::connection& db) { return db.exec(touch, 3.5); }
