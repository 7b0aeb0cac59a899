#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tusk::http {

/// Compares ASCII text without regard to case, as header names and media types are compared.
bool iequals(std::string_view a, std::string_view b) noexcept;

/// The header fields of a request or response, in the order they were added; names compare without case.
/// Source: RFC 9110 section 5.
class header_list {
public:
    using entry = std::pair<std::string, std::string>;
    using const_iterator = std::vector<entry>::const_iterator;

    /// The first field of that name.
    std::optional<std::string_view> find(std::string_view name) const noexcept;
    /// Every field of that name, in order.
    std::vector<std::string_view> find_all(std::string_view name) const;
    bool contains(std::string_view name) const noexcept { return find(name).has_value(); }

    /// Adds a field, keeping others of that name. Throws `tusk::error` (`errc::invalid_argument`) when the
    /// name is not a token or the value holds CR, LF or NUL: nobody can smuggle a second header or response
    /// into one.
    void add(std::string_view name, std::string_view value);
    /// Replaces all fields of that name by one; errors as `add`.
    void set(std::string_view name, std::string_view value);
    /// Removes all fields of that name and returns how many there were.
    std::size_t erase(std::string_view name) noexcept;

    const_iterator begin() const noexcept { return entries_.begin(); }
    const_iterator end() const noexcept { return entries_.end(); }
    std::size_t size() const noexcept { return entries_.size(); }
    bool empty() const noexcept { return entries_.empty(); }

private:
    std::vector<entry> entries_;
};

} // namespace tusk::http
