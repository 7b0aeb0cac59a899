#include <tusk/migrate/options.hpp>

namespace tusk::migrate {

std::string_view to_string(exec_order order) noexcept {
    return order == exec_order::linear        ? "linear"
           : order == exec_order::linear_skip ? "linear-skip"
                                              : "non-linear";
}

std::optional<exec_order> parse_exec_order(std::string_view word) noexcept {
    for (const auto each : {exec_order::linear, exec_order::linear_skip, exec_order::non_linear})
        if (word == to_string(each)) return each;
    return std::nullopt;
}

failure apply_options::check() const {
    if (!baseline_.empty() && allow_dirty_)
        return failure{errc::invalid_argument,
                       "a baseline and allow-dirty exclude each other: a baseline says what is there"};
    if (amount_ != 0 && !to_version_.empty())
        return failure{errc::invalid_argument, "an amount and to-version exclude each other"};
    return {};
}

} // namespace tusk::migrate
