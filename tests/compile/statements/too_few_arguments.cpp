// expect: tusk: the statement takes another number of arguments
#include "statements.hpp"

auto bad(tusk::blocking::connection& db) { return db.one(find); }
