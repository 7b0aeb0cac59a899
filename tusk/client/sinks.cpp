#include <tusk/client/sinks.hpp>

namespace tusk::detail {

bool is_malformed(const row_error& e) noexcept { return e.cpp_type == "a row"; }

failure row_failure(const row_error& e, const protocol::statement_description& d, const row_plan& plan) {
    if (is_malformed(e))
        return failure{errc::protocol_violation, "a row arrived that does not fit its own description"};
    const auto& column = d.columns.at(e.column);
    return conversion_failure(e.code, "column \"" + column.name + "\"", plan.columns.at(e.column).type,
                              e.cpp_type);
}

} // namespace tusk::detail
