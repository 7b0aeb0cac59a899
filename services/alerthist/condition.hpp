#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/fwd.hpp>
#include <boost/system/result.hpp>

#include <services/alerthist/alertmanager.hpp>
#include <services/alerthist/classification.hpp>

namespace tusk::alerthist {

/// What a condition looks at.
struct alert_view {
    const alert* what = nullptr;
    const classification* judged = nullptr; ///< Null when nobody classified it.
    instant now;
};

/// A question about an alert, written as JSON: `{"field":"namespace","op":"in","value":["tmp"]}`, and `all`,
/// `any`, `not` over such. Words are compared without regard to case. docs/alerthist.md has the fields.
class alert_condition {
public:
    /// One that always holds.
    alert_condition();

    /// The error names the place below `path`: `conditions.any[1].op: …`.
    static boost::system::result<alert_condition, std::string> parse(const boost::json::value& from,
                                                                     const std::string& path);

    bool holds(const alert_view& of) const;

private:
    struct node;
    class reader;
    explicit alert_condition(std::shared_ptr<const node> root) noexcept : root_{std::move(root)} {}
    std::shared_ptr<const node> root_;
};

} // namespace tusk::alerthist
