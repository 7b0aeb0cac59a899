#pragma once

#include <tusk/pool.hpp>

struct user {
    std::int64_t id;
    std::string name;
};

inline constexpr auto find =
    tusk::sql<"select id, name from users where name = {name}", user(std::string_view)>;
inline constexpr auto touch = tusk::sql<"update users set seen = now() where id = $1", void(std::int64_t)>;
