// expect: tusk: the signature has another number of arguments than the statement
#include "statements.hpp"

constexpr auto bad = tusk::sql<"select $1::int, $2::int", int(int)>;
