// expect: tusk: the statement has arguments by name ({name}) and by number ($1); choose one
#include "statements.hpp"

constexpr auto bad = tusk::sql<"select {a}, $1", int(int)>;
