#include <iostream>

#include <tusk/client.hpp>

struct user { // a plain struct: columns are matched by name, without macros
    std::int64_t id;
    std::string name;
    std::optional<int> age; // NULL
};

int main(int argc, char** argv) {
    auto db = tusk::blocking::connection::open(argc > 1 ? argv[1] : "");
    db.exec("create temp table users (id int8 generated always as identity, name text not null, age int4)");
    db.exec("insert into users (name, age) values ($1, $2), ($3, null)", "Ann", 30, "Bob");
    for (const user& u : db.all<user>("select id, name, age from users order by id"))
        std::cout << u.id << ' ' << u.name << ' ' << (u.age ? std::to_string(*u.age) : "-") << '\n';
    try {
        db.one<user>("select id, name, age from users where name = $1", "Carol");
    } catch (const tusk::error& e) {
        std::cout << e.what() << (e.is(tusk::condition::not_found) ? " (not found)" : "") << '\n';
    }
}
