// A program whose statements `tusk verify` checks.
#include <iostream>

#include <tusk/client.hpp>

namespace {

struct user {
    std::int64_t id;
    std::string name;
};

constexpr auto find = tusk::sql<"select id, name from users where id = {id}", user(std::int64_t)>;
constexpr auto count = tusk::sql<"select count(*) from users", std::int64_t()>;

} // namespace

int main(int argc, char** argv) {
    std::cout << "a line of the program's own\n";
    if (const auto status = tusk::handle_verify()) return *status;
    auto db = tusk::blocking::connection::open(argc > 1 ? argv[1] : "");
    std::cout << db.one(find, 1).name << " of " << db.one(count) << '\n';
}
