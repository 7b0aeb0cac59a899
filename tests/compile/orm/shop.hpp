#pragma once

#include <tusk/orm.hpp>

namespace orm = tusk::orm;

struct post;
struct user {
    std::int64_t id = 0;
    std::string name;
    std::optional<std::string> email;
    orm::many<post> posts;
    using tusk_table = orm::table<"users", "u", orm::col<&user::id, orm::pk, orm::identity>,
                                  orm::col<&user::name>, orm::col<&user::email>>;
    struct rels;
};
struct post {
    std::int64_t id = 0;
    std::int64_t user_id = 0;
    std::string title;
    using tusk_table = orm::table<"posts", "p", orm::col<&post::id, orm::pk>, orm::col<&post::user_id>,
                                  orm::col<&post::title>>;
};
struct user::rels : orm::relations<orm::has_many<&user::posts, &user::id, &post::user_id>> {};
struct unknown_type {
    unknown_type(int, int);
};
