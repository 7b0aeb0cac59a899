// What the refused ones are measured against: this compiles.
#include "statements.hpp"

auto good(tusk::blocking::connection& db) {
    db.exec(touch, 7);
    return db.one(find, "ann");
}
