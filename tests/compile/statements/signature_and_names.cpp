// expect: tusk: the signature has another number of arguments than the statement has names
#include "statements.hpp"

constexpr auto bad = tusk::sql<"select {a}, {a}", int(int, int)>;
