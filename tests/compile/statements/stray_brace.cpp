// expect: tusk: a brace in the statement is neither an argument
#include "statements.hpp"

constexpr auto bad = tusk::sql<"select {a b}", int(int)>;
