#include "round_trip.hpp"

namespace types_test {

void run(tusk::blocking::connection& db, const std::string& sql, const any_value& argument) {
    db.one<any_value>(sql, argument);
}
std::string run_for_text(tusk::blocking::connection& db, const std::string& sql, const any_value& argument) {
    return db.one<std::string>(sql, argument);
}
void run_with_text(tusk::blocking::connection& db, const std::string& sql, const std::string& argument) {
    db.one<any_value>(sql, argument);
}

} // namespace types_test
