// expect: tusk: an argument does not convert to the type that the statement's signature has
#include "statements.hpp"

auto bad(tusk::blocking::connection& db) { return db.one(find, 3.5); }
