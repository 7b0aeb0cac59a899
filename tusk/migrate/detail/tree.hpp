#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/value.hpp>

namespace tusk::migrate::detail {

/// A node of the parser's tree, which may be absent: every step from an absent one is absent too.
class node {
public:
    node() = default;
    explicit node(const boost::json::value* v) noexcept : value_{v} {}

    explicit operator bool() const noexcept { return value_ != nullptr; }
    /// What it wraps; only of a node that is there.
    const boost::json::value& raw() const noexcept { return *value_; }
    node operator[](std::string_view key) const;
    /// The text of a string, else "".
    std::string text() const;
    std::int64_t number() const;
    bool flag() const;
    std::vector<node> list() const;
    /// The only key of an object: the name of a wrapped node ("CreateStmt").
    std::string kind() const;
    /// What the only key holds.
    node inner() const;

private:
    const boost::json::value* value_ = nullptr;
};

/// The strings of a list of `String` nodes: the parts of a name.
std::vector<std::string> name_parts(node list);
/// A `RangeVar` as "schema.name", unquoted, for people and comparisons.
std::string relation_name(node range_var);

} // namespace tusk::migrate::detail
