#pragma once

#include <string>
#include <vector>

#include <tusk/schema/object.hpp>

namespace tusk::schema::detail {

/// A query that finds all objects of a kind. Its columns `schema`, `table` and `name` identify an object,
/// `classid`, `objid` and `objsubid` are its place in pg_depend; every other column becomes the field of its
/// name, unless it is NULL or empty.
struct catalog_query {
    object_kind kind;
    std::string sql;
};

/// The queries for a server of that version (150018).
std::vector<catalog_query> catalog_queries(int server_version);
std::vector<catalog_query> relation_queries(int server_version);
std::vector<catalog_query> routine_queries(int server_version);
std::vector<catalog_query> type_queries(int server_version);
std::vector<catalog_query> other_queries(int server_version);
/// `what, how many`: what users made that no query reads.
std::string unmanaged_query();

/// `classid, objid, objsubid, to_classid, to_objid, to_objsubid`: what pg_depend knows by another place than
/// the object's own.
std::string alias_query();
/// `classid, objid, objsubid, refclassid, refobjid, refobjsubid` of pg_depend.
std::string dependency_query();

// Fragments
/// The comment of an object.
std::string comment_of(const char* catalog, const std::string& oid, const std::string& sub = "0");
/// What privileges differ from the built-in ones: a list of `+role PRIVILEGE` and `-role PRIVILEGE`, with `*`
/// behind those that may be passed on; roles PUBLIC and OWNER in capitals.
std::string privileges_of(const std::string& acl, char kind, const std::string& owner);
/// The owner, unless it is the current user.
std::string owner_of(const std::string& owner);
/// In a schema of a user and not of an extension; `n` is pg_namespace.
std::string of_user(const char* catalog, const std::string& oid);

} // namespace tusk::schema::detail
