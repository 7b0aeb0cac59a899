#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <boost/json/object.hpp>

#include <tusk/schema/object.hpp>

namespace tusk::schema {

/// All objects of a database at one moment, sorted by their ids.
class model {
public:
    model() = default;
    /// `server_version` as `server_version_num` says it: 150018.
    model(std::vector<object> objects, int server_version);

    const std::vector<object>& objects() const noexcept { return objects_; }
    /// The object of that id, or null.
    const object* find(std::string_view id) const;
    const object* find(object_kind kind, std::string_view schema, std::string_view table,
                       std::string_view name) const {
        return find(make_id(kind, schema, table, name));
    }
    int server_version() const noexcept { return version_; }
    int major_version() const noexcept { return version_ / 10000; }
    bool empty() const noexcept { return objects_.empty(); }
    /// Everything that belongs to the relation or domain of that schema and name.
    std::vector<const object*> parts_of(std::string_view schema, std::string_view table) const;

    /// The same text for the same state, whatever database it is of: a hash (FNV-1a, 64 bits, hexadecimal) of
    /// all objects. It does not depend on the order of columns.
    std::string fingerprint() const;

private:
    struct hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view s) const noexcept { return std::hash<std::string_view>{}(s); }
    };
    std::vector<object> objects_;
    std::unordered_map<std::string, std::size_t, hash, std::equal_to<>> by_id_;
    std::unordered_multimap<std::string, std::size_t, hash, std::equal_to<>> parts_;
    int version_ = 0;
};

/// The snapshot `tusk.schema.snapshot/1`: canonical, so that two of one state are the same text.
boost::json::object to_json(const model& from);
/// Reads a snapshot. Throws `tusk::error` (`errc::invalid_argument`) when it is none.
model from_json(const boost::json::object& snapshot);

} // namespace tusk::schema
