#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include <services/talk/models.hpp>
#include <services/talk/repositories.hpp>

namespace tusk::talk {

/// What a handler is asked, from whichever protocol: named values. A value that is not what is wanted, or is
/// missing, throws `refusal` (400) with the field's name. What nobody asks for is ignored: clients may be
/// newer.
class arguments {
public:
    explicit arguments(boost::json::object fields) : fields_(std::move(fields)) {}

    /// A key: 1 and more, as a number or as text, for proto3's JSON writes 64 bits as text.
    std::int64_t id(std::string_view name) const;
    std::string text(std::string_view name) const;
    std::optional<std::string> maybe_text(std::string_view name) const;
    std::optional<std::int64_t> maybe_whole(std::string_view name, std::int64_t least,
                                            std::int64_t most) const;
    std::optional<bool> maybe_flag(std::string_view name) const;
    /// `limit` (1 to 200, default 50) and `cursor`.
    page_request page() const;
    /// `messages`, a list, or a single one in the fields themselves.
    std::vector<message> messages() const;

private:
    const boost::json::value* find(std::string_view name) const;

    boost::json::object fields_;
};

} // namespace tusk::talk
