// expect: tusk: the keys of a relation have different types
#include "shop.hpp"

struct leaf {
    std::string owner;
};
struct tree {
    std::int64_t id = 0;
    orm::many<leaf> leaves;
    using tusk_table = orm::table<"trees", "t", orm::col<&tree::id, orm::pk>>;
    struct rels;
};
struct tree::rels : orm::relations<orm::has_many<&tree::leaves, &tree::id, &leaf::owner>> {};
auto wrong() { return orm::select<tree>().load<&tree::leaves>(); }
