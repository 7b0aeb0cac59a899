// What the refused ones are measured against: this compiles.
#include "shop.hpp"

void good(tusk::blocking::connection& c) {
    const auto db = orm::on(c);
    auto users = db.select<user>().where("u.name = ? and u.id > ?", "x", 5).load<&user::posts>().all();
    db.update<user>().set("name = ?", "y").where("u.id = ?", 1).exec();
    db.erase<user>().all_rows().exec();
}
