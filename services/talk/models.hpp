#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include <tusk/orm.hpp>

/// The tables of `migrations/`, as structs.
namespace tusk::talk {

using instant = std::chrono::sys_time<std::chrono::microseconds>;

struct conversation;
struct message;
struct user_settings;

struct user {
    std::int64_t id = 0;
    std::string email; ///< Unique among those who are not deleted; kept in lower case.
    std::string name;
    std::optional<instant> created_at;
    std::optional<instant> updated_at;
    std::optional<instant> deleted_at;
    orm::many<conversation> conversations;
    orm::one<user_settings> settings;

    using tusk_table =
        orm::table<"users", "u", orm::col<&user::id, orm::pk, orm::identity>, orm::col<&user::email>,
                   orm::col<&user::name>, orm::col<&user::created_at, orm::created>,
                   orm::col<&user::updated_at, orm::updated>, orm::col<&user::deleted_at, orm::soft_delete>>;
    struct rels;

    /// Trims, lowers the address and refuses what is none: nothing is sent then.
    static failure before_insert(user& row, orm::hook_context&) { return row.tidy(); }
    static failure before_update(user& row, orm::hook_context&) { return row.tidy(); }
    failure tidy();
};

struct conversation {
    std::int64_t id = 0;
    std::int64_t user_id = 0;
    std::string topic;
    std::optional<instant> created_at;
    std::optional<instant> updated_at;
    std::optional<instant> ended_at;
    std::optional<instant> deleted_at;
    orm::one<user> owner;
    orm::many<message> messages;

    using tusk_table =
        orm::table<"conversations", "c", orm::col<&conversation::id, orm::pk, orm::identity>,
                   orm::col<&conversation::user_id>, orm::col<&conversation::topic>,
                   orm::col<&conversation::created_at, orm::created>,
                   orm::col<&conversation::updated_at, orm::updated>, orm::col<&conversation::ended_at>,
                   orm::col<&conversation::deleted_at, orm::soft_delete>>;
    struct rels;
};

struct message {
    std::int64_t id = 0;
    std::int64_t conversation_id = 0;
    std::string role; ///< "system", "user" or "assistant".
    std::string content;
    std::optional<instant> created_at;
    orm::one<conversation> within;

    using tusk_table = orm::table<"messages", "m", orm::col<&message::id, orm::pk, orm::identity>,
                                  orm::col<&message::conversation_id>, orm::col<&message::role>,
                                  orm::col<&message::content>, orm::col<&message::created_at, orm::created>>;
    struct rels;
};

struct user_settings {
    std::int64_t user_id = 0;
    std::string locale = "en"; ///< A language tag.
    std::string time_zone = "UTC";
    std::int32_t daily_goal_minutes = 15;
    std::optional<instant> created_at;
    std::optional<instant> updated_at;

    using tusk_table = orm::table<"user_settings", "s", orm::col<&user_settings::user_id, orm::pk>,
                                  orm::col<&user_settings::locale>, orm::col<&user_settings::time_zone>,
                                  orm::col<&user_settings::daily_goal_minutes>,
                                  orm::col<&user_settings::created_at, orm::created>,
                                  orm::col<&user_settings::updated_at, orm::updated>>;
};

struct user::rels : orm::relations<orm::has_many<&user::conversations, &user::id, &conversation::user_id>,
                                   orm::has_one<&user::settings, &user::id, &user_settings::user_id>> {};
struct conversation::rels
    : orm::relations<orm::belongs_to<&conversation::owner, &conversation::user_id, &user::id>,
                     orm::has_many<&conversation::messages, &conversation::id, &message::conversation_id>> {};
struct message::rels
    : orm::relations<orm::belongs_to<&message::within, &message::conversation_id, &conversation::id>> {};

} // namespace tusk::talk
