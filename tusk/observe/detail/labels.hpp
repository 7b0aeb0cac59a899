#pragma once

#include <array>
#include <string_view>
#include <system_error>

#include <tusk/core/observer.hpp>

namespace tusk::observe::detail {

/// The value of a label that has nothing to say; Prometheus takes an empty one for a missing label.
constexpr std::string_view or_none(std::string_view value) noexcept {
    return value.empty() ? std::string_view{"none"} : value;
}

/// `query_type` of a statement: the lower-case first word of its command tag out of a fixed set, "other" for
/// any other word, "unknown" when a failed statement had no tag. START TRANSACTION is a "begin".
std::string_view query_type(std::string_view command, bool failed) noexcept;

std::string_view result_name(acquire_result result) noexcept;
std::string_view reason_name(close_reason reason) noexcept;

/// What `postgres_errors_total` says of an error.
class error_labels {
public:
    explicit error_labels(const std::error_code& code) noexcept;

    /// The SQLSTATE's first two characters; the name of Tusk's own code; "system" for anything else.
    std::string_view error_class() const noexcept;
    /// Five characters, or "none" when it was not the server that reported the error.
    std::string_view sqlstate() const noexcept;

private:
    std::array<char, 6> state_{};
    std::string_view own_name_;
};

} // namespace tusk::observe::detail
