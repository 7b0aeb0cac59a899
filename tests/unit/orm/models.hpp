#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <tusk/orm.hpp>

/// Models of the parity suite: the ones that Bun's own tests use.
namespace orm_test {

namespace orm = tusk::orm;
using instant = std::chrono::sys_time<std::chrono::microseconds>;

struct model {
    std::int64_t id = 0;
    std::string str;
    using tusk_table = orm::table<"models", "model", orm::col<&model::id, orm::pk, orm::autoincrement>,
                                  orm::col<&model::str>>;
};

struct user {
    std::int64_t id = 0;
    std::string name;
    using tusk_table =
        orm::table<"users", "user", orm::col<&user::id, orm::pk, orm::autoincrement>, orm::col<&user::name>>;
};

struct story {
    std::int64_t id = 0;
    std::string name;
    std::int64_t user_id = 0;
    orm::one<orm_test::user> user;
    using tusk_table = orm::table<"stories", "story", orm::col<&story::id, orm::pk, orm::autoincrement>,
                                  orm::col<&story::name>, orm::col<&story::user_id>>;
    struct rels;
};
struct story::rels : orm::relations<orm::belongs_to<&story::user, &story::user_id, &orm_test::user::id>> {};

struct soft_delete {
    std::int64_t id = 0;
    std::optional<instant> deleted_at;
    using tusk_table = orm::table<"soft_deletes", "soft_delete", orm::col<&soft_delete::id, orm::pk>,
                                  orm::col<&soft_delete::deleted_at, orm::soft_delete>>;
};

struct pair_keyed {
    std::int64_t id = 0;
    std::string str;
    using tusk_table = orm::table<"models", "model", orm::col<&pair_keyed::id, orm::pk>,
                                  orm::col<&pair_keyed::str, orm::pk>>;
};

} // namespace orm_test
