#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include <tusk/schema/model.hpp>

namespace tusk::schema {

/// What has to become of an object.
enum class change_kind : std::uint8_t {
    create,
    drop,
    alter,    ///< In place.
    recreate, ///< Dropped and made again: the server cannot change it, or it stands in the way of a change.
    replace,  ///< A type: made anew beside the old one, and columns move over.
    rebuild,  ///< A table: made anew beside the old one, and rows move over.
};
std::string_view name_of(change_kind kind) noexcept;

struct change {
    change_kind kind = change_kind::create;
    const object* from = nullptr; ///< Null when it is created.
    const object* to = nullptr;   ///< Null when it is dropped.
    /// The fields that differ; empty for what only stands in the way.
    std::vector<std::string> fields;

    const object& either() const { return to != nullptr ? *to : *from; }
    bool touches(std::string_view field) const;
    /// Whether there is a new object after it that was not there before.
    bool makes() const { return kind != change_kind::drop && kind != change_kind::alter; }
    /// Whether the old object goes.
    bool removes() const { return kind != change_kind::create && kind != change_kind::alter; }
};

/// What differs between two models, which have to outlive it, and everything that has to give way: an object
/// that depends on one that goes is recreated with its grants, comments and parts.
class difference {
public:
    /// `extension_versions`: whether those of extensions count. They are the server's affair otherwise, as in
    /// a dump.
    difference(const model& from, const model& to, bool extension_versions = false);

    const std::vector<change>& changes() const noexcept { return changes_; }
    const change* find(std::string_view id) const;
    const change* find(object_kind kind, std::string_view schema, std::string_view table,
                       std::string_view name) const {
        return find(make_id(kind, schema, table, name));
    }
    const model& from() const noexcept { return from_; }
    const model& to() const noexcept { return to_; }
    bool empty() const noexcept { return changes_.empty(); }

private:
    void compare(bool extension_versions);
    std::string whole_of(const change& part) const;
    void make_heirs_anew();
    void close();
    void give_way(std::size_t dependent, const change& cause, std::vector<std::size_t>& touched);
    const object* table_keyed_by(const change& column) const;
    void keep_aside(const change& cause);
    void rebuild_whole(const object& partitioned, std::vector<std::size_t>& touched);
    std::size_t force(const std::string& id, change_kind kind);

    const model& from_;
    const model& to_;
    std::vector<change> changes_;
    std::unordered_map<std::string, std::size_t> by_id_;
};

/// The ids of the tables that a partition or an heir takes its columns from.
std::vector<std::string> parents_of(const object& table);
/// Whether a table leaves its parents or comes to others, or to another place among their partitions.
bool is_moved(const change& table);
/// Whether a column comes from the table's parents, in both models where it exists.
bool comes_from_parent(const change& column);

} // namespace tusk::schema
